"""Score every utterance of one set of embeddings with every one of another.

Writes OUT.npy, float32 of shape (N, M), to be memory-mapped. Normalisation and
calibration are not applied. joblib spreads the work over --nj processes, or over a
cluster: see local/README.md.
"""

import argparse
from pathlib import Path

from utils.runtime.atomic import replacing_file
from utils.runtime.program import run_program


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--backend", required=True, help="cosine, or a folder")
    parser.add_argument("--enrol", required=True, help="prefix of N embeddings")
    parser.add_argument("--test", required=True, help="prefix of M embeddings")
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
    from utils.backend.files import open_backend, read_prepared

    backend = open_backend(args.backend, (args.enrol, args.test))
    prepared = {
        prefix: read_prepared(backend, prefix)[2] for prefix in {args.enrol, args.test}
    }
    models = backend.enrol_single(prepared[args.enrol])
    with replacing_file(args.out) as temporary:
        score_all(backend, models, prepared[args.test], temporary, args.nj)
    print(f"{len(models)} x {len(prepared[args.test])} scores: {args.out}")


if __name__ == "__main__":
    run_program(main)
