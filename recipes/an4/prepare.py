"""AN4: names, addresses and numbers, said or spelt in English by 84 speakers.

74 speakers for training, 10 for the test, as released, in NIST SPHERE files.
A. Acero, "Acoustical and environmental robustness in automatic speech recognition",
1990, describes the recordings; Carnegie Mellon University gives them away.
"""

import argparse

import pandas as pd

from recipes.preparation import Recipe, run_recipe
from utils.data.corpus import CorpusContents, CorpusDesign
from utils.data.download import Archive
from utils.data.files import audio_paths, corpus_root


def find(args: argparse.Namespace) -> CorpusContents:
    """Read wav/an4_clstk/<speaker>/<sentence>-<speaker>-b.sph."""
    root = corpus_root(args.source, "an4", "wav/an4_clstk")
    rows = [
        {"ID": path.stem, "wav": str(path.resolve()), "spk_id": path.parent.name,
         "part": part}
        for part, folder in (("train", "an4_clstk"), ("test", "an4test_clstk"))
        for path in audio_paths(root / "wav" / folder)
    ]  # fmt: skip
    return CorpusContents(pd.DataFrame(rows))


RECIPE = Recipe(
    plan=CorpusDesign(
        name="an4",
        split_of={"train": "train", "test": "test"},
        counts={"train": (74, 948), "test": (10, 130)},
        valid_speakers=8,
    ),
    find=find,
    archives=(
        Archive(
            "https://dldata-public.s3.us-east-2.amazonaws.com/an4_sphere.tar.gz",
            "a0525579493735d32b60fb6fa5975dd0eaacde087b0a4eeb7f13b7ef33077b12",
        ),
    ),
)

if __name__ == "__main__":
    run_recipe(__doc__, RECIPE)
