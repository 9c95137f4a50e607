"""Trial lists, enrolment lists and score files: read, written and joined by id.

Trials are lines ``enrol test target|nontarget`` (Kaldi), or ``label enrol test``
with label 1 or 0 (VoxCeleb). Scores are lines ``enrol test score``, or ``score
enrol test``. Enrolment lists are lines ``model utterance utterance ...``.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from utils.atomic import replacing_file
from utils.errors import UserError

_FEW = 3  # ids that a message names


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
    labels = np.where(trials["target"], "target", "nontarget")
    _write_lines(path, [trials["enrol"], trials["test"], pd.Series(labels)])


def write_scores(path: Path | str, scores: pd.DataFrame) -> None:
    """Write a score file.

    Parameters
    ----------
    path : Path or str
    scores : DataFrame
        Columns ``enrol``, ``test`` and ``score``.
    """
    text = pd.Series([f"{score:.7g}" for score in scores["score"]])
    _write_lines(path, [scores["enrol"], scores["test"], text])


def _write_lines(path: Path | str, columns: list[pd.Series]) -> None:
    with replacing_file(path) as temporary:
        with temporary.open("w", encoding="utf-8", newline="\n") as file:
            lines = zip(*(column.tolist() for column in columns), strict=True)
            file.writelines(f"{a} {b} {c}\n" for a, b, c in lines)


def read_trials(path: Path | str) -> pd.DataFrame:
    """Read a trial list of either form.

    Parameters
    ----------
    path : Path or str

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
    table = _read_columns(path, "enrol test target|nontarget").astype("category")
    first, second, third = (table[column] for column in table)
    if set(first.cat.categories) <= {"0", "1"}:
        enrol, test, is_target = second, third, first == "1"
    else:
        enrol, test, is_target = first, second, third == "target"
        is_unknown = ~third.isin(["target", "nontarget"])
        _raise_at_first(path, is_unknown, third, "label", "write target or nontarget")
    itself = pd.Series(enrol.astype(str).to_numpy() == test.astype(str).to_numpy())
    _raise_at_first(path, itself, enrol, "a trial against itself:", "remove it")
    trials = pd.DataFrame({"enrol": enrol, "test": test, "target": is_target})
    pair = pair_keys(trials, trials)[0]
    order = np.lexsort([trials["target"], pair])
    labels = trials["target"].to_numpy()[order]
    conflict = (np.diff(pair[order]) == 0) & (labels[1:] != labels[:-1])
    is_second = np.zeros(len(trials), dtype=bool)
    is_second[order[1:][conflict]] = True
    _raise_at_first(path, is_second, test, "a second label for", "keep one of them")
    return trials


def check_both_kinds(path: Path | str, trials: pd.DataFrame) -> None:
    """Raise a `UserError` unless there are target and non-target trials."""
    if trials["target"].all() or not trials["target"].any():
        kind = "target" if trials["target"].all() else "nontarget"
        raise UserError(
            f"{path}: all trials are {kind}; error rates need both kinds, add trials "
            "of the other"
        )


