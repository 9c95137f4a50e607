"""VCTK 0.92: English in many accents, read by 110 speakers.

There are no official speaker splits: speakers are held out at random, in like
proportions of gender and age. --microphone 1 or 2. CC BY 4.0.
J. Yamagishi, C. Veaux, K. MacDonald, "CSTR VCTK Corpus", version 0.92, University of
Edinburgh, 2019.
"""

import argparse
from pathlib import Path

import pandas as pd

from recipes.preparation import Recipe, run_recipe
from utils.data.corpus import CorpusContents, CorpusDesign
from utils.data.download import Archive
from utils.data.files import audio_paths, corpus_root


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the choice of a microphone."""
    parser.add_argument("--microphone", type=int, choices=[1, 2], default=1)


def find(args: argparse.Namespace) -> CorpusContents:
    """Read wav48_silence_trimmed/<speaker>/<speaker>_<sentence>_mic1.flac."""
    root = corpus_root(args.source, "VCTK-Corpus-0.92", "wav48_silence_trimmed")
    labels = read_speakers(root / "speaker-info.txt")
    rows = [
        {"ID": path.stem.removesuffix(f"_mic{args.microphone}"),
         "wav": str(path.resolve()), "spk_id": path.parent.name}
        | labels.get(path.parent.name, {"age": "", "gender": "", "accent": ""})
        for path in audio_paths(root / "wav48_silence_trimmed")
        if path.stem.endswith(f"_mic{args.microphone}")
    ]  # fmt: skip
    return CorpusContents(pd.DataFrame(rows))


def read_speakers(path: Path) -> dict[str, dict[str, str]]:
    """Read lines `p225 23 F English Southern England`, after a header."""
    found = {}
    lines = path.read_text("utf-8").splitlines() if path.is_file() else []
    for line in lines[1:]:
        speaker, age, gender, accent, *_ = line.split()
        found[speaker] = {"age": age, "gender": gender.lower(), "accent": accent}
    return found


RECIPE = Recipe(
    plan=CorpusDesign(name="vctk"),
    find=find,
    archives=(
        Archive(
            "https://datashare.ed.ac.uk/bitstream/handle/10283/3443/VCTK-Corpus-0.92.zip",
            "8a6ba2946b36fcbef0212cad601f4bfa",
            folder="VCTK-Corpus-0.92",
        ),
    ),
    add_options=add_options,
)

if __name__ == "__main__":
    run_recipe(__doc__, RECIPE)
