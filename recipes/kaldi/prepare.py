"""A Kaldi data directory, or a folder of several: train, test and others.

wav.scp, utt2spk and, where they are there, segments, spk2gender, spk2age, utt2lang,
utt2session, lists named trials* and an enrolment list enrol of `model utt utt ...`.
"""

import argparse

from recipes.own_data import add_data_root, own_data
from recipes.preparation import run_recipe
from utils.data.corpus import CorpusContents
from utils.data.kaldi import find_kaldi
from utils.data.roots import read_roots


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the permission to run what wav.scp holds, and where files lie."""
    parser.add_argument(
        "--allow-commands", action="store_true",
        help="run the entries of wav.scp that are commands; read them first",
    )  # fmt: skip
    add_data_root(parser)


def find(args: argparse.Namespace) -> CorpusContents:
    """Read the data directories."""
    return find_kaldi(args.source, args.allow_commands, read_roots(args.data_root))


RECIPE = own_data(find, add_options)

if __name__ == "__main__":
    run_recipe(__doc__, RECIPE)
