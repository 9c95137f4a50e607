"""Any folder of speakers: manifests, splits and trials from files and their paths.

--pattern says what a path below --source means, for example {speaker}/**,
{speaker}/{session}/* or {part}/{gender}/{speaker}/*; each field but the speaker
becomes a label. Without it the folders of the first level are the speakers; where
they are not likely to be, the levels are told, and a pattern that fits.
"""

import argparse

from recipes.own_data import own_data
from recipes.preparation import run_recipe
from utils.data.corpus import CorpusContents
from utils.data.files import ENDINGS
from utils.data.patterns import find_utterances


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the pattern and the formats."""
    parser.add_argument("--pattern", default="", help="of the paths")
    parser.add_argument(
        "--endings", nargs="+", default=ENDINGS, metavar=".wav", help="formats to use"
    )


def find(args: argparse.Namespace) -> CorpusContents:
    """Find the audio files."""
    return CorpusContents(
        find_utterances(args.source, args.pattern, tuple(args.endings))
    )


RECIPE = own_data(find, add_options)

if __name__ == "__main__":
    run_recipe(__doc__, RECIPE)
