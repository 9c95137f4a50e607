"""What is to be told of a voice: a column of a manifest, as classes or as a number."""

import logging
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import pandas as pd

from utils.data.criteria import fulfils, parse_criterion
from utils.runtime.errors import UserError

logger = logging.getLogger(__name__)

CLASSES, NUMBER = "classes", "number"
FEWEST_SPEAKERS = 3  # of a class: one to learn from, to validate and to test
_FEWEST_VALUES = 8  # different numbers, that are a number to tell and no classes


@dataclass(frozen=True)
class Task:
    """What is to be told.

    Attributes
    ----------
    column : str
        The label's column in the manifests, such as ``accent``.
    kind : str
        ``classes``, ``number``, or empty: numbers where all values are numbers and
        there are eight or more of them.
    classes : tuple of str
        Their names, in order; empty for a number, and until the data are known.
    where : tuple of str
        Conditions that utterances fulfil, such as ``age>=16``.
    cuts : tuple of float
        A number is told as classes, divided at these: below the first, from it to
        below the second, and so on.
    names : tuple of str
        Those of the classes that ``cuts`` make.
    renamed : dict of str
        Values that are others' names for the same thing.
    drops_rare : bool
        Whether classes of too few speakers are left out; they are a fault otherwise.
    is_ordinal : bool
        Whether an encoder that is trained on it learns that classes, or levels of a
        number, are in order.
    """

    column: str
    kind: str = ""
    classes: tuple[str, ...] = ()
    where: tuple[str, ...] = ()
    cuts: tuple[float, ...] = ()
    names: tuple[str, ...] = ()
    renamed: tuple[tuple[str, str], ...] = ()
    drops_rare: bool = False
    is_ordinal: bool = False

    @property
    def is_number(self) -> bool:
        """Whether a number is told."""
        return self.kind == NUMBER

    @property
    def has_order(self) -> bool:
        """Whether what is told lies in an order."""
        return self.is_number or bool(self.cuts)

    def targets(self, values: Sequence[str]) -> np.ndarray:
        """Turn labels (N,) into numbers (N,), or into the places of their classes."""
        if self.is_number:
            return np.array([float(value) for value in values])
        place = {name: number for number, name in enumerate(self.classes)}
        return np.array([place[value] for value in values], dtype=np.int64)


def label_utterances(rows: pd.DataFrame, task: Task) -> tuple[pd.DataFrame, Task]:
    """Find the label of every utterance that has one.

    Parameters
    ----------
    rows : DataFrame
        A manifest's rows.
    task : Task

    Returns
    -------
    rows : DataFrame
        Those that count, with a column ``label``.
    task : Task
        With its kind and its classes.

    Raises
    ------
    UserError
        No such column; a condition or a value that cannot be read; nothing is left;
        one class only, or a class of too few speakers.

    Example
    -------
    >>> rows = pd.DataFrame({"spk_id": list("abcdef"), "age": list("567899")})
    >>> made, task = label_utterances(rows, Task("age", cuts=(8,), names=("lo", "hi")))
    >>> made["label"].tolist(), task.classes
    (['lo', 'lo', 'lo', 'hi', 'hi', 'hi'], ('lo', 'hi'))
    """
    if task.column not in rows:
        raise UserError(
            f"--task {task.column}: the manifests have no such column; there are "
            f"{', '.join(rows.columns)}"
        )
    for condition in task.where:
        rows = rows[fulfils(rows, parse_criterion(condition, "--where"), "--where")]
    values = rows[task.column].fillna("").astype(str)
    rows = rows[values != ""]
    if rows.empty:
        raise UserError(
            f"--task {task.column}: no utterance has that label"
            + (" and fulfils the conditions" if task.where else "")
            + "; look at the manifests"
        )
    values = one_spelling(values[values != ""], task)
    task = replace(task, kind=task.kind or _kind_of(values, task))
    if task.is_ordinal and not task.has_order:
        raise UserError(
            f"--ordinal: values of {task.column} are classes in no order; it is for a "
            "number, whole or divided by --cut"
        )
    if task.is_number:
        rows = rows.assign(label=_numbers(values, task).map("{:.10g}".format))
        if rows["label"].nunique() < 2:
            raise UserError(f"--task {task.column}: one value only; nothing to tell")
        return rows, task
    if task.cuts:
        values = divide_numbers(_numbers(values, task), task)
    return _with_classes(rows.assign(label=values), task)


