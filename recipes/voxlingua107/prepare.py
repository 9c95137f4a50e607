"""VoxLingua107: speech of 107 languages from videos, for language identification.

A folder for each language, of files VIDEO__U__S<n>---<start>-<stop>.wav. A video stands
for its speaker, though one may hold several. The release's dev folder is the test; its
videos are not in the training. CC BY 4.0 (the labels; the videos are their owners').
J. Valk and T. Alumae, "VoxLingua107: a Dataset for Spoken Language Recognition", SLT
2021.
"""

import argparse
from pathlib import Path

import pandas as pd

from recipes.preparation import Recipe, run_recipe
from utils.data.corpus import CorpusContents, CorpusDesign
from utils.data.files import audio_paths, corpus_root
from utils.runtime.errors import UserError


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the choice of languages."""
    parser.add_argument(
        "--languages", nargs="+", default=[], help="such as en et; default: all"
    )


def find(args: argparse.Namespace) -> CorpusContents:
    """Read <language>/<file>.wav, and dev/<language>/<file>.wav."""
    root = corpus_root(args.source, "voxlingua107", "*/*__U__*.wav")
    rows = [
        row
        for folder in sorted(root.iterdir())
        if folder.is_dir() and folder.name != "dev"
        for row in of_language(folder, "train", args.languages)
    ]
    for folder in sorted(path for path in (root / "dev").glob("*") if path.is_dir()):
        rows += of_language(folder, "dev", args.languages)
    if not rows:
        raise UserError(f"{root}: no folder of {', '.join(args.languages)}")
    table = pd.DataFrame(rows)
    tested = set(table.loc[table["part"] == "dev", "spk_id"])
    is_twice = (table["part"] == "train") & table["spk_id"].isin(tested)
    return CorpusContents(table[~is_twice].reset_index(drop=True))


def of_language(folder: Path, part: str, wanted: list[str]) -> list[dict[str, str]]:
    """Describe the files of a language's folder."""
    if wanted and folder.name not in wanted:
        return []
    return [
        {"ID": f"{folder.name}-{part}-{path.stem}", "wav": str(path.resolve()),
         "spk_id": f"{folder.name}-{path.stem.partition('__U__')[0]}",
         "language": folder.name, "part": part}
        for path in audio_paths(folder)
    ]  # fmt: skip


RECIPE = Recipe(
    plan=CorpusDesign(
        name="voxlingua107",
        split_of={"train": "train", "dev": "test"},
        per_speaker=10,
    ),
    find=find,
    how_to_get="unpack the zip files of the languages, and dev.zip, from "
    "https://bark.phon.ioc.ee/voxlingua107 into one folder, and give it as --source",
    add_options=add_options,
)

if __name__ == "__main__":
    run_recipe(__doc__, RECIPE)
