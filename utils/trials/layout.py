"""How a list is cut into columns: text with a separator, or Parquet."""

import lzma
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from utils.runtime.errors import UserError

_HEAD = 1000  # lines from which separator and types are told
_BLANKS = r"\s+"


class Layout(NamedTuple):
    """How a file is cut into columns.

    Attributes
    ----------
    separator : str or None
        What separates the columns of text; None is Parquet.
    head : DataFrame of str
        The first lines, a header among them; columns 0, 1, ...
    """

    separator: str | None
    head: pd.DataFrame

    @property
    def is_of_blanks(self) -> bool:
        """Tell whether blanks separate the columns."""
        return self.separator == _BLANKS

    @property
    def rows(self) -> pd.DataFrame:
        """The first lines, without the header that Parquet has."""
        return self.head.iloc[1:] if self.separator is None else self.head


def read_layout(path: Path | str, lines: str) -> Layout:
    """Read the first lines of a list.

    Parameters
    ----------
    path : Path or str
        Columns are separated by tabs, commas, semicolons or blanks. ``.gz``,
        ``.bz2``, ``.xz`` and ``.zst`` are decompressed; ``.parquet`` has a header.
    lines : str
        What a line holds, for messages.

    Raises
    ------
    UserError
        The file is missing, empty, broken or no text.
    """
    if Path(path).suffix == ".parquet":
        table = _read_parquet(path, lines)
        names = pd.DataFrame([list(map(str, table))])
        rows = table.head(_HEAD).astype(str).set_axis(names.columns, axis=1)
        return Layout(None, pd.concat([names, rows], ignore_index=True))
    whole = _read_text(path, lines, "\x1f", dtype=str, nrows=_HEAD)[0].str.strip()
    separator = _separator(whole)
    head = _read_text(path, lines, separator, dtype=str, nrows=_HEAD)
    return Layout(separator, _trimmed(head))


def read_columns(
    path: Path | str,
    layout: Layout,
    lines: str,
    number: int | None = None,
    has_header: bool = False,
) -> pd.DataFrame:
    """Read all columns of a list, as categories of text.

    Parameters
    ----------
    path : Path or str
    layout : Layout
    lines : str
        What a line holds, for messages.
    number : int, optional
        A column to be read as floats.
    has_header : bool
        The first line is none of the list.

    Returns
    -------
    DataFrame
        Columns 0, 1, ...; the row of index n is line n + 1 of the file.

    Raises
    ------
    UserError
        The file is malformed.
    ValueError
        A cell of the column ``number`` is no number.
    """
    number_only: dict = {} if number is None else {number: float}
    if layout.separator is None:
        table = _read_parquet(path, lines)
        table = table.set_axis(range(table.shape[1]), axis=1)
        texts = {column: str for column in table if column != number}
        table = table.astype(texts | number_only)
    else:
        skipped = int(has_header)
        kinds = dict.fromkeys(layout.head, str) | number_only
        table = _read_text(path, lines, layout.separator, dtype=kinds, skiprows=skipped)
        table.index += skipped
    for column in table:
        if column != number:
            table[column] = table[column].astype("category")
    return _trimmed(table)


def _separator(lines: pd.Series) -> str:
    """Choose what separates the columns: a mark that is in all lines, or blanks."""
    widths = lines.str.split().str.len()
    for mark in ("\t", ";", ","):
        counts = lines.str.count(mark)
        if counts.min() == 0 or counts.nunique() > 1:
            continue
        if mark == "\t" and counts.min() > 1:
            return mark
        # a blank beside a mark belongs to it: "a, b, 0.5", but not "a b 0,5"
        is_cut = lines.str.contains(rf"[^\s{mark}]\s+[^\s{mark}]").any()
        if not is_cut or widths.nunique() > 1 or widths.min() == 1:
            return mark
    return _BLANKS


def _read_text(
    path: Path | str, lines: str, separator: str, **options: object
) -> pd.DataFrame:
    """Read text without header."""
    quoting = 0 if separator in (",", ";") else 3  # CSV has quotes, others have none
    fixed = {"header": None, "na_filter": False, "sep": separator, "quoting": quoting}
    try:
        return _told(path, lines, lambda: pd.read_csv(path, **fixed, **options))
    except UnicodeDecodeError as error:
        is_utf16 = error.object[:2] in (b"\xff\xfe", b"\xfe\xff")
        coding = "UTF-16" if is_utf16 else "no UTF-8"
        raise UserError(f"{path}: {coding} text; save it as UTF-8") from None


def _read_parquet(path: Path | str, lines: str) -> pd.DataFrame:
    """Read Parquet; pyarrow's errors are ValueErrors."""
    try:
        return _told(path, lines, lambda: pd.read_parquet(path))
    except ImportError:
        raise UserError(
            f"{path}: reading Parquet needs the package pyarrow; install it"
        ) from None
    except ValueError as error:
        reason = str(error).strip().splitlines()[0]
        raise UserError(f"{path}: broken Parquet ({reason}); write it again") from None


def _told(
    path: Path | str, lines: str, read: Callable[[], pd.DataFrame]
) -> pd.DataFrame:
    """Read, and tell in one line what is wrong with the file."""
    remedy = f"lines are: {lines}"
    try:
        return read()
    except FileNotFoundError:
        raise UserError(f"{path}: no such file; check the name") from None
    except pd.errors.EmptyDataError:
        raise UserError(f"{path}: empty; {remedy}") from None
    except (
        pd.errors.ParserError, OSError, EOFError, zlib.error, lzma.LZMAError
    ) as error:  # fmt: skip
        reason = (str(error).strip().splitlines() or [type(error).__name__])[-1]
        raise UserError(f"{path}: malformed ({reason}); {remedy}") from None


def _trimmed(table: pd.DataFrame) -> pd.DataFrame:
    """Take the blanks around cells away, and empty columns at the end."""
    for column in table:
        values = table[column]
        if isinstance(values.dtype, pd.CategoricalDtype):
            names = values.cat.categories
            if not names.equals(names.str.strip()):
                table[column] = values.astype(str).str.strip().astype("category")
        elif values.dtype != float:
            table[column] = values.str.strip()
    while table.shape[1] > 1 and _is_empty(table.iloc[:, -1]):
        table = table.iloc[:, :-1]
    return table


def _is_empty(values: pd.Series) -> bool:
    """Tell whether a column holds nothing, as after a separator that ends all lines."""
    return values.dtype != float and bool((values == "").all())
