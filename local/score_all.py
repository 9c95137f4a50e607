"""Score every utterance of one set of embeddings with every one of another.

Writes OUT.npy, float32 of shape (N, M), to be memory-mapped: normalised and
calibrated as the back-end says. joblib spreads the work over --nj processes, or over
a cluster: see README.md.
"""

import argparse
from pathlib import Path

from local.setup.scoring import add_arguments
from utils.runtime.atomic import replacing_file
from utils.runtime.errors import UserError
from utils.runtime.program import run_program


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add_arguments(parser)
    parser.add_argument("--out", type=Path, required=True, metavar="OUT.npy")
    parser.add_argument("--nj", type=int, default=1, help="parallel processes")
    args = parser.parse_args()
    if args.out.suffix != ".npy":
        parser.error(f"--out must end in .npy, not {args.out}")
    return args


def main() -> None:
    """Score all pairs."""
    args = parse_arguments()

    from utils.backend.all_pairs import score_all
    from utils.systems.backends import find_backend
    from utils.systems.trial_scores import open_scoring
    from utils.systems.trial_sides import every_utterance

    found, prefixes = find_backend(args.backend), (args.enrol, args.test)
    try:
        backend, *sides = open_scoring(found, *prefixes, args.metadata, args.force)
        enrol, test = (every_utterance(backend, side) for side in sides)
        with replacing_file(args.out) as temporary:
            score_all(backend, enrol, test, temporary, args.nj)
    except ValueError as error:
        raise UserError(f"{args.backend}: {error}") from None
    print(f"{len(enrol.models)} x {len(test.models)} scores: {args.out}")


if __name__ == "__main__":
    run_program(main)
