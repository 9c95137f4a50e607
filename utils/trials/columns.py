"""Files of three columns: trial lists and score files."""

import gzip
from pathlib import Path

import numpy as np
import pandas as pd

from utils.runtime.atomic import replacing_file
from utils.runtime.errors import UserError

NIST_IDS = ("modelid", "model_id")  # first word of a NIST table's header


def read_columns(
    path: Path | str, form: str, dtype: object = str, n_lines: int | None = None
) -> pd.DataFrame:
    """Read three columns of any form, with or without compression.

    Columns are separated by blanks or tabs; or the file is a NIST table (tabs, with
    a header; the side column is dropped) or Parquet. The names of the columns are
    0, 1 and 2.

    Parameters
    ----------
    path : Path or str
        ``.gz``, ``.bz2``, ``.xz`` and ``.zst`` are decompressed.
    form : str
        What a line holds, for messages.
    dtype : type or dict of type
        Type of the columns.
    n_lines : int, optional
        How many lines to read; all by default.

    Raises
    ------
    UserError
        The file is missing, empty or malformed.
    ValueError
        A value is not of its ``dtype``.
    """
    remedy = f"lines are: {form}"
    try:
        if Path(path).suffix == ".parquet":
            table = _read_parquet(path, dtype)
        else:
            table = _read_text(path, dtype, n_lines)
    except FileNotFoundError:
        raise UserError(f"{path}: no such file; check the name") from None
    except pd.errors.EmptyDataError:
        raise UserError(f"{path}: empty; {remedy}") from None
    except (pd.errors.ParserError, UnicodeDecodeError, OSError, EOFError) as error:
        reason = str(error).strip().splitlines()[-1]
        raise UserError(f"{path}: malformed ({reason}); {remedy}") from None
    if table.shape[1] != 3:
        raise UserError(f"{path}:1: {table.shape[1]} columns, not 3; {remedy}")
    for column in table:
        is_empty = table[column] == ""
        raise_at_first(path, is_empty, table[column], "fewer than 3 columns", remedy)
    return table


def _read_text(path: Path | str, dtype: object, n_lines: int | None) -> pd.DataFrame:
    options = {"dtype": dtype, "na_filter": False, "quoting": 3, "nrows": n_lines}
    head = pd.read_csv(path, sep="\t", header=None, dtype=str, quoting=3, nrows=1)
    if head.iloc[0, 0] in NIST_IDS:
        table = pd.read_csv(path, sep="\t", **options | {"dtype": str})
        table = table.drop(columns="side", errors="ignore")
        table.columns = range(table.shape[1])
        table.index += 1  # after the header
        return table.astype(dtype)
    if head.shape[1] == 1:
        options |= {"skipinitialspace": True}
    separator = "\t" if head.shape[1] > 1 else " "
    return pd.read_csv(path, sep=separator, header=None, **options)


def _read_parquet(path: Path | str, dtype: object) -> pd.DataFrame:
    try:
        table = pd.read_parquet(path)
    except ImportError:
        raise UserError(
            f"{path}: reading Parquet needs the package pyarrow; install it"
        ) from None
    table.columns = range(table.shape[1])
    return table.astype(dtype)


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
        The file; the row of index n is its line n + 1.
    is_bad : array of bool, shape (n_lines,)
    values : Series
        What is shown of the bad line.
    what, remedy : str
        What is wrong, and how to mend it.
    """
    is_bad = np.asarray(is_bad)
    if is_bad.any():
        row = int(is_bad.argmax())
        raise UserError(
            f"{path}:{values.index[row] + 1}: {what} {values.iloc[row]!r}; {remedy}"
        )


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
