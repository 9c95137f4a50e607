"""lhotse manifests: recordings with supervisions, or cuts, as .jsonl or .jsonl.gz."""

import argparse

from recipes.own_data import own_data
from recipes.preparation import run_recipe
from utils.data.corpus import Found
from utils.data.tables import find_lhotse


def find(args: argparse.Namespace) -> Found:
    """Read the manifests."""
    return find_lhotse(args.source)


if __name__ == "__main__":
    run_recipe(__doc__, own_data(find))
