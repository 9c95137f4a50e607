"""Average the weights of models that were trained on from the same one.

OUT is the first model with the mean of all their weights, without the traces of its
training and what was measured of it; its ledger names the speakers of all. Models that
did not start from the same weights have no mean worth anything: measure OUT beside
them, on speakers that were held out.
"""

import argparse
from pathlib import Path

from utils.runtime.program import run_program

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

    from local.setup.model_copies import read_alike, write_copy
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


if __name__ == "__main__":
    run_program(main)
