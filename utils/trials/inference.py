"""Which column of a list holds what, told by what all its lines hold."""

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
import pandas as pd

from utils.runtime.errors import UserError

Value = Literal["label", "score"]

TARGET = {"target", "tgt", "true", "1"}
NONTARGET = {"nontarget", "non-target", "non_target", "imp", "impostor", "imposter"}
NONTARGET |= {"false", "0"}
SPOOF = {"spoof"}  # ASVspoof: neither of both
_LABELS = TARGET | NONTARGET | SPOOF
_BITS = {"0", "1"}
_EXTRA = r"[ab12x-]|bonafide|A\d\d"  # side of a call, attack: third of four columns
_COUNTERMEASURE = {"bonafide", "spoof"}
_N_ASVSPOOF = 8  # columns of ASVspoof's trial metadata


class Places(NamedTuple):
    """The column of each role, from 0; None where there is none."""

    enrol: int
    test: int
    label: int | None = None
    score: int | None = None
    has_header: bool = False


def is_label(text: str) -> bool:
    """Tell whether a word is a label."""
    return text.lower() in _LABELS


class Column:
    """What a column of categories, or of floats, holds.

    Parameters
    ----------
    values : Series
    """

    def __init__(self, values: pd.Series) -> None:
        self.is_float = values.dtype == float
        self.names = pd.Index([]) if self.is_float else values.cat.categories
        self.codes = None if self.is_float else values.cat.codes.to_numpy()

    def share(self, is_so: np.ndarray) -> float:
        """Return the share of the lines whose category is so, from 0 to 1."""
        if self.codes is None:
            return 0.0
        counts = np.bincount(self.codes, minlength=len(self.names))
        return float(counts[is_so].sum() / len(self.codes))

    @cached_property
    def words(self) -> float:
        """Share of the lines with a label in words."""
        return self.share(self.names.str.lower().isin(_LABELS - _BITS))

    @cached_property
    def bits(self) -> float:
        """Share of the lines with 0 or 1."""
        return self.share(self.names.isin(_BITS))

    @cached_property
    def numbers(self) -> float:
        """Share of the lines with a finite number."""
        if self.is_float:
            return 1.0
        values = pd.to_numeric(self.names, errors="coerce").astype(float)
        return self.share(np.isfinite(values))

    @cached_property
    def is_decimal(self) -> bool:
        """Tell whether some number has a point, a sign or an exponent, unlike ids."""
        return self.is_float or bool(self.names.str.contains(r"[.eE+-]").any())

    @cached_property
    def is_padded(self) -> bool:
        """Tell whether some number begins with a needless zero, unlike scores."""
        return bool(self.names.str.contains(r"^0\d").any())

    @cached_property
    def is_extra(self) -> bool:
        """Tell whether it says something else of a trial, such as a call's side."""
        return not self.is_float and bool(self.names.str.fullmatch(_EXTRA).all())

    @cached_property
    def is_countermeasure(self) -> bool:
        """Tell whether all are labels of spoofing detection."""
        return set(self.names.str.lower()) == _COUNTERMEASURE


def find_places(path: Path | str, table: pd.DataFrame, value: Value) -> Places:
    """Tell the columns of a list without header from what they hold.

    Parameters
    ----------
    path : Path or str
        For messages.
    table : DataFrame
        Columns of categories, one of them perhaps of floats.
    value : str
        What is read beside the ids.

    Raises
    ------
    UserError
        No form has so many columns, or several fit.

    Example
    -------
    >>> table = pd.DataFrame([["034", "053", ".7"]], dtype="category")
    >>> find_places("scores.txt", table, "score")
    Places(enrol=0, test=1, label=None, score=2, has_header=False)
    """
    columns = [Column(table[name]) for name in table]
    finders = {2: _of_two, 3: _of_three, 4: _of_four, _N_ASVSPOOF: _of_asvspoof}
    n_columns = len(columns)
    if value == "label" and any(column.is_countermeasure for column in columns):
        raise UserError(
            f"{path}: bonafide and spoof are labels of spoofing detection, not of "
            "trials; take the list of speaker verification, with target and nontarget"
        )
    found = finders.get(n_columns, _of_none)(path, columns, value)
    if found is not None and (value == "label" or found.score is not None):
        return found
    raise UserError(
        f"{path}:1: {n_columns} columns, not 3: enrol, test and {value}; name them: "
        f"--columns enrol=1,test=2,{value}=3"
    )


