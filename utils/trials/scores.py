"""Score files: read, written, and joined to trials by id.

Written are lines ``enrol test score``, or Parquet; read are those of other tools too,
see `utils.trials.readers`.
"""

from pathlib import Path

import numpy as np
import pandas as pd

from utils.runtime.errors import UserError
from utils.trials.columns import pair_keys, write_columns
from utils.trials.readers import read_form

_FEW = 3  # pairs that a message names


def write_scores(path: Path | str, scores: pd.DataFrame) -> None:
    """Write a score file.

    Parameters
    ----------
    path : Path or str
    scores : DataFrame
        Columns ``enrol``, ``test`` and ``score``.
    """
    values = scores["score"]
    if Path(path).suffix != ".parquet":
        values = pd.Series([f"{score:.7g}" for score in values])
    columns = {"enrol": scores["enrol"], "test": scores["test"], "score": values}
    write_columns(path, columns)


def read_scores(path: Path | str, form: str = "auto") -> pd.DataFrame:
    """Read a score file of any form.

    Parameters
    ----------
    path : Path or str
    form : str
        See `utils.trials.readers.read_form`.

    Returns
    -------
    DataFrame
        Columns ``enrol`` and ``test`` (categories) and ``score`` (float), in file
        order.

    Raises
    ------
    UserError
        The file is missing, empty or malformed, or a score is no finite number.
    """
    return read_form(path, "score", form).reset_index(drop=True)


def join_scores(
    trials: pd.DataFrame, scores: pd.DataFrame, allow_extra: bool = False
) -> np.ndarray:
    """Find the score of every trial, by id, whatever the order of the lines.

    Parameters
    ----------
    trials : DataFrame
        Columns ``enrol`` and ``test`` (categories).
    scores : DataFrame
        Columns ``enrol`` and ``test`` (categories) and ``score``.
    allow_extra : bool
        Pass over scores of pairs that are no trial.

    Returns
    -------
    ndarray of float, shape (n_trials,)

    Raises
    ------
    UserError
        A trial has no score, a pair has two different scores, or a score belongs
        to no trial.
    """
    wanted, scored = pair_keys(trials, scores)
    order = np.argsort(scored, kind="stable")
    ordered, values = scored[order], scores["score"].to_numpy()[order]
    differs = (np.diff(ordered) == 0) & (np.diff(values) != 0)
    _raise_for_pairs(scores, order[1:][differs], "two different scores", "score again")
    if np.array_equal(wanted, scored):  # line by line the same, as usual
        return scores["score"].to_numpy()
    place = np.minimum(np.searchsorted(ordered, wanted), len(ordered) - 1)
    is_missing = np.flatnonzero(ordered[place] != wanted)
    _raise_for_pairs(trials, is_missing, "no score", "score the same trial list")
    if not allow_extra:
        is_wanted = np.zeros(len(ordered), dtype=bool)
        is_wanted[place] = True  # the first line of each pair
        is_first = np.diff(ordered, prepend=-1) != 0
        first = np.maximum.accumulate(np.where(is_first, np.arange(len(ordered)), 0))
        extra = order[~is_wanted[first]]
        _raise_for_pairs(
            scores, extra, "a score but no trial", "or allow it with --allow-extra"
        )
    return values[place]


def _raise_for_pairs(
    table: pd.DataFrame, rows: np.ndarray, what: str, remedy: str
) -> None:
    if len(rows):
        few = table.iloc[np.sort(rows)[:_FEW]]
        pairs = ", ".join(
            f"{e} {t}" for e, t in zip(few["enrol"], few["test"], strict=True)
        )
        raise UserError(f"{len(rows)} pairs with {what}: {pairs} ...; {remedy}")
