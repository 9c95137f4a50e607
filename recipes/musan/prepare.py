"""MUSAN: music, speech and noise, to corrupt training speech with.

Writes music.csv, speech.csv and noise.csv, with the folder of each file as `folder`.
OpenSLR 17, CC BY 4.0 and public domain.
D. Snyder, G. Chen, D. Povey, "MUSAN: a music, speech, and noise corpus",
arXiv:1510.08484.
"""

import argparse

import pandas as pd

from recipes.preparation import Recipe, run_recipe
from utils.data.corpus import CorpusContents, CorpusDesign
from utils.data.download import Archive
from utils.data.files import audio_paths, corpus_root

COUNTS = {"music": (1, 660), "speech": (1, 426), "noise": (1, 930)}


def find(args: argparse.Namespace) -> CorpusContents:
    """Read <kind>/<folder>/<name>.wav."""
    root = corpus_root(args.source, "musan", "noise")
    rows = [
        {"ID": path.stem, "wav": str(path.resolve()), "spk_id": kind, "part": kind,
         "folder": path.parent.name}
        for kind in COUNTS
        for path in audio_paths(root / kind)
    ]  # fmt: skip
    return CorpusContents(pd.DataFrame(rows))


RECIPE = Recipe(
    plan=CorpusDesign(name="musan", counts=COUNTS, has_speakers=False),
    find=find,
    archives=(
        Archive(
            "https://www.openslr.org/resources/17/musan.tar.gz",
            "0c472d4fc0c5141eca47ad1ffeb2a7df",
        ),
    ),
)

if __name__ == "__main__":
    run_recipe(__doc__, RECIPE)
