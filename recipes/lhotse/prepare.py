"""lhotse manifests: recordings with supervisions, or cuts, as .jsonl or .jsonl.gz."""

import argparse

from recipes.own_data import add_data_root, own_data
from recipes.preparation import run_recipe
from utils.data.corpus import CorpusContents
from utils.data.lhotse import find_lhotse
from utils.data.roots import read_roots


def find(args: argparse.Namespace) -> CorpusContents:
    """Read the manifests."""
    return find_lhotse(args.source, read_roots(args.data_root))


RECIPE = own_data(find, add_data_root)

if __name__ == "__main__":
    run_recipe(__doc__, RECIPE)
