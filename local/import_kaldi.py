"""Import a back-end of Kaldi: a PLDA, with its mean and transform.

Reads what ivector-compute-plda, ivector-mean and ivector-compute-lda wrote, binary or
text; writes a folder for local.score, whose scores are those of Kaldi's
ivector-subtract-global-mean, transform-vec, ivector-normalize-length and
ivector-plda-scoring.
"""

import argparse
from pathlib import Path

from utils.runtime.program import run_program


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("plda", type=Path, help="such as plda or plda_adapt")
    parser.add_argument("--mean", type=Path, help="such as mean.vec, to subtract")
    parser.add_argument("--transform", type=Path, help="such as transform.mat")
    parser.add_argument("--out", type=Path, required=True, help="folder to write")
    parser.add_argument(
        "--keep-lengths", action="store_true", help="without ivector-normalize-length"
    )
    parser.add_argument(
        "--no-plda-length-norm", dest="length_norm", action="store_const",
        const="none", default="psi",
        help="as ivector-plda-scoring --normalize-length=false",
    )  # fmt: skip
    return parser.parse_args()


def main() -> None:
    """Read and save."""
    args = parse_arguments()

    from utils.backend.files import save_backend
    from utils.backend.plda.kaldi_backend import read_kaldi_backend
    from utils.report.provenance import program_facts

    scale = not args.keep_lengths
    backend = read_kaldi_backend(
        args.plda, args.mean, args.transform, scale, args.length_norm
    )
    facts = {"name": args.out.name} | program_facts()
    save_backend(args.out, backend, None, facts)
    print(f"back-end: {args.out}")


if __name__ == "__main__":
    run_program(main)
