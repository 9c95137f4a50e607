"""Check a data folder: manifests, audio, trial and enrolment lists.

Prints every fault as `file:line: what is wrong; how to mend it` and exits with 1,
or says that the data are sound and exits with 0.
"""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
from joblib import Parallel, delayed

from utils.program import run_program
from utils.progress import progress
from utils.validation import (
    audio_fault,
    enrolled_models,
    enrolment_faults,
    manifest_faults,
    read_raw_manifests,
    split_faults,
    trial_faults,
)


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path, help="folder with train.csv and the others")
    parser.add_argument("--no-audio", action="store_true", help="do not read the audio")
    parser.add_argument(
        "--skip-bad", action="store_true", help="bad audio is told but no failure"
    )
    parser.add_argument("--nj", type=int, default=1, help="parallel processes")
    return parser.parse_args()


def main() -> None:
    """Check the folder and print what was found."""
    args = parse_arguments()
    manifests, faults = read_raw_manifests(args.data)
    for path, rows in manifests.items():
        faults += manifest_faults(path, rows)
    faults += split_faults(manifests)
    faults += list_faults(args.data, manifests)
    bad_audio = [] if args.no_audio else find_bad_audio(manifests, args.nj)
    for fault in faults + bad_audio:
        print(fault)
    n_utterances = sum(map(len, manifests.values()))
    if faults or (bad_audio and not args.skip_bad):
        count = len(faults) + len(bad_audio)
        print(f"{count} faults in {args.data}", file=sys.stderr)
        sys.exit(1)
    left_out = f", {len(bad_audio)} of them bad and left out" if bad_audio else ""
    print(f"{args.data} is sound: {n_utterances} utterances{left_out}")


def list_faults(data: Path, manifests: dict[Path, pd.DataFrame]) -> Iterator[str]:
    """Yield the faults of the folder's trial and enrolment lists."""
    test = manifests.get(data / "test.csv")
    utterances = set() if test is None else set(test["ID"])
    for path in sorted(data.glob("enrol/*.txt")):
        yield from enrolment_faults(path, utterances)
    known = utterances | enrolled_models(data)
    for path in sorted(data.glob("trials/*.txt")):
        yield from trial_faults(path, known)


def find_bad_audio(manifests: dict[Path, pd.DataFrame], nj: int) -> list[str]:
    """Read all audio in parallel; return the faults."""
    rows = [
        (f"{path}:{line}", row)
        for path, frame in manifests.items()
        for line, row in enumerate(frame.to_dict("records"), start=2)
        if row["start"].isdigit() and row["stop"].isdigit()
    ]
    workers = Parallel(n_jobs=nj, return_as="generator", batch_size=32)
    faults = workers(delayed(audio_fault)(place, row) for place, row in rows)
    return [fault for fault in progress(faults, len(rows), "checking audio") if fault]


if __name__ == "__main__":
    run_program(main)