def _of_two(path: Path | str, columns: list[Column], value: Value) -> Places | None:
    return Places(0, 1)


def _of_none(path: Path | str, columns: list[Column], value: Value) -> Places | None:
    return None


def _of_three(path: Path | str, columns: list[Column], value: Value) -> Places | None:
    """Tell whether the label or the score is first or last."""
    find = _find_label if value == "label" else _find_score
    place = find(path, columns, (0, 2))
    enrol, test = (1, 2) if place == 0 else (0, 1)
    place = 2 if place is None else place
    is_label = value == "label"
    return Places(enrol, test, place if is_label else None, None if is_label else place)


def _of_four(path: Path | str, columns: list[Column], value: Value) -> Places | None:
    """Tell apart label, score, and what else is said of a trial."""
    label = _find_label(path, columns, (0, 2, 3))
    if label is None and value == "label":
        return None
    if label is None:
        score = _find_score(path, columns, (0, 3))
    else:
        score = _beside_label(path, columns, label)
    ids = [place for place in range(4) if place not in (label, score)]
    if len(ids) > 2 and not columns[ids[2]].is_extra:
        return None
    return Places(ids[0], ids[1], label, score)


def _beside_label(path: Path | str, columns: list[Column], label: int) -> int | None:
    """Find the score before or after both ids; None where something else is said."""
    first, inner, last = (place for place in range(4) if place != label)
    is_extra = columns[last].is_extra and columns[last].numbers < 1
    if not is_extra:
        return _find_score(path, columns, (first, last), may_miss=True)
    if columns[first].numbers < 1:
        return None
    has_points = columns[first].is_decimal and not columns[inner].is_decimal
    if not has_points:  # ids of digits and a side, or a score and an id
        raise _unclear(path, "ids", "enrol", [first, last])
    return first


def _of_asvspoof(
    path: Path | str, columns: list[Column], value: Value
) -> Places | None:
    """Find the label of ASVspoof's trial metadata, which begin with both ids."""
    label = _find_label(path, columns, range(2, len(columns)))
    return None if label is None else Places(0, 1, label)


def _find_label(
    path: Path | str, columns: list[Column], among: Sequence[int]
) -> int | None:
    """Return the column of labels: words before 0 and 1, all before most."""
    words = [place for place in among if columns[place].words == 1]
    if len(words) == 1:
        return words[0]
    bits = [place for place in among if columns[place].bits == 1]
    bits += [place for place in among if 0.5 <= columns[place].words < 1]
    partly = [place for place in among if columns[place].bits >= 0.5]
    for found in (words, bits, partly):
        if len(found) > 1:
            raise _unclear(path, "labels", "label", found)
        if found:
            return found[0]
    return None


def _find_score(
    path: Path | str,
    columns: list[Column],
    among: Sequence[int],
    may_miss: bool = False,
) -> int | None:
    """Return the column of scores: all numbers, and no mere digits if there are two.

    Between them is an id: where ids have points too, or the second id alone is of
    mere digits, points tell nothing.
    """
    whole = [place for place in among if columns[place].numbers == 1]
    decimal = [place for place in whole if columns[place].is_decimal]
    inner = [n for n in range(min(among) + 1, max(among)) if columns[n].numbers == 1]
    may_be_ids = decimal == [0] and len(whole) == 2 and not inner
    may_be_ids = may_be_ids and not columns[whole[1]].is_padded
    if may_be_ids or any(columns[place].is_decimal for place in inner):
        decimal = []
    if len(whole) == 1 or len(decimal) == 1:
        return (decimal or whole)[0]
    if whole:
        raise _unclear(path, "scores", "score", whole)
    shares = {place: columns[place].numbers for place in among}
    best = max(among, key=lambda place: shares[place])
    is_best = list(shares.values()).count(shares[best]) == 1
    return best if is_best and shares[best] > 0 and not may_miss else None


def _unclear(path: Path | str, what: str, role: str, places: list[int]) -> UserError:
    """Say which columns may be meant, and how to name one."""
    numbers = " and ".join(str(place + 1) for place in places)
    names = {0: "voxceleb", 2: "kaldi"}
    form = " or ".join(
        f"--format {names[place]} ({role} {'first' if place == 0 else 'last'})"
        for place in places
        if place in names
    )
    return UserError(
        f"{path}: columns {numbers} may both be the {what}; say which: "
        f"{form} or --columns enrol=...,test=...,{role}=..."
    )
