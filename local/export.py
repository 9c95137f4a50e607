"""Export a trained model as one graph, from samples to an embedding of unit length.

Writes DIR/model.onnx, for any runtime of the ONNX format, with DIR/model.json (the
sampling rate, names and sizes of input and output, the model's facts) and the model's
licences. The graph takes one utterance of any length at a time.
"""

import argparse
import json
import shutil
from pathlib import Path

from utils.runtime.program import run_program


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("system", type=Path, help="folder of a trained model")
    parser.add_argument("--out", type=Path, required=True, help="folder to write")
    parser.add_argument(
        "--keep-silence",
        action="store_true",
        help="export without the front-end's voice activity: embed all that is given",
    )
    parser.add_argument(
        "--trust", action="store_true", help="build whatever the folder describes"
    )
    return parser.parse_args()


def main() -> None:
    """Export one model."""
    args = parse_arguments()

    from utils.runtime.atomic import replacing_folder
    from utils.systems.graph import INPUT, OUTPUT, export_graph
    from utils.systems.system import open_system

    system = open_system(args.system, "cosine", trust=args.trust)
    with replacing_folder(args.out) as folder:
        lowest = export_graph(system, folder / "model.onnx", args.keep_silence)
        facts = json.loads((args.system / "experiment.json").read_text())
        card = {
            "sample_rate_hz": system.front_end.sample_rate_hz,
            "input": f"{INPUT}: float32 (1, n_samples), in [-1, 1]",
            "output": f"{OUTPUT}: float32 (1, D), of unit length",
            "lowest_cosine": lowest,
        }
        card |= {key: facts[key] for key in ("model", "origin") if key in facts}
        card["encoder_sha256"] = system.model_sha256
        (folder / "model.json").write_text(json.dumps(card, indent=1) + "\n")
        for licence in args.system.glob("*LICENSE*"):
            shutil.copy(licence, folder)
    print(f"{args.out}/model.onnx: cosine to the model's embeddings {lowest:.6f}")


if __name__ == "__main__":
    run_program(main)
