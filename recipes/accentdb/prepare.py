"""AccentDB: English in nine accents.

A folder for each accent with one for each speaker. By the paper's abstract the authors
collected four Indian ones (Bangla, Malayalam, Odiya, Telugu) and compiled the other
five (four native ones, and that of Indian cities). CC BY-NC 4.0.
A. Ahamad, A. Anand, P. Bhargava, "AccentDB: A Database of Non-Native English Accents to
Assist Neural Speech Recognition", LREC 2020.
"""

import argparse

import pandas as pd

from recipes.preparation import Recipe, run_recipe
from utils.data.corpus import CorpusContents, CorpusDesign
from utils.data.files import audio_paths, corpus_root


def find(args: argparse.Namespace) -> CorpusContents:
    """Read data/<accent>/speaker_01/<file>.wav."""
    root = corpus_root(args.source, "accentdb", "data/*/speaker_*")
    rows = []
    for path in audio_paths(root / "data"):
        accent, speaker = path.parent.parent.name, path.parent.name
        name = f"{accent}-{speaker.removeprefix('speaker_')}"
        rows.append(
            {"ID": f"{name}-{path.stem}", "wav": str(path.resolve()), "spk_id": name,
             "accent": accent}
        )  # fmt: skip
    return CorpusContents(pd.DataFrame(rows))


RECIPE = Recipe(
    plan=CorpusDesign(name="accentdb", per_speaker=500),
    find=find,
    how_to_get="get accentdb_extended from https://accentdb.org, unpack it, and give "
    "its folder as --source",
)

if __name__ == "__main__":
    run_recipe(__doc__, RECIPE)
