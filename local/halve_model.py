"""Store a trained model's weights in 16 bits, so that its folder is half as large.

OUT is the model again, without the traces of its training, its calibration and its
graph, as its hash is another: local.calibrate_system and local.export make them, the
graph in 16 bits too. Arithmetic stays that of 32 bits.
"""

import argparse
import json
import shutil
from pathlib import Path

from utils.runtime.errors import UserError
from utils.runtime.program import run_program

LEFT = ("backend", "backends", "decisions.json", "model.onnx", "model.json")


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

    from local.setup.systems import find_system
    from utils.models.experiment import TRACES, model_path, read_weights, save_weights
    from utils.models.halves import are_halved, halve
    from utils.runtime.atomic import replacing_folder
    from utils.runtime.fingerprint import hash_file
    from utils.systems.folder import RECORD, checked_hash, read_record

    folder = find_system(args.system)
    checked_hash(folder)
    weights = read_weights(model_path(folder))
    if are_halved(weights):
        raise UserError(f"{folder}: its weights have 16 bits already")
    with replacing_folder(args.out) as temporary:
        left = shutil.ignore_patterns(*TRACES, *LEFT)
        shutil.copytree(folder, temporary, ignore=left, dirs_exist_ok=True)
        path = model_path(temporary)
        save_weights(path, halve(weights))
        record = read_record(folder) | {"encoder_sha256": hash_file(path)}
        (temporary / RECORD).write_text(json.dumps(record, indent=1) + "\n")
    print(
        f"{args.out}: {(args.out / path.name).stat().st_size / 1e6:.1f} MB of weights"
    )


if __name__ == "__main__":
    run_program(main)
