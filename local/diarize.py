"""Who spoke when: turns of speakers in recordings of any length.

Writes for each recording OUT/NAME.rttm, NAME.json (turns, speakers, how sure),
NAME.svg (the timeline) and NAME.html, where a click on a turn plays it; and all turns
as OUT/all.rttm. What is finished is not done again. With --enrolled people have their
names; with --link an unknown speaker has one number in all recordings.
"""

from __future__ import annotations

import argparse
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from utils.runtime.errors import UserError
from utils.runtime.program import run_program

if TYPE_CHECKING:
    from local.setup.diarization import DiarizationConfig
    from local.setup.found_turns import DiarizedRecording, Label


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
    parser.add_argument(
        "--enrolled", type=Path, metavar="STORE", help="people, of local.speakers"
    )
    parser.add_argument(
        "--link", action="store_true", help="find unknown speakers again in other files"
    )
    parser.add_argument(
        "--fpir", type=float, default=0.01, help="strangers taken for somebody"
    )
    parser.add_argument("--overrides", default="", help="YAML over hparams/diarization")
    parser.add_argument(
        "--nj", type=int, default=1, help="files at once, and threads for what is left"
    )
    parser.add_argument(
        "--trust", action="store_true", help="build all that is described"
    )
    args = parser.parse_args()
    if args.num_speakers is not None:
        args.min_speakers = args.max_speakers = args.num_speakers
    most = args.max_speakers or args.min_speakers
    if not 1 <= args.min_speakers <= most:
        parser.error("numbers of speakers rise from 1: --min-speakers, --max-speakers")
    if not 0 < args.fpir < 1:
        parser.error("--fpir is a rate between 0 and 1")
    if args.channel not in ("mean", "each") and not args.channel.isdigit():
        parser.error("--channel is a number from 0, mean, or each")
    return args


def main() -> None:
    """Diarize all files."""
    args = parse_arguments()

    from local.setup.diarization import read_kept
    from local.setup.found_turns import diarized_recording, write_recording
    from local.setup.meeting_names import number_speakers, open_namer
    from utils.diarization.turns import write_rttm

    config = read_config(args)
    kept = kept_files(args.files, args.out)
    is_named = args.enrolled is not None or args.link
    naming = args.enrolled, args.system, args.trust, args.fpir, args.link
    namer = open_namer(*naming) if is_named else None
    faults = diarize_all(config, kept, args.nj)
    whole = [path for path in kept if not faults[path]]
    found = [diarized_recording(path, read_kept(kept[path])) for path in whole]
    labels = namer(found) if namer else [number_speakers(own) for own in found]
    turns = []
    for own, own_labels in zip(found, labels, strict=True):
        turns += write_recording(args.out, own, own_labels)
        report(own, own_labels if is_named else {}, args.min_speakers)
    write_rttm(args.out / "all.rttm", turns)
    wrong = [fault for fault in faults.values() if fault]
    if wrong:
        others = f" ({len(wrong) - 1} more files failed)" if wrong[1:] else ""
        raise UserError(wrong[0] + others)


def read_config(args: argparse.Namespace) -> DiarizationConfig:
    """Find the models and read the settings."""
    from local.setup.diarization import SETTINGS, DiarizationConfig, find_network
    from local.setup.hyperparameters import load_hyperparameters
    from local.setup.systems import find_system
    from utils.diarization.counts import SpeakerCount

    segmentation = None
    if args.speech == "network":
        segmentation = find_network(
            args.segmentation, ", or find speech by --speech energy"
        )
    return DiarizationConfig(
        find_system(args.system),
        segmentation,
        load_hyperparameters(SETTINGS, args.overrides),
        SpeakerCount(args.min_speakers, args.max_speakers),
        args.channel,
        args.trust,
    )


def kept_files(files: list[Path], out: Path) -> dict[Path, Path]:
    """Return where what is found in each file is kept, for another run to go on."""
    from local.setup.found_turns import recording_name

    kept = {path: out / "found" / f"{recording_name(path)}.json" for path in files}
    if len(set(kept.values())) < len(files):
        raise UserError(
            f"{out}: two recordings have one name, and so would their results; give "
            "them names of their own, or diarize them into two folders"
        )
    return kept


def diarize_all(
    config: DiarizationConfig, kept: dict[Path, Path], nj: int
) -> dict[Path, str]:
    """Diarize in parallel; returns the fault of each file, mostly empty."""
    from local.setup.diarization import diarize_file
    from utils.runtime.processes import map_in_processes

    n_jobs = max(1, min(nj, len(kept)))
    diarize = partial(diarize_file, config, n_threads=max(1, nj // n_jobs))
    files = list(kept.items())
    faults = map_in_processes(diarize, files, n_jobs, "diarizing", batch_size=1)
    return dict(zip(kept, faults, strict=True))


def report(found: DiarizedRecording, labels: dict[str, Label], fewest: int) -> None:
    """Print a line for a recording, and one for each speaker's label."""
    n = len(found.voices)
    turns = f"{len(found.turns)} turn{'s' * (len(found.turns) != 1)}"
    what = f"{n} speaker{'s' * (n != 1)}, {turns}" if n else "no speech"
    few = f"; {fewest} asked for, no more voices are there" if 0 < n < fewest else ""
    print(f"{found.path}: {what}{few}")
    for label in labels.values():
        print(f"  {label.name}: {label.about}")


if __name__ == "__main__":
    run_program(main)
