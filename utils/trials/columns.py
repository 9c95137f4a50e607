"""Columns of lists: written, checked, found again, and pairs of ids compared."""

import gzip
import re
from pathlib import Path

import numpy as np
import pandas as pd

from utils.runtime.atomic import replacing_file
from utils.runtime.errors import UserError


def write_columns(path: Path | str, columns: dict[str, pd.Series]) -> None:
    """Write three columns of equal length, separated by blanks, or as Parquet.

    Parameters
    ----------
    path : Path or str
        ``.gz`` compresses; ``.parquet`` chooses that format.
    columns : dict of Series
        By name; text has no header.
    """
    with replacing_file(path) as temporary:
        if Path(path).suffix == ".parquet":
            pd.DataFrame(columns).to_parquet(temporary, index=False)
            return
        opener = gzip.open if Path(path).suffix == ".gz" else open
        with opener(temporary, "wt", encoding="utf-8", newline="\n") as file:
            lines = zip(*(column.tolist() for column in columns.values()), strict=True)
            file.writelines(f"{a} {b} {c}\n" for a, b, c in lines)


def raise_at_first(
    path: Path | str, is_bad: pd.Series, values: pd.Series, what: str, remedy: str
) -> None:
    """Raise a `UserError` with the line of the first bad value, if there is one.

    Parameters
    ----------
    path : Path or str
        The file; the row of index n is that of its line n + 1, blank ones not counted.
    is_bad : array of bool, shape (n_lines,)
    values : Series
        What is shown of the bad line.
    what, remedy : str
        What is wrong, and how to mend it.
    """
    is_bad = np.asarray(is_bad)
    if is_bad.any():
        row = int(is_bad.argmax())
        line = line_of(path, int(values.index[row]))
        raise UserError(f"{path}:{line}: {what} {values.iloc[row]!r}; {remedy}")


def line_of(path: Path | str, row: int) -> int:
    """Return the line of a row, which blank lines have no share in; from 1."""
    if Path(path).suffix == ".parquet":
        return row + 1
    return int(np.flatnonzero(_lines(path).str.strip() != "")[row]) + 1


def place_of(path: Path | str, *cells: str) -> str:
    """Return ``path:line`` of the first line with all the cells, else the path."""
    if Path(path).suffix == ".parquet":
        return str(path)
    lines = _lines(path)
    has_all = pd.Series(True, index=lines.index)
    for cell in cells:
        has_all &= lines.str.contains(rf'(?<![^\s,;"]){re.escape(cell)}(?![^\s,;"])')
    return f"{path}:{int(has_all.argmax()) + 1}" if has_all.any() else str(path)


def _lines(path: Path | str) -> pd.Series:
    """Read all lines of a text, blank ones too, decompressed."""
    whole = {"sep": "\x1f", "header": None, "names": [0], "quoting": 3, "dtype": str}
    return pd.read_csv(path, **whole, na_filter=False, skip_blank_lines=False)[0]


def pair_keys(*tables: pd.DataFrame) -> list[np.ndarray]:
    """Give the pairs of ids in tables numbers, equal ones to equal pairs.

    Parameters
    ----------
    tables : DataFrame
        Columns ``enrol`` and ``test`` (categories).

    Returns
    -------
    list of ndarray of int64
        A number for each row of each table.
    """
    sides, n_ids = number_ids(*tables)
    return [enrol * n_ids + test for enrol, test in sides]


def number_ids(
    *tables: pd.DataFrame,
) -> tuple[list[tuple[np.ndarray, np.ndarray]], int]:
    """Give ids numbers, equal ones to equal ids on both sides of all tables.

    Returns
    -------
    sides : list of (ndarray of int64, ndarray of int64)
        Numbers of ``enrol`` and ``test`` of each table's rows.
    n_ids : int
    """
    names = pd.Index([])
    for table in tables:
        for column in ("enrol", "test"):
            names = names.union(table[column].cat.categories.astype(str))
    sides = []
    for table in tables:
        enrol, test = (
            names.get_indexer(table[column].cat.categories)[table[column].cat.codes]
            for column in ("enrol", "test")
        )
        sides.append((enrol.astype(np.int64), test.astype(np.int64)))
    return sides, len(names)
