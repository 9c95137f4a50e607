"""Learn a back-end from training embeddings.

NAME is a chain of hparams/backend.yaml, perhaps followed by a score normalisation
against the training speakers and by a calibration on held-out speakers, such as
plda, cosine+asnorm or plda+asnorm+cal. Writes OUT/backend.npz and OUT/backend.json.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from local.setup.notation import SETTINGS, expression
from utils.runtime.errors import UserError
from utils.runtime.program import run_program


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("name", type=expression)
    parser.add_argument(
        "--embeddings",
        required=True,
        help="of the training: prefix of .npy and .ids, or a file: see local/README.md",
    )
    parser.add_argument("--manifest", type=Path, required=True, help="of the training")
    parser.add_argument("--valid", help="prefix of held-out embeddings, for +cal")
    parser.add_argument("--valid-manifest", type=Path, help="manifest of --valid")
    parser.add_argument(
        "--adapt", help="prefix of unlabelled embeddings of a domain to adapt to"
    )
    parser.add_argument("--hparams", default=SETTINGS)
    parser.add_argument("--out", type=Path, required=True, help="folder to write")
    args = parser.parse_args()
    if args.name.is_calibrated and not (args.valid and args.valid_manifest):
        parser.error("+cal needs --valid and --valid-manifest: held-out speakers")
    return args


def main() -> None:
    """Train and save."""
    args = parse_arguments()

    from local.setup.backends import read_settings
    from utils.backend.files import save_backend
    from utils.embeddings.files import read_model_hash
    from utils.embeddings.labelled import read_labelled, read_unlabelled
    from utils.report.provenance import program_facts

    settings = read_settings(args.hparams)
    settings.check(args.name)
    train = read_labelled(args.embeddings, args.manifest)
    held_out = unlabelled = None
    if args.name.is_calibrated:
        held_out = read_labelled(args.valid, args.valid_manifest)
    if args.adapt:
        unlabelled = read_unlabelled(args.adapt, train)
    try:
        backend = settings.learn(args.name, train, held_out, unlabelled)
    except ValueError as error:
        raise UserError(f"{args.embeddings}: {error}") from None
    for note in backend.notes:
        print(note)
    facts = {"name": str(args.name)} | program_facts()
    save_backend(args.out, backend, read_model_hash(args.embeddings), facts)
    print(f"back-end: {args.out}")


if __name__ == "__main__":
    run_program(main)
