"""speechocean762: manifests and trials from the release or a re-coded copy.

250 speakers with 20 English utterances each, 125 for training and 125 for testing,
as Kaldi data folders ``train`` and ``test``. OpenSLR 101, CC BY 4.0.
J. Zhang et al., "speechocean762: An Open-Source Non-native English Speech Corpus
For Pronunciation Assessment", Interspeech 2021.
"""

import argparse

from recipes.preparation import Recipe, run_recipe
from utils.data.corpus import CorpusContents, CorpusDesign
from utils.data.download import Archive
from utils.data.files import corpus_root
from utils.data.kaldi import find_kaldi


def find(args: argparse.Namespace) -> CorpusContents:
    """Read both Kaldi data directories; each speaker has one session."""
    return find_kaldi(corpus_root(args.source, "speechocean762", "train/wav.scp"))


RECIPE = Recipe(
    plan=CorpusDesign(
        name="so762",
        split_of={"train": "train", "test": "test"},
        counts={"train": (125, 2500), "test": (125, 2500)},
        valid_speakers=15,
    ),
    find=find,
    archives=(Archive("https://www.openslr.org/resources/101/speechocean762.tar.gz"),),
)

if __name__ == "__main__":
    run_recipe(__doc__, RECIPE)
