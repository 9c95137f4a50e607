"""Who spoke when: turns of speakers in recordings of any length.

Writes for each recording OUT/NAME.rttm, NAME.json (turns, speakers, how sure),
NAME.svg (the timeline) and NAME.html, where a click on a turn plays it; and all turns
as OUT/all.rttm. What is finished is not done again.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from utils.runtime.errors import UserError
from utils.runtime.program import run_program

if TYPE_CHECKING:
    from local.setup.diarization import Found, Plan


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("files", nargs="+", type=Path, help="recordings")
    parser.add_argument("--out", type=Path, required=True, help="folder to write")
    parser.add_argument("--num-speakers", type=int, help="where it is known")
    parser.add_argument("--min-speakers", type=int, default=1)
    parser.add_argument("--max-speakers", type=int)
    parser.add_argument(
        "--system", default="", help="that embeds: in models/, or a folder"
    )
    parser.add_argument(
        "--speech", choices=["network", "energy"], default="network",
        help="what finds speech; energy needs no model, and hears no overlap",
    )  # fmt: skip
    parser.add_argument(
        "--segmentation", type=Path, default=Path("models/segmentation"),
        help="folder of the network",
    )  # fmt: skip
    parser.add_argument(
        "--channel", default="mean", help="a number from 0, mean, or each by itself"
    )
    parser.add_argument("--overrides", default="", help="YAML over hparams/diarization")
    parser.add_argument("--nj", type=int, default=1, help="parallel processes")
    parser.add_argument(
        "--trust", action="store_true", help="build all that is described"
    )
    args = parser.parse_args()
    if args.num_speakers is not None:
        args.min_speakers = args.max_speakers = args.num_speakers
    most = args.max_speakers or args.min_speakers
    if not 1 <= args.min_speakers <= most:
        parser.error("numbers of speakers rise from 1: --min-speakers, --max-speakers")
    if args.channel not in ("mean", "each") and not args.channel.isdigit():
        parser.error("--channel is a number from 0, mean, or each")
    return args


def main() -> None:
    """Diarize all files."""
    args = parse_arguments()

    from local.setup.diarization import as_found, read_kept, write_found
    from utils.diarization.turns import write_rttm

    plan = make_plan(args)
    kept = kept_files(args.files, args.out)
    faults = diarize_all(plan, kept, args.nj)
    whole = [path for path in kept if not faults[path]]
    found = [as_found(path, read_kept(kept[path])) for path in whole]
    for own in found:
        names = {speaker: (speaker, tell(own, speaker)) for speaker in own.embeddings}
        write_found(args.out, own, names)
        report(own, args)
    write_rttm(args.out / "all.rttm", [turn for own in found for turn in own.turns])
    wrong = [fault for fault in faults.values() if fault]
    if wrong:
        others = f" ({len(wrong) - 1} more files failed)" if wrong[1:] else ""
        raise UserError(wrong[0] + others)


def make_plan(args: argparse.Namespace) -> Plan:
    """Find the models and read the settings."""
    from local.setup.diarization import SETTINGS, Plan
    from local.setup.hyperparameters import load_hyperparameters
    from local.setup.systems import find_system
    from utils.diarization.counts import SpeakerCount

    segmentation = args.segmentation if args.speech == "network" else None
    if segmentation and not (segmentation / "segmentation.pt").is_file():
        raise UserError(
            f"{segmentation}: no segmentation network; get it with python -m "
            "local.get_model segmentation, or find speech by --speech energy"
        )
    return Plan(
        find_system(args.system),
        segmentation,
        load_hyperparameters(SETTINGS, args.overrides),
        SpeakerCount(args.min_speakers, args.max_speakers),
        args.channel,
        args.trust,
    )


def kept_files(files: list[Path], out: Path) -> dict[Path, Path]:
    """Return where what is found in each file is kept, for another run to go on."""
    kept = {path: out / "found" / f"{path.stem}.json" for path in files}
    if len(set(kept.values())) < len(files):
        raise UserError(
            f"{out}: two recordings have one name, and so would their results; give "
            "them names of their own, or diarize them into two folders"
        )
    return kept


def diarize_all(plan: Plan, kept: dict[Path, Path], nj: int) -> dict[Path, str]:
    """Diarize in parallel; returns the fault of each file, mostly empty."""
    from joblib import Parallel, delayed

    from local.setup.diarization import diarize_file
    from utils.runtime.progress import progress

    jobs = (delayed(diarize_file)(plan, *own) for own in kept.items())
    faults = Parallel(n_jobs=nj, return_as="generator", batch_size=1)(jobs)
    return dict(zip(kept, progress(faults, len(kept), "diarizing"), strict=True))


def tell(found: Found, speaker: str) -> str:
    """Say how long somebody speaks, and how well the voice stands apart."""
    speech_s = sum(own.duration_s for own in found.turns if own.speaker == speaker)
    return f"{speech_s:.1f} s of speech, margin {found.margins[speaker]:.2f}"


def report(found: Found, args: argparse.Namespace) -> None:
    """Print a line for a recording."""
    n = len(found.embeddings)
    what = (
        f"{n} speaker{'s' * (n != 1)}, {len(found.turns)} turns" if n else "no speech"
    )
    few = f"; {args.min_speakers} asked for, no more voices are there"
    print(f"{found.path}: {what}{few if 0 < n < args.min_speakers else ''}")


if __name__ == "__main__":
    run_program(main)
