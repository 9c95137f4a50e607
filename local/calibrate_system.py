"""Measure a system on voices of your own: calibration, thresholds, limits.

VOICES is a folder of speakers, or a manifest whose rows are whole files. OUT is the
system again, with a calibrated back-end and decisions.json: a threshold for each
false-alarm rate, the rates at it as recorded, over a telephone, in noise and cut short,
with 95 % intervals that resample speakers, the least quality that was measured, and by
how much several or longer recordings raise the ratios of other people. A rate that the
voices cannot support gets none.
"""

from __future__ import annotations

import argparse
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from utils.runtime.atomic import replacing_folder
from utils.runtime.errors import UserError
from utils.runtime.program import run_program

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from utils.systems.opened import OpenedSystem
    from utils.verification.measuring import Measured
    from utils.verification.voices import Versions


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("system", help="name in models/, or folder of a trained system")
    parser.add_argument("voices", type=Path, help="audio of known speakers")
    parser.add_argument("--out", type=Path, required=True, help="system to write")
    parser.add_argument(
        "--pattern", default="{speaker}/**", help="of paths; perhaps with {session}"
    )
    parser.add_argument(
        "--ignore-sessions", action="store_true",
        help="take target trials within a session as well, where few have two",
    )  # fmt: skip
    parser.add_argument("--backend", default="", help="of the system; empty: its own")
    parser.add_argument("--far", type=float, nargs="+", default=[0.05, 0.01, 0.001])
    parser.add_argument("--prior", type=float, default=0.05, help="of a target trial")
    parser.add_argument(
        "--per-speaker", type=int, default=20, help="at most so many utterances of each"
    )
    parser.add_argument("--seed", type=int, default=0, help="of the draw and intervals")
    parser.add_argument("--nj", type=int, default=1, help="parallel processes")
    parser.add_argument(
        "--trust", action="store_true", help="build all that is described"
    )
    args = parser.parse_args()
    if not all(0 < far < 1 for far in args.far) or not 0 < args.prior < 1:
        parser.error("--far and --prior lie between 0 and 1")
    return args


def main() -> None:
    """Hear the voices, measure, and write the system again."""
    args = parse_arguments()

    from local.setup.systems import find_system
    from utils.data.patterns import read_or_find_utterances
    from utils.systems.answering import open_answering
    from utils.verification.lengths import hear_longer, not_joined
    from utils.verification.measuring import Aims, measure_system
    from utils.verification.voices import draw_voices, join_voices

    system = open_answering(find_system(args.system), args.backend, trust=args.trust)
    found = read_or_find_utterances(args.voices, args.pattern)
    if args.ignore_sessions:
        found = found.drop(columns="session", errors="ignore")
    table = draw_voices(found, args.per_speaker, args.seed)
    table, versions, embedded = hear_all(system, table, args.nj)
    voices = join_voices(embedded, table)
    longer = hear_longer(system, table, args.seed, args.nj)
    joined = [not_joined(voices, versions), *longer]
    aims = Aims(args.far, args.prior, seed=args.seed)
    measured = measure_system(system, voices, versions, joined, str(args.voices), aims)
    write_system(system, measured, args.out)
    for shortage in measured.shortages:
        print(f"no threshold: {shortage}")
    print("\n".join(measured.decisions.lines()))
    print(f"{args.out}: python -m local.verify A.wav B.wav --system {args.out}")


def hear_all(
    system: OpenedSystem, table: pd.DataFrame, nj: int
) -> tuple[pd.DataFrame, list[Versions], list[dict[str, np.ndarray]]]:
    """Hear and embed all files; those without speech are left out, and told."""
    from utils.runtime.processes import map_in_processes
    from utils.verification.decisions import AS_RECORDED
    from utils.verification.voices import embed_versions, hear_versions

    hear = partial(hear_versions, front_end=system.front_end)
    heard = map_in_processes(hear, table["wav"].tolist(), nj, "hearing", batch_size=4)
    embedded = [
        embed_versions(system, versions) if versions[AS_RECORDED].is_speech else None
        for versions in heard
    ]
    kept = [own is not None for own in embedded]
    if not all(kept):
        first = table["wav"].iloc[kept.index(False)]
        print(f"{kept.count(False)} files without speech left out, such as {first}")
    if not any(kept):
        raise UserError("no speech in any of the files; check the folder")
    versions, embeddings = zip(*filter(None, embedded), strict=True)
    return table[kept], list(versions), list(embeddings)


def write_system(system: OpenedSystem, measured: Measured, out: Path) -> None:
    """Write a copy of the system's folder with its back-end and decisions."""
    from local.setup.model_copies import copy_model
    from utils.backend.files import save_backend
    from utils.report.provenance import program_facts
    from utils.verification.decisions import write_decisions

    facts, sha256 = program_facts(), system.model_sha256
    with replacing_folder(out) as temporary:
        copy_model(system.folder, temporary, "backend")
        save_backend(temporary / "backend", measured.backend, sha256, facts)
        write_decisions(temporary, measured.decisions, facts)


if __name__ == "__main__":
    run_program(main)
