"""Export a trained system as one graph, from samples to an embedding of unit length.

Writes DIR/model.onnx, for any runtime of the ONNX format, and beside it model.json (the
sampling rate, input and output, the calibration of a cosine back-end), the system's
decisions.json and licences, a card README.md, and verify.py, which compares two files
without this repository. The graph takes one utterance of any length at a time.
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
    parser.add_argument("--out", type=Path, required=True, help="folder to write")
    parser.add_argument(
        "--keep-silence",
        action="store_true",
        help="export without the front-end's voice activity: embed all that is given",
    )
    parser.add_argument("--backend", default="", help="of the system; empty: its own")
    parser.add_argument(
        "--trust", action="store_true", help="build whatever the folder describes"
    )
    return parser.parse_args()


def main() -> None:
    """Export one model."""
    args = parse_arguments()

    from local.setup.exported import describe, why_not_calibrated, write_beside
    from local.setup.systems import find_system
    from utils.runtime.atomic import replacing_folder
    from utils.systems.graph import export_graph
    from utils.verification.verifier import open_verifier

    verifier = open_verifier(find_system(args.system), args.backend, trust=args.trust)
    why_not = why_not_calibrated(verifier, args.keep_silence)
    with replacing_folder(args.out) as folder:
        graph = folder / "model.onnx"
        lowest = export_graph(verifier.system, graph, args.keep_silence)
        facts = describe(verifier, graph, lowest, not why_not)
        write_beside(folder, verifier, facts, why_not)
    print(f"{args.out}/model.onnx: cosine to the model's embeddings {lowest:.6f}")
    if why_not:
        print(f"{args.out}: without calibration and thresholds: {why_not}")


if __name__ == "__main__":
    run_program(main)
