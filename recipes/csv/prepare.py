"""A CSV or TSV table of audio files and speakers, with any labels.

A column for the file (wav, path, file, ...) and one for the speaker (spk_id,
speaker, client_id, ...) are needed. IDs, parts, stretches of files and labels are
used where they are there, and so are lists named trials*.txt beside the table.
"""

import argparse

from recipes.own_data import add_data_root, own_data
from recipes.preparation import run_recipe
from utils.data.corpus import CorpusContents
from utils.data.roots import read_roots
from utils.data.tables import find_tables


def find(args: argparse.Namespace) -> CorpusContents:
    """Read the table."""
    return find_tables(args.source, read_roots(args.data_root))


RECIPE = own_data(find, add_data_root)

if __name__ == "__main__":
    run_recipe(__doc__, RECIPE)
