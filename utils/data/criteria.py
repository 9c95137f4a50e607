"""Criteria on the labels of a manifest's rows, such as ``age>=16`` or ``gender=f``."""

import operator
import re
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pandas as pd

from utils.data.labels import GENDERS
from utils.runtime.errors import UserError

_FORM = re.compile(r"\s*([\w]+)\s*(>=|<=|!=|=|>|<)\s*(.*?)\s*")
_COMPARE: dict[str, Callable] = {
    ">=": operator.ge, "<=": operator.le, ">": operator.gt, "<": operator.lt,
    "=": operator.eq, "!=": operator.ne,
}  # fmt: skip


class Criterion(NamedTuple):
    """What a row's label has to be.

    Attributes
    ----------
    column : str
    sign : str
        ``=``, ``!=``, ``<``, ``<=``, ``>`` or ``>=``.
    wanted : str
        A number is compared as such; case does not matter, and genders have many names.
    """

    column: str
    sign: str
    wanted: str

    def __str__(self) -> str:
        """Return it as it is written."""
        return "".join(self)


def parse_criterion(text: str, option: str) -> Criterion:
    """Read ``age>=16``.

    Parameters
    ----------
    text : str
    option : str
        For the message.

    Raises
    ------
    UserError
        It is of another form, or asks whether what is no number is more or less.

    Example
    -------
    >>> parse_criterion("age >= 16", "--where")
    Criterion(column='age', sign='>=', wanted='16')
    """
    match = _FORM.fullmatch(text)
    if match is None or not match[3]:
        raise UserError(f"{option} {text!r}: write age>=16 or gender=f")
    made = Criterion(*match.groups())
    if made.sign not in ("=", "!=") and _number(made.wanted) is None:
        raise UserError(
            f"{option} {text!r}: {made.wanted!r} is no number; compare by = or !="
        )
    return made


def fulfils(rows: pd.DataFrame, criterion: Criterion, option: str) -> np.ndarray:
    """Tell which rows fulfil a criterion: bool, shape (N,).

    A row without the label fulfils none.

    Raises
    ------
    UserError
        There is no such column.

    Example
    -------
    >>> rows = pd.DataFrame({"age": ["9", "20", ""], "gender": ["f", "m", "f"]})
    >>> fulfils(rows, Criterion("age", ">=", "16"), "--where").tolist()
    [False, True, False]
    >>> fulfils(rows, Criterion("gender", "=", "Female"), "--where").tolist()
    [True, False, True]
    """
    column, sign, wanted = criterion
    if column not in rows:
        has = ", ".join(own for own in rows if own not in ("ID", "wav", "spk_id"))
        raise UserError(
            f"{option} {criterion}: no column {column!r}; there are {has or 'none'}: "
            "name one of them, or a manifest with that column"
        )
    values, compare = rows[column].fillna("").astype(str), _COMPARE[sign]
    number = _number(wanted)
    if number is None:
        is_so = compare(values.map(lambda own: _key(column, own)), _key(column, wanted))
    else:
        numbers = pd.to_numeric(values, errors="coerce")
        is_so = compare(numbers, number) & numbers.notna()
    return (is_so & (values != "")).to_numpy()


def _key(column: str, value: str) -> str:
    key = value.casefold()
    return GENDERS.get(key, key) if column == "gender" else key


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
