"""Average the weights of models that were trained on from the same one.

OUT is the first model with the mean of all their weights, without the traces of its
training and what was measured of it; its ledger names the speakers of all. Models that
did not start from the same weights have no mean worth anything: measure OUT beside
them, on speakers that were held out.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from utils.runtime.errors import UserError
from utils.runtime.program import run_program

if TYPE_CHECKING:
    from torch import Tensor


OF_ONE_TRAINING = ("kept_epoch", "valid_eer")


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("systems", nargs="+", help="names in models/, or folders")
    parser.add_argument("--out", type=Path, required=True, help="folder to write")
    args = parser.parse_args()
    if len(args.systems) < 2:
        parser.error("name two models or more")
    return args


def main() -> None:
    """Write the model of mean weights."""
    args = parse_arguments()

    from local.setup.model_copies import write_copy
    from local.setup.systems import find_system
    from utils.models.averaging import average_weights
    from utils.models.ledger import LEDGER, ledger_text, read_ledger

    folders = [find_system(name) for name in args.systems]
    weights = average_weights(read_alike(folders))
    entries = {entry for folder in folders for entry in read_ledger(folder)}
    facts: dict[str, object] = {
        "averaged": [str(folder) for folder in folders],
        **dict.fromkeys(OF_ONE_TRAINING),
    }
    texts = {LEDGER: ledger_text(entries, [], "")}
    write_copy(folders[0], args.out, weights, facts, texts)
    print(f"{args.out}: the mean of {len(folders)} models")


def read_alike(folders: list[Path]) -> list[dict[str, Tensor]]:
    """Read the weights of models of one architecture and one front-end.

    Raises
    ------
    UserError
        They have others.
    """
    from utils.models.experiment import find_mismatch, model_path, read_weights
    from utils.systems.folder import checked_hash, have_same_front_end

    first, *others = folders
    for folder in folders:
        checked_hash(folder)
    models = [read_weights(model_path(folder)) for folder in folders]
    for folder, weights in zip(others, models[1:], strict=True):
        reason = find_mismatch(models[0], weights)
        if reason:
            raise UserError(f"{folder}: another architecture than {first} ({reason})")
        if not have_same_front_end(first, folder, trust=False):
            raise UserError(f"{folder}: another front-end than {first}")
    return models


if __name__ == "__main__":
    run_program(main)
