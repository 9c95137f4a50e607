"""Keep what a model was trained on to as a small difference from where it began.

OUT holds low-rank factors of what changed in 16 bits, the record of the training, and
the speakers that it learnt from; not the weights that it began with, to which
local.get_model --difference adds it again. The lower --rank, the smaller it is and the
less it says: measure the model that comes of it.
"""

import argparse
from pathlib import Path

from utils.runtime.program import run_program


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("base", help="the model before: name in models/, or folder")
    parser.add_argument("system", help="the model that was trained on")
    parser.add_argument("--rank", type=int, default=16, help="of the factors")
    parser.add_argument("--out", type=Path, required=True, help="folder to write")
    args = parser.parse_args()
    if args.rank < 1:
        parser.error("--rank: 1 or more")
    return args


def main() -> None:
    """Write the difference."""
    args = parse_arguments()

    from local.setup.differences import write_difference
    from local.setup.systems import find_system

    base, tuned = find_system(args.base), find_system(args.system)
    write_difference(base, tuned, args.rank, args.out)
    n_bytes = sum(file.stat().st_size for file in args.out.iterdir())
    print(f"{args.out}: {n_bytes / 1e6:.1f} MB")


if __name__ == "__main__":
    run_program(main)
