"""Common Voice: sentences read by volunteers, in one language.

A speaker is a client_id: one account, which need not be one person. Reads
validated.tsv, keeps clients with --fewest clips or more, and holds speakers out at
random: the corpus's own splits give most test clients a single clip. CC0.
R. Ardila et al., "Common Voice: a massively-multilingual speech corpus", LREC 2020.
"""

import argparse
import csv

import pandas as pd

from recipes.preparation import Recipe, run_recipe
from utils.data.corpus import CorpusContents, CorpusDesign
from utils.data.files import corpus_root
from utils.runtime.errors import UserError

GENDERS = {
    "male": "m", "male_masculine": "m", "female": "f", "female_feminine": "f",
}  # fmt: skip


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the least number of clips."""
    add = parser.add_argument
    add("--fewest", type=int, default=5, help="clips of a speaker")
    add("--list", default="validated.tsv", help="table of clips")


def find(args: argparse.Namespace) -> CorpusContents:
    """Read the table, and clips/<name>.mp3."""
    root = corpus_root(args.source, "of the language", args.list)
    with (root / args.list).open(encoding="utf-8", newline="") as file:
        entries = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    rows = [
        {"ID": entry["path"].removesuffix(".mp3"),
         "wav": str((root / "clips" / entry["path"]).resolve()),
         "spk_id": entry["client_id"][:16],
         "gender": GENDERS.get(entry.get("gender") or "", ""),
         "age": entry.get("age") or "",
         "accent": entry.get("accents") or entry.get("accent") or "",
         "language": entry.get("locale") or ""}
        for entry in entries
    ]  # fmt: skip
    table = pd.DataFrame(rows)
    n_clips = table.groupby("spk_id")["ID"].transform("size") if len(table) else 0
    kept = table[n_clips >= args.fewest] if len(table) else table
    if kept.empty:
        raise UserError(
            f"{root / args.list}: no client with {args.fewest} clips; lower --fewest"
        )
    return CorpusContents(kept.reset_index(drop=True))


RECIPE = Recipe(
    plan=CorpusDesign(name="commonvoice"),
    find=find,
    how_to_get="Common Voice asks for your e-mail address: choose the language at "
    "https://commonvoice.mozilla.org/datasets, unpack it, and give its folder as "
    "--source, such as cv-corpus-17.0-2024-03-15/vi",
    add_options=add_options,
)

if __name__ == "__main__":
    run_recipe(__doc__, RECIPE)