def _kind_of(values: pd.Series, task: Task) -> str:
    numbers = pd.to_numeric(values, errors="coerce")
    is_number = numbers.notna().all() and numbers.nunique() >= _FEWEST_VALUES
    return NUMBER if is_number and not task.cuts else CLASSES


def _numbers(values: pd.Series, task: Task) -> pd.Series:
    numbers = pd.to_numeric(values, errors="coerce")
    if numbers.isna().any():
        raise UserError(
            f"--task {task.column}: {values[numbers.isna()].iloc[0]!r} is no number; "
            "mend the manifest, or tell classes"
        )
    return numbers


def one_spelling(values: pd.Series, task: Task) -> pd.Series:
    """Give values that differ in case, blanks, hyphens or dots alone one spelling.

    The most frequent spelling stands for all; ``renamed`` joins what else is the same.

    Example
    -------
    >>> accents = pd.Series(["New Zealand", "new-zealand", "New Zealand", "NZ"])
    >>> task = Task("accent", renamed=(("nz", "New Zealand"),))
    >>> one_spelling(accents, task).unique().tolist()
    ['New Zealand']
    """
    given = {_bare(old): new for old, new in task.renamed}
    values = values.map(lambda value: given.get(_bare(value), value))
    spelling: dict[str, str] = {}
    for value in values.value_counts().index:  # the most frequent first
        spelling.setdefault(_bare(value), value)
    made = values.map(lambda value: spelling[_bare(value)])
    changed = sorted(set(values[made != values]))
    if changed:
        logger.info(
            f"{task.column}: {len(changed)} spellings made one, such as "
            f"{changed[0]!r}: others, this one {spelling[_bare(changed[0])]!r}"
        )
    return made


def _bare(value: str) -> str:
    """Return what is the same in all spellings; signs of numbers stay."""
    try:
        return str(float(value))
    except ValueError:
        return re.sub(r"[\W_]+", "", value).casefold() or value


def divide_numbers(numbers: pd.Series, task: Task) -> pd.Series:
    """Name the classes of numbers that are divided at the task's cuts.

    Raises
    ------
    UserError
        The names are not one more than the cuts.

    Example
    -------
    >>> divide_numbers(pd.Series([9.0, 16.0]), Task("age", cuts=(16,))).tolist()
    ['below 16', '16 or more']
    """
    cuts = sorted(task.cuts)
    names = task.names or (
        f"below {cuts[0]:g}",
        *(f"{low:g} to below {high:g}" for low, high in pairwise(cuts)),
        f"{cuts[-1]:g} or more",
    )  # fmt: skip
    if len(names) != len(cuts) + 1:
        raise UserError(
            f"--names: {len(cuts)} cuts make {len(cuts) + 1} classes, not {len(names)}"
        )
    places = np.searchsorted(cuts, numbers.to_numpy(), side="right")
    return pd.Series([names[place] for place in places], index=numbers.index)


def _with_classes(rows: pd.DataFrame, task: Task) -> tuple[pd.DataFrame, Task]:
    """Check the classes and their speakers, and name them in the task."""
    counts = rows.groupby("label")["spk_id"].nunique()
    rare = counts[counts < FEWEST_SPEAKERS]
    if len(rare) and task.drops_rare:
        logger.warning(f"left out, of too few speakers: {', '.join(rare.index)}")
        rows = rows[~rows["label"].isin(rare.index)]
    elif len(rare) and len(counts) > 1:
        raise _too_few(rows, rare, task)
    classes = tuple(sorted(rows["label"].unique()))
    if task.cuts:
        in_order = divide_numbers(pd.Series([-np.inf, *sorted(task.cuts)]), task)
        classes = tuple(name for name in in_order if name in classes)
    if len(classes) < 2:
        what = f"is all {classes[0]!r}" if classes else "has no class left"
        raise UserError(
            f"--task {task.column}: one class only, the data {what}; nothing to tell"
        )
    return rows, replace(task, classes=classes)


def _too_few(rows: pd.DataFrame, rare: pd.Series, task: Task) -> UserError:
    name, n_speakers = rare.index[0], int(rare.iloc[0])
    who = ", ".join(sorted(rows.loc[rows["label"] == name, "spk_id"].unique()))
    plural = "" if n_speakers == 1 else "s"
    more = f" ({len(rare)} such classes)" if len(rare) > 1 else ""
    return UserError(
        f"{task.column}={name}: {n_speakers} speaker{plural} ({who}), and a class "
        f"needs {FEWEST_SPEAKERS}: to learn, to validate and to test{more}; leave such "
        f"classes out by --drop-rare, or join them by --rename '{name}=OTHER'"
    )
