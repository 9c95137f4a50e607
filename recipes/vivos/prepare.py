"""VIVOS: Vietnamese read speech of 65 speakers.

46 speakers for training, 19 for the test, as released. CC BY-NC-SA 4.0.
H.-T. Luong and H.-Q. Vu, "A non-expert Kaldi recipe for Vietnamese speech recognition
system", WLSI/OIAF4HLT 2016.
"""

import argparse

import pandas as pd

from recipes.preparation import Recipe, run_recipe
from utils.data.corpus import CorpusContents, CorpusDesign
from utils.data.download import Archive
from utils.data.files import audio_paths, corpus_root
from utils.data.kaldi import read_map


def find(args: argparse.Namespace) -> CorpusContents:
    """Read <part>/waves/<speaker>/<speaker>_<sentence>.wav."""
    root = corpus_root(args.source, "vivos", "train/waves")
    rows = []
    for part in ("train", "test"):
        genders = root / part / "genders.txt"
        gender_of = read_map(genders) if genders.is_file() else {}
        for path in audio_paths(root / part / "waves"):
            speaker = path.parent.name
            rows.append(
                {"ID": path.stem, "wav": str(path.resolve()), "spk_id": speaker,
                 "part": part, "gender": gender_of.get(speaker, "").lower(),
                 "language": "vi"}
            )  # fmt: skip
    return CorpusContents(pd.DataFrame(rows))


RECIPE = Recipe(
    plan=CorpusDesign(
        name="vivos",
        split_of={"train": "train", "test": "test"},
        counts={"train": (46, 11660), "test": (19, 760)},
        valid_speakers=6,
    ),
    find=find,
    archives=(
        Archive(
            "https://ailab.hcmus.edu.vn/assets/vivos.tar.gz",
            "147477f7a7702cbafc2ee3808d1c142989d0dbc8d9fce8e07d5f329d5119e4ca",
        ),
    ),
)

if __name__ == "__main__":
    run_recipe(__doc__, RECIPE)
