"""The splits of a corpus: those of its release or its trial lists, or drawn anew.

No speaker is in two; those for validation, for a cohort and for the test are held out
where the corpus names none.
"""

import pandas as pd

from utils.data.corpus import CorpusContents, CorpusDesign
from utils.data.splits import TooFewSpeakers, hold_out
from utils.data.trial_design import TrialList
from utils.runtime.errors import UserError

FEWEST_SPEAKERS = 2  # of a part: no trials without two


def check_counts(rows: pd.DataFrame, plan: CorpusDesign) -> None:
    """Compare the parts' speakers and utterances with those of the release.

    Raises
    ------
    UserError
        They differ, and the plan does not allow it.
    """
    if rows.empty:
        raise UserError(f"{plan.name}: no utterances found; check --source")
    for part, expected in plan.counts.items():
        own = rows[rows["part"] == part] if "part" in rows else rows
        if part not in plan.split_of and plan.split_of:
            continue
        found = own["spk_id"].nunique(), len(own)
        if found != expected and not plan.is_partial:
            raise UserError(
                f"{plan.name}: {part} has {found[0]} speakers and {found[1]} "
                f"utterances, the release {expected[0]} and {expected[1]}; complete "
                "the copy, or go on with what is there by --partial"
            )


def assign_splits(found: CorpusContents, plan: CorpusDesign, seed: int) -> pd.DataFrame:
    """Give every utterance a split; no speaker is in two.

    Returns
    -------
    DataFrame
        The utterances with a column ``split`` in place of ``part``, without those
        of parts that the plan leaves out.

    Raises
    ------
    UserError
        No utterances are left, or too few speakers to divide.
    """
    rows = known_splits(found, plan)
    cohort = rows.iloc[:0]
    if plan.cohort_part:
        cohort = rows[rows["part"] == plan.cohort_part].assign(split="cohort")
    if plan.extract_only:
        is_test = rows["split"] == "test"
        rows = rows[is_test] if is_test.any() else rows.assign(split="test")
    rows = rows.dropna(subset="split")
    if rows.empty:
        raise UserError(
            f"{plan.name}: no utterances in {', '.join(plan.split_of)}; check --source"
        )
    wanted: dict[str, int | float] = {"cohort": plan.cohort_speakers}
    if not plan.extract_only:
        wanted = {"test": plan.test_share, "valid": plan.valid_speakers} | wanted
    for split, number in wanted.items():
        if number and not (rows["split"] == split).any():
            rows = move_speakers(rows, number, split, plan, seed)
    return pd.concat([rows, cohort]).drop(columns="part", errors="ignore")


def known_splits(found: CorpusContents, plan: CorpusDesign) -> pd.DataFrame:
    """Add a column ``split`` from the parts, or from the corpus's trial lists."""
    rows = found.utterances
    if plan.split_of and "part" in rows:
        return rows.assign(split=rows["part"].map(plan.split_of))
    named = utterances_of(found.lists)
    speakers = set(rows.loc[rows["ID"].isin(named), "spk_id"])
    is_test = rows["spk_id"].isin(speakers)
    return rows.assign(split=is_test.map({True: "test", False: "train"}))


def utterances_of(lists: dict[str, TrialList]) -> set[str]:
    """Return the utterances that trial lists and their models name."""
    names: set[str] = set()
    for trials, models in lists.values():
        sides = set(trials["enrol"].unique()) | set(trials["test"].unique())
        names |= sides - set(models)
        names |= {name for own in models.values() for name in own}
    return names


def move_speakers(
    rows: pd.DataFrame, wanted: int | float, split: str, plan: CorpusDesign, seed: int
) -> pd.DataFrame:
    """Move so many speakers, or such a share of them, to another split.

    They are taken from the training part, or from the test where there is none.
    """
    source = "test" if plan.extract_only else "train"
    is_there = rows["split"] == source
    if isinstance(wanted, float):
        n_utterances = rows.loc[is_there, "spk_id"].value_counts()
        n_moved = max(FEWEST_SPEAKERS, round(wanted * (n_utterances > 1).sum()))
    else:
        n_moved = wanted
    try:
        moved = hold_out(rows[is_there], n_moved, seed)
    except TooFewSpeakers as error:
        raise UserError(
            f"{plan.name}: cannot hold out speakers for the {split} part ({error}); "
            "add speakers, or use a trained model on all of them by --pretrained"
        ) from None
    is_moved = is_there & rows["spk_id"].isin(moved)
    return rows.assign(split=rows["split"].mask(is_moved, split))
