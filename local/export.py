"""Export a trained system as one graph, from samples to an embedding of unit length.

Writes model.onnx, for any runtime of the ONNX format, and model.json, the facts about
it, beside the system's weights: local.verify, local.speakers and local.listen then
answer by the graph, without the seconds that importing torch takes. Or, with --out,
into a folder by itself, which answers without the weights too, with the system's
back-end, decisions.json and licences, a card README.md, and verify.py, which compares
two files without this repository. The graph takes one utterance of any length at a
time.
"""

import argparse
from pathlib import Path

from utils.runtime.program import run_program


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("system", help="name in models/, or folder of a trained system")
    parser.add_argument("--out", type=Path, help="folder to write; else the system's")
    parser.add_argument(
        "--keep-silence",
        action="store_true",
        help="export without the front-end's voice activity: embed all that is given",
    )
    parser.add_argument("--backend", default="", help="of the system; empty: its own")
    parser.add_argument(
        "--trust", action="store_true", help="build whatever the folder describes"
    )
    args = parser.parse_args()
    if args.out is None and (args.keep_silence or args.backend):
        parser.error("--keep-silence and --backend make another system: give --out")
    return args


def main() -> None:
    """Export one model."""
    args = parse_arguments()

    from local.setup.export_folder import add_graph, write_folder
    from local.setup.systems import find_system
    from utils.runtime.atomic import replacing_folder
    from utils.systems.system import open_system

    system = open_system(find_system(args.system), args.backend, trust=args.trust)
    out, why_not = args.out or system.folder, ""
    if args.out is None:
        lowest = add_graph(system)
    else:
        with replacing_folder(args.out) as folder:
            lowest, why_not = write_folder(
                folder, system, args.backend, args.keep_silence
            )
    print(f"{out}/model.onnx: cosine to the model's embeddings {lowest:.6f}")
    if why_not:
        print(f"{out}: without calibration and thresholds: {why_not}")


if __name__ == "__main__":
    run_program(main)