def read_scores(path: Path | str) -> pd.DataFrame:
    """Read a score file of either form.

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
    form = "enrol test score"
    head = _read_columns(path, form, n_lines=1)
    is_last = pd.to_numeric(head[2], errors="coerce").notna().all()
    enrol, test, score = (0, 1, 2) if is_last else (1, 2, 0)
    try:
        table = _read_columns(path, form, {enrol: str, test: str, score: float})
    except ValueError:  # some score is no number: find it
        table = _read_columns(path, form)
        table[score] = pd.to_numeric(table[score], errors="coerce")
    is_bad = ~np.isfinite(table[score])
    _raise_at_first(path, is_bad, table[score], "no finite score:", "score it again")
    return pd.DataFrame(
        {
            "enrol": table[enrol].astype("category"),
            "test": table[test].astype("category"),
            "score": table[score],
        }
    )


def _read_columns(
    path: Path | str, form: str, dtype: object = str, n_lines: int | None = None
) -> pd.DataFrame:
    """Read three columns that are separated by blanks."""
    remedy = f"lines are: {form}"
    try:
        table = pd.read_csv(
            path, sep=" ", header=None, dtype=dtype, na_filter=False, quoting=3,
            skipinitialspace=True, nrows=n_lines,
        )  # fmt: skip
        if table.shape[1] == 1:
            table = pd.read_csv(
                path, sep="\t", header=None, dtype=dtype, na_filter=False, nrows=n_lines
            )
    except FileNotFoundError:
        raise UserError(f"{path}: no such file; check the name") from None
    except pd.errors.EmptyDataError:
        raise UserError(f"{path}: empty; {remedy}") from None
    except (pd.errors.ParserError, UnicodeDecodeError) as error:
        reason = str(error).strip().splitlines()[-1]
        raise UserError(f"{path}: malformed ({reason}); {remedy}") from None
    if table.shape[1] != 3:
        raise UserError(f"{path}:1: {table.shape[1]} columns, not 3; {remedy}")
    for column in table:
        is_empty = table[column] == ""
        _raise_at_first(path, is_empty, table[column], "fewer than 3 columns", remedy)
    return table


def _raise_at_first(
    path: Path | str, is_bad: pd.Series, values: pd.Series, what: str, remedy: str
) -> None:
    is_bad = np.asarray(is_bad)
    if is_bad.any():
        row = int(is_bad.argmax())
        raise UserError(f"{path}:{row + 1}: {what} {values.iloc[row]!r}; {remedy}")


def pair_keys(
    trials: pd.DataFrame, scores: pd.DataFrame
) -> tuple[np.ndarray, np.ndarray]:
    """Give the pairs of ids in two tables numbers, equal ones to equal pairs.

    Returns
    -------
    tuple of ndarray of int64
        A number for each row of the first and of the second table.
    """
    names = pd.Index([])
    for table in (trials, scores):
        for column in ("enrol", "test"):
            names = names.union(table[column].cat.categories.astype(str))
    keys = []
    for table in (trials, scores):
        enrol, test = (
            names.get_indexer(table[column].cat.categories)[table[column].cat.codes]
            for column in ("enrol", "test")
        )
        keys.append(enrol.astype(np.int64) * len(names) + test)
    return keys[0], keys[1]


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
    place = np.minimum(np.searchsorted(ordered, wanted), len(ordered) - 1)
    is_missing = np.flatnonzero(ordered[place] != wanted)
    _raise_for_pairs(trials, is_missing, "no score", "score the same trial list")
    if not allow_extra:
        extra = np.flatnonzero(~np.isin(scored, wanted))
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


def drop_trials_of(
    trials: pd.DataFrame, skipped: set[str], models: dict[str, list[str]]
) -> pd.DataFrame:
    """Leave out the trials of utterances that could not be read.

    Parameters
    ----------
    trials : DataFrame
    skipped : set of str
        Utterances; a model is left out when all of its utterances are.
    models : dict of list of str
        Utterances of the enrolled models.
    """
    gone = skipped | {model for model, names in models.items() if set(names) <= skipped}
    is_gone = trials["enrol"].isin(gone) | trials["test"].isin(gone)
    return trials[~is_gone].reset_index(drop=True) if is_gone.any() else trials


def read_enrolment(path: Path | str) -> dict[str, list[str]]:
    """Read an enrolment list: the utterances of each model.

    Raises
    ------
    UserError
        The file is missing, or a model has no utterance or occurs twice.
    """
    path = Path(path)
    if not path.is_file():
        raise UserError(f"{path}: no such enrolment list; check the name")
    models: dict[str, list[str]] = {}
    lines = path.read_text(encoding="utf-8").splitlines()
    for line, text in enumerate(lines, start=1):
        model, *utterances = text.split() or [""]
        if not utterances:
            raise UserError(f"{path}:{line}: no utterance of {model!r}; add one")
        if model in models:
            raise UserError(f"{path}:{line}: model {model!r} again; use one line")
        models[model] = utterances
    return models


def write_enrolment(path: Path | str, models: dict[str, list[str]]) -> None:
    """Write an enrolment list.

    Example
    -------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "enrol.txt"
    >>> write_enrolment(path, {"anna": ["a-1", "a-2"]})
    >>> read_enrolment(path)
    {'anna': ['a-1', 'a-2']}
    """
    with replacing_file(path) as temporary:
        temporary.write_text(
            "".join(f"{model} {' '.join(names)}\n" for model, names in models.items()),
            encoding="utf-8",
        )
