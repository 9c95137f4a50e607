"""Make a trial of every pair of a manifest's utterances.

For lists beside those of a recipe, such as one of the held-out speakers, on which
local.calibrate learns a fusion.
"""

import argparse
from pathlib import Path

from utils.runtime.program import run_program


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("manifest", type=Path)
    parser.add_argument("--out", type=Path, required=True, help="trial list to write")
    return parser.parse_args()


def main() -> None:
    """Write the list."""
    args = parse_arguments()

    from utils.data.manifest import read_manifest
    from utils.trials.lists import check_both_kinds, pair_trials, write_trials

    trials = pair_trials(read_manifest(args.manifest))
    check_both_kinds(args.manifest, trials)
    write_trials(args.out, trials)
    print(f"{len(trials)} trials: {args.out}")


if __name__ == "__main__":
    run_program(main)
