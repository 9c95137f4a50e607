"""Trial lists: made of all pairs, read and written.

Trials are lines ``enrol test target|nontarget`` (Kaldi), or ``label enrol test``
with label 1 or 0 (VoxCeleb); or a NIST table, or Parquet.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from utils.runtime.errors import UserError
from utils.trials.columns import pair_keys, raise_at_first, read_columns, write_columns


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


def read_trials(path: Path | str, form: str = "auto") -> pd.DataFrame:
    """Read a trial list of either form.

    Parameters
    ----------
    path : Path or str
    form : str
        ``kaldi`` (label last), ``voxceleb`` (label first), or ``auto``: first where
        the first column holds nothing but 0 and 1.

    Returns
    -------
    DataFrame
        Columns ``enrol`` and ``test`` (categories) and ``target`` (bool), in file
        order.

    Raises
    ------
    UserError
        The file is missing, empty or malformed, a label is unknown, an utterance
        is tried against itself, or a trial has two labels.
    """
    table = read_columns(path, "enrol test target|nontarget").astype("category")
    first, second, third = (table[column] for column in table)
    is_binary = set(first.cat.categories) <= {"0", "1"}
    if form == "voxceleb":
        wrong = ~first.isin(["0", "1"])
        raise_at_first(path, wrong, first, "label", "write 1 or 0 first in a line")
    if form == "voxceleb" or (form == "auto" and is_binary):
        enrol, test, is_target = second, third, first == "1"
    else:
        enrol, test, is_target = first, second, third == "target"
        is_unknown = ~third.isin(["target", "nontarget"])
        raise_at_first(path, is_unknown, third, "label", "write target or nontarget")
    itself = pd.Series(enrol.astype(str).to_numpy() == test.astype(str).to_numpy())
    raise_at_first(path, itself, enrol, "a trial against itself:", "remove it")
    trials = pd.DataFrame({"enrol": enrol, "test": test, "target": is_target})
    pair = pair_keys(trials, trials)[0]
    order = np.lexsort([trials["target"], pair])
    labels = trials["target"].to_numpy()[order]
    conflict = (np.diff(pair[order]) == 0) & (labels[1:] != labels[:-1])
    is_second = np.zeros(len(trials), dtype=bool)
    is_second[order[1:][conflict]] = True
    raise_at_first(path, is_second, test, "a second label for", "keep one of them")
    return trials.reset_index(drop=True)


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
