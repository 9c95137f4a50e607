"""WUW: sentences over telephones, 24 speakers of several calls and 54 of one.

A call is a session, and the kind of telephone the channel. The trials are all pairs of
the test part. V. Kepuska, "Wake-Up-Word corpus II", ThinkEngine Networks; CC BY-SA 4.0.
The names of the speakers were linked across calls afterwards: a share of wrong links
cannot be ruled out.
"""

import argparse
from pathlib import Path

import numpy as np
import pandas as pd

from recipes.preparation import Recipe, run_recipe
from utils.data.corpus import CorpusContents, CorpusDesign
from utils.data.files import corpus_root, find_audio
from utils.data.trial_design import Keep, TrialList, different, same
from utils.runtime.errors import UserError
from utils.trials.lists import pair_trials

COLUMNS = ["part", "speaker", "call", "utterance", "phone"]


def find(args: argparse.Namespace) -> CorpusContents:
    """Read utterances.tsv, which names part/speaker/call/utterance."""
    root = corpus_root(args.source, "wuw", "utterances.tsv")
    table = pd.read_csv(root / "utterances.tsv", sep="\t", dtype=str)
    missing = [name for name in COLUMNS if name not in table]
    if missing:
        raise UserError(
            f"{root}/utterances.tsv: no column {missing[0]!r}; copy it again"
        )
    rows = pd.DataFrame([describe(root, row) for row in table.to_dict("records")])
    return CorpusContents(rows, design_lists(rows[rows["part"] == "test"]))


def describe(root: Path, row: dict[str, str]) -> dict[str, str]:
    """Find an utterance's file, and name its labels."""
    names = row["part"], row["speaker"], row["call"], row["utterance"]
    named = root.joinpath(*names).with_suffix(".wav")
    path = find_audio(named)
    if path is None:
        raise UserError(f"{named}: missing, in any format; complete the copy")
    session = f"{row['speaker']}-{row['call']}"
    return {
        "ID": f"{session}-{row['utterance']}",
        "wav": str(path),
        "spk_id": row["speaker"],
        "session": session,
        "channel": row["phone"],
        "part": row["part"],
    }


def design_lists(test: pd.DataFrame) -> dict[str, TrialList]:
    """Pair the test utterances; targets of one call have a list of their own."""

    def within_calls(left: pd.DataFrame, right: pd.DataFrame) -> np.ndarray:
        return different("spk_id")(left, right) | same("session")(left, right)

    def across(kinds: Keep) -> Keep:
        return lambda left, right: (
            different("session")(left, right) & kinds(left, right)
        )

    rules: dict[str, Keep] = {
        "wuw-cross-call": different("session"),
        "wuw-same-phone": across(same("channel")),
        "wuw-other-phone": across(different("channel")),
        "wuw-same-call": within_calls,
    }
    return {name: TrialList(pair_trials(test, keep)) for name, keep in rules.items()}


RECIPE = Recipe(
    plan=CorpusDesign(
        name="wuw",
        split_of={"train": "train", "test": "test"},
        counts={"train": (54, 265), "test": (24, 405)},
        valid_speakers=10,
    ),
    find=find,
    how_to_get="ask V. Kepuska for the WUW corpus II, and put utterances.tsv beside it",
)

if __name__ == "__main__":
    run_recipe(__doc__, RECIPE)
