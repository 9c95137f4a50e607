"""General: the training speech of several corpora as one, for a model of many uses.

--source holds `speechocean762/`, `librispeech/` and `wuw/`, each as its own recipe
reads it. Their training parts are taken, and none of their test speakers: LibriSpeech's
are those of --librispeech-parts. Names begin with the corpus, so that no two collide.
"""

import argparse
from collections.abc import Callable
from pathlib import Path

import pandas as pd

from recipes.librispeech import prepare as librispeech
from recipes.preparation import Recipe, run_recipe
from recipes.speechocean762 import prepare as speechocean762
from recipes.wuw import prepare as wuw
from utils.data.corpus import CorpusContents, CorpusDesign

CORPORA: dict[str, Callable[[argparse.Namespace], CorpusContents]] = {
    "speechocean762": speechocean762.find,
    "librispeech": librispeech.find,
    "wuw": wuw.find,
}


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the choice of LibriSpeech's parts."""
    parser.add_argument(
        "--librispeech-parts", nargs="+", choices=librispeech.COUNTS,
        default=["train-clean-100", "train-clean-5"],
    )  # fmt: skip


def find(args: argparse.Namespace) -> CorpusContents:
    """Join the training parts of all corpora."""
    parts = [training_part(args, name) for name in CORPORA]
    return CorpusContents(pd.concat(parts, ignore_index=True))


def training_part(args: argparse.Namespace, corpus: str) -> pd.DataFrame:
    """Find a corpus's training utterances, and put its name before theirs."""
    own = argparse.Namespace(
        source=Path(args.source) / corpus,
        train_parts=args.librispeech_parts,
        valid_parts=[],
        test_parts=[],
        cohort_part="",
    )
    rows = CORPORA[corpus](own).utterances
    rows = rows[rows["part"] != "test"].assign(part="train", corpus=corpus)
    for name in ("ID", "spk_id"):
        rows[name] = f"{corpus}-" + rows[name]
    return rows


RECIPE = Recipe(
    plan=CorpusDesign(
        name="general",
        split_of={"train": "train"},
        counts={"train": (430, 3351)},
        valid_speakers=24,
        test_share=0.0,
    ),
    find=find,
    add_options=add_options,
    how_to_get="get each corpus as its own recipe tells",
)

if __name__ == "__main__":
    run_recipe(__doc__, RECIPE)
