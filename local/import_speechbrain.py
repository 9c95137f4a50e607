"""Import a pretrained speaker model of SpeechBrain from a local folder.

Reads hyperparams.yaml and embedding_model.ckpt (ECAPA, x-vector, ResNet), and
classifier.ckpt and label_encoder.txt where they are, as SpeechBrain publishes them.
Writes a folder like that of a model trained here: embed speech with it, or train on
from it with --init. Nothing is downloaded, and none of the file's objects is built
but the model itself.
"""

import argparse
from pathlib import Path

from utils.runtime.program import run_program


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("source", type=Path, help="SpeechBrain's folder")
    parser.add_argument("--out", type=Path, required=True, help="folder to write")
    parser.add_argument("--front-end", default="hparams/features.yaml")
    parser.add_argument(
        "--drop-silence",
        action="store_true",
        help="embed speech alone; these models were trained with their silence",
    )
    return parser.parse_args()


def main() -> None:
    """Import one model."""
    args = parse_arguments()

    from local.setup.speechbrain_models import import_model

    import_model(args.source, args.out, args.front_end, args.drop_silence)


if __name__ == "__main__":
    run_program(main)
