"""Utterances for training, validation and test: speakers apart, classes alike.

A label that is constant within a speaker can be told by recognising the speaker, so no
speaker is in two parts, nor anybody who shares a recording with them. Beside it stands
a division by utterances, in which speakers are shared: what it gives is no measure of
the label, and shows what a figure from such splits is worth.
"""

import logging

import numpy as np
import pandas as pd

from utils.attributes.labels import Task
from utils.data.splits import speaker_groups
from utils.runtime.errors import UserError

logger = logging.getLogger(__name__)

PARTS = ("train", "valid", "test")
_N_STRATA = 10  # of a number


def divide(rows: pd.DataFrame, task: Task, seed: int, is_new: bool) -> pd.DataFrame:
    """Give every utterance a part of its own speakers, and one of shared speakers.

    Parameters
    ----------
    rows : DataFrame
        ``spk_id``, ``wav``, ``label``, and ``split``: the corpus's own parts.
    task : Task
    seed : int
    is_new : bool
        Whether to divide anew where the corpus has a test part. Otherwise its test
        speakers stay those of the test, if every class is in both parts.

    Returns
    -------
    DataFrame
        With ``part`` and ``shared_part``.

    Raises
    ------
    UserError
        The speakers of a class cannot be kept apart.
    """
    strata = speaker_strata(rows, task)
    is_test = rows["split"] == "test"
    keeps = not is_new and is_test.any() and not is_test.all()
    if keeps:
        both = set(rows.loc[is_test, "spk_id"]) & set(rows.loc[~is_test, "spk_id"])
        missing = _missing(rows, is_test, task)
        if both or missing:
            why = missing or "shares speakers"
            logger.warning(f"divided anew: the corpus's own test part {why}")
            keeps = False
    if keeps:
        tested = set(rows.loc[is_test, "spk_id"])
    else:
        tested = hold_out_of_each(strata, 0.25, seed)
    rest = strata[~strata.index.isin(tested)]
    validated = hold_out_of_each(rest, 0.15, seed + 1)
    part = np.where(rows["spk_id"].isin(tested), "test", "train")
    part = np.where(rows["spk_id"].isin(validated), "valid", part)
    rows = rows.assign(part=part)
    check_division(rows, task)
    return rows.assign(shared_part=share_speakers(rows, task, seed))


def _missing(rows: pd.DataFrame, is_test: pd.Series, task: Task) -> str:
    """Say which class the test or the rest lacks; of two speakers to train on."""
    if task.is_number:
        return ""
    for name in task.classes:
        own = rows["label"] == name
        if not (own & is_test).any():
            return f"has no {name!r}"
        if rows.loc[own & ~is_test, "spk_id"].nunique() < 2:
            return f"leaves fewer than two speakers of {name!r} to learn from"
    return ""


def speaker_strata(rows: pd.DataFrame, task: Task) -> pd.DataFrame:
    """Put speakers in strata: by class, or by tenths of the number.

    Returns
    -------
    DataFrame
        ``stratum`` and ``group`` (of speakers who share recordings), by speaker. A
        speaker of several classes belongs to the rarest of them.
    """
    groups = speaker_groups(rows)
    if task.is_number:
        numbers = rows["label"].astype(float).groupby(rows["spk_id"]).mean()
        n_strata = max(1, min(_N_STRATA, len(numbers) // 4))
        strata = numbers.rank(method="first").sub(1).floordiv(len(numbers) / n_strata)
    else:
        counts = rows.groupby("label")["spk_id"].nunique()
        pairs = rows[["spk_id", "label"]].drop_duplicates()
        pairs = pairs.assign(count=pairs["label"].map(counts))
        pairs = pairs.sort_values(["count", "label"]).drop_duplicates("spk_id")
        strata = pairs.set_index("spk_id")["label"]
    return pd.DataFrame({"stratum": strata, "group": groups}).sort_index()


def hold_out_of_each(strata: pd.DataFrame, share: float, seed: int) -> set[str]:
    """Draw a share of the speakers of every stratum, one at least of two or more.

    Example
    -------
    >>> strata = pd.DataFrame({"stratum": ["f"] * 4 + ["m"] * 8, "group": range(12)},
    ...                       index=list("abcdefghijkl"))
    >>> held_out = hold_out_of_each(strata, 0.25, seed=0)
    >>> strata.loc[sorted(held_out), "stratum"].tolist()
    ['f', 'm', 'm']
    """
    rng = np.random.default_rng(seed)
    held_out: set[str] = set()
    for _, own in strata.groupby("stratum"):
        n_groups = own["group"].nunique()
        n_drawn = max(1, round(share * n_groups)) if n_groups > 1 else 0
        drawn = rng.choice(np.unique(own["group"]), n_drawn, replace=False)
        held_out |= set(strata.index[strata["group"].isin(drawn)])
    return held_out


def check_division(rows: pd.DataFrame, task: Task) -> None:
    """Refuse a division in which a class cannot be learnt, validated and tested.

    Raises
    ------
    UserError
        A class is missing in a part.
    """
    if task.is_number:
        return
    for part in PARTS:
        missing = set(task.classes) - set(rows.loc[rows["part"] == part, "label"])
        if missing:
            name = sorted(missing)[0]
            raise UserError(
                f"{task.column}={name}: no speaker is left for the part {part}, as "
                "they share recordings or are few; add speakers, or leave the class "
                f"out by --where '{task.column}!={name}'"
            )


def share_speakers(rows: pd.DataFrame, task: Task, seed: int) -> np.ndarray:
    """Divide utterances by chance, whoever speaks: parts (N,), as large as the true.

    Classes, or tenths of a number, stay in proportion.
    """
    rng = np.random.default_rng(seed)
    strata = rows["label"]
    if task.is_number:
        ranks = rows["label"].astype(float).rank(method="first").sub(1)
        strata = ranks.floordiv(max(1, len(rows) / _N_STRATA))
    share = rows["part"].value_counts(normalize=True)
    part = np.full(len(rows), "train", dtype=object)
    for _, places in pd.Series(np.arange(len(rows))).groupby(strata.to_numpy()):
        order = rng.permutation(places.to_numpy())
        n_test = max(1, round(share["test"] * len(order)))
        n_valid = max(1, round(share["valid"] * len(order)))
        part[order[:n_test]] = "test"
        part[order[n_test : n_test + n_valid]] = "valid"
    return part


def describe_division(rows: pd.DataFrame, task: Task) -> list[str]:
    """Describe parts and classes, a line each."""
    lines = []
    for part in PARTS:
        own = rows[rows["part"] == part]
        what = f"{part:>5}: {own['spk_id'].nunique()} speakers, {len(own)} utterances"
        if task.is_number:
            numbers = own["label"].astype(float)
            what += f", {task.column} {numbers.min():g} to {numbers.max():g}"
        else:
            n_speakers = own.groupby("label")["spk_id"].nunique()
            what += "; speakers: " + ", ".join(
                f"{name} {n_speakers[name]}" for name in task.classes
            )
        lines.append(what)
    shared = rows.loc[rows["shared_part"] == "test", "spk_id"]
    known = set(rows.loc[rows["shared_part"] != "test", "spk_id"])
    lines.append(
        f"for the leak probe also by utterances: {shared.isin(known).mean():.0%} of "
        "that test's utterances are of training speakers"
    )
    return lines
