"""AudioMNIST: English digits, said by 60 speakers, 50 times each.

500 recordings of a speaker, under a second long, 48 kHz. There are no official
speaker splits for verification: speakers are held out at random. MIT licence.
S. Becker et al., "AudioMNIST: Exploring explainable artificial intelligence for audio
analysis on a simple benchmark", Journal of the Franklin Institute 361, 2024.
"""

import argparse
import json

import pandas as pd

from recipes.preparation import Recipe, run_recipe
from utils.data.corpus import CorpusContents, CorpusDesign
from utils.data.files import audio_paths, corpus_root


def find(args: argparse.Namespace) -> CorpusContents:
    """Read data/<speaker>/<digit>_<speaker>_<repetition>.wav."""
    data = corpus_root(args.source, "AudioMNIST", "data/*/*.wav") / "data"
    meta = data / "audioMNIST_meta.txt"
    labels = json.loads(meta.read_text("utf-8")) if meta.is_file() else {}
    rows = []
    for path in audio_paths(data):
        digit, speaker, _ = path.stem.split("_")
        known = labels.get(speaker, {})
        rows.append(
            {"ID": path.stem, "wav": str(path.resolve()), "spk_id": speaker,
             "part": "all", "gender": known.get("gender", "")[:1].lower(),
             "age": str(known.get("age", "")), "accent": known.get("accent", ""),
             "text": digit}
        )  # fmt: skip
    return CorpusContents(pd.DataFrame(rows))


RECIPE = Recipe(
    plan=CorpusDesign(name="audiomnist", counts={"all": (60, 30000)}, per_speaker=500),
    find=find,
    how_to_get="clone https://github.com/soerenab/AudioMNIST and give it as --source",
)

if __name__ == "__main__":
    run_recipe(__doc__, RECIPE)
