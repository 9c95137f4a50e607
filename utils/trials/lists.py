"""Trial lists: made of all pairs, read and written.

Written are lines ``enrol test target|nontarget`` (Kaldi), or Parquet; read are those
of other tools too, see `utils.trials.readers`.
"""

import logging
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from utils.runtime.errors import UserError
from utils.trials.columns import number_ids, raise_at_first, write_columns
from utils.trials.inference import NONTARGET, SPOOF, TARGET
from utils.trials.readers import read_form

logger = logging.getLogger(__name__)


def pair_trials(
    manifest: pd.DataFrame,
    keep: Callable[[pd.DataFrame, pd.DataFrame], np.ndarray] | None = None,
) -> pd.DataFrame:
    """Make a trial of every unordered pair of utterances.

    Parameters
    ----------
    manifest : DataFrame
        At least the columns ``ID`` and ``spk_id``.
    keep : callable, optional
        Takes the manifest rows of the first and of the second utterance of many
        pairs; returns a bool array, which pairs to keep.

    Returns
    -------
    DataFrame
        Columns ``enrol`` and ``test`` (categories) and ``target`` (bool), in the
        order of the IDs.

    Example
    -------
    >>> manifest = pd.DataFrame({"ID": ["b", "a", "c"], "spk_id": ["s", "s", "t"]})
    >>> print(pair_trials(manifest).to_string(index=False))
    enrol test  target
        a    b    True
        a    c   False
        b    c   False
    """
    rows = manifest.sort_values("ID", ignore_index=True)
    left, right = np.triu_indices(len(rows), k=1)
    if keep is not None:
        labels = rows.astype("category")
        kept = keep(labels.take(left), labels.take(right))
        left, right = left[kept], right[kept]
    speakers = pd.factorize(rows["spk_id"])[0]
    return pd.DataFrame(
        {
            "enrol": pd.Categorical.from_codes(left, rows["ID"]),
            "test": pd.Categorical.from_codes(right, rows["ID"]),
            "target": speakers[left] == speakers[right],
        }
    )


def write_trials(path: Path | str, trials: pd.DataFrame) -> None:
    """Write a trial list in Kaldi's form.

    Parameters
    ----------
    path : Path or str
    trials : DataFrame
        Columns ``enrol``, ``test`` and ``target`` (bool).
    """
    labels = pd.Series(np.where(trials["target"], "target", "nontarget"))
    columns = {"enrol": trials["enrol"], "test": trials["test"], "label": labels}
    write_columns(path, columns)


def read_trials(
    path: Path | str, form: str = "auto", needs_labels: bool = True
) -> pd.DataFrame:
    """Read a trial list of any form.

    Parameters
    ----------
    path : Path or str
    form : str
        See `utils.trials.readers.read_form`.
    needs_labels : bool
        Refuse a list without labels.

    Returns
    -------
    DataFrame
        Columns ``enrol`` and ``test`` (categories) and ``target`` (bool), in file
        order; ``target`` is not there without labels. Spoofed trials are left out.

    Raises
    ------
    UserError
        The file is missing, empty or malformed, a label is unknown, an utterance
        is tried against itself, or a trial has two labels.
    """
    table = read_form(path, "label", form)
    if "label" in table:
        table = _with_targets(path, table, form)
    elif needs_labels:
        raise UserError(
            f"{path}:1: no column of labels; add target or nontarget to each "
            "trial, or name their column with --columns"
        )
    ((enrol, test),), n_ids = number_ids(table)
    what = "a trial against itself:"
    raise_at_first(path, enrol == test, table["enrol"], what, "remove it")
    if "target" in table:
        _check_one_label(path, table, enrol * n_ids + test)
    return table.reset_index(drop=True)


def _with_targets(path: Path | str, table: pd.DataFrame, form: str) -> pd.DataFrame:
    """Turn labels to booleans, less spoofed trials."""
    labels = table.pop("label")
    words = labels.cat.categories.str.lower()
    is_known = words.isin([*TARGET, *NONTARGET, *SPOOF])[labels.cat.codes]
    right = "1 or 0 first in a line" if form == "voxceleb" else "target or nontarget"
    remedy = f"write {right}, or name the columns with --columns"
    raise_at_first(path, ~is_known, labels, "label", remedy)
    table["target"] = words.isin(list(TARGET))[labels.cat.codes]
    is_spoof = words.isin(list(SPOOF))[labels.cat.codes]
    if is_spoof.any():
        logger.warning(
            "%s: %d spoofed trials are left out: they are neither target nor nontarget",
            path, int(is_spoof.sum()),
        )  # fmt: skip
    return table[~is_spoof]


def _check_one_label(path: Path | str, trials: pd.DataFrame, pair: np.ndarray) -> None:
    """Refuse a pair that is target in one line and non-target in another."""
    ordered = np.sort(2 * pair + trials["target"].to_numpy())
    if ((ordered[1:] ^ ordered[:-1]) == 1).any():  # two labels of one pair
        first = trials["target"].groupby(pair).transform("first")
        is_second = trials["target"] != first
        what = "a second label for"
        raise_at_first(path, is_second, trials["test"], what, "keep one of them")


def check_both_kinds(path: Path | str, trials: pd.DataFrame) -> None:
    """Raise a `UserError` unless there are target and non-target trials."""
    if trials["target"].all() or not trials["target"].any():
        kind = "target" if trials["target"].all() else "nontarget"
        raise UserError(
            f"{path}: all trials are {kind}; error rates need both kinds, add trials "
            "of the other"
        )


def leave_out(
    trials: pd.DataFrame, models: dict[str, list[str]], skipped: set[str]
) -> tuple[pd.DataFrame, dict[str, list[str]]]:
    """Leave out the utterances that could not be read.

    Parameters
    ----------
    trials : DataFrame
    models : dict of list of str
        Utterances of the enrolled models.
    skipped : set of str
        Utterances. A model is left out when all of its utterances are.

    Returns
    -------
    trials : DataFrame
    models : dict of list of str
    """
    rest = {
        model: [name for name in names if name not in skipped]
        for model, names in models.items()
    }
    gone = skipped | {model for model, names in rest.items() if not names}
    is_gone = trials["enrol"].isin(gone) | trials["test"].isin(gone)
    if is_gone.any():
        trials = trials[~is_gone].reset_index(drop=True)
    return trials, {model: names for model, names in rest.items() if names}
