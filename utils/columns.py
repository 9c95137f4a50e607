"""Text files of three columns: trial lists and score files."""

from pathlib import Path

import numpy as np
import pandas as pd

from utils.atomic import replacing_file
from utils.errors import UserError


def read_columns(
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
        raise_at_first(path, is_empty, table[column], "fewer than 3 columns", remedy)
    return table


def write_columns(path: Path | str, columns: list[pd.Series]) -> None:
    """Write three columns of equal length, separated by blanks."""
    with replacing_file(path) as temporary:
        with temporary.open("w", encoding="utf-8", newline="\n") as file:
            lines = zip(*(column.tolist() for column in columns), strict=True)
            file.writelines(f"{a} {b} {c}\n" for a, b, c in lines)


def raise_at_first(
    path: Path | str, is_bad: pd.Series, values: pd.Series, what: str, remedy: str
) -> None:
    """Raise a `UserError` with the line of the first bad value, if there is one.

    Parameters
    ----------
    path : Path or str
        The file; row n of the columns is its line n + 1.
    is_bad : array of bool, shape (n_lines,)
    values : Series
        What is shown of the bad line.
    what, remedy : str
        What is wrong, and how to mend it.
    """
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
