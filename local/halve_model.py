"""Store a trained model's weights in 16 bits, so that its folder is half as large.

OUT is the model again, without the traces of its training, its calibration, heads and
graph, as its hash is another: local.calibrate_system and local.export make them, the
graph in 16 bits too. Arithmetic stays that of 32 bits.
"""

import argparse
from pathlib import Path

from utils.runtime.errors import UserError
from utils.runtime.program import run_program


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("system", help="name in models/, or folder of a trained system")
    parser.add_argument("--out", type=Path, required=True, help="folder to write")
    return parser.parse_args()


def main() -> None:
    """Write the model again."""
    args = parse_arguments()

    from local.setup.model_copies import write_copy
    from local.setup.systems import find_system
    from utils.models.experiment import model_path, read_weights
    from utils.models.halves import are_halved, halve
    from utils.systems.folder import checked_hash

    folder = find_system(args.system)
    checked_hash(folder)
    weights = read_weights(model_path(folder))
    if are_halved(weights):
        raise UserError(f"{folder}: its weights have 16 bits already")
    write_copy(folder, args.out, halve(weights), {}, {})
    n_bytes = model_path(args.out).stat().st_size
    print(f"{args.out}: {n_bytes / 1e6:.1f} MB of weights")


if __name__ == "__main__":
    run_program(main)
