"""Mini LibriSpeech: train-clean-5 and dev-clean-2, a small part of LibriSpeech.

28 readers for training, 20 for the test. OpenSLR 31, CC BY 4.0.
"""

import argparse
from dataclasses import replace

from recipes.librispeech.prepare import RECIPE as LIBRISPEECH
from recipes.librispeech.prepare import add_options as add_parts
from recipes.preparation import run_recipe


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add LibriSpeech's options with other defaults."""
    add_parts(parser)
    parser.set_defaults(train_parts=["train-clean-5"], test_parts=["dev-clean-2"])


RECIPE = replace(LIBRISPEECH, add_options=add_options)

if __name__ == "__main__":
    run_recipe(__doc__, RECIPE)
