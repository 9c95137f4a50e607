"""Which stretch of a file an utterance is, in the many ways that tables tell it.

A start (``start``, ``begin``, ``onset``, ``offset``), a stop (``stop``, ``end``,
``finish``) and a length (``duration``, ``length``), also as ``start_time`` and the
like. A unit in the name counts: ``_s``, ``_ms``, ``_samples``. Without one a length is
in seconds; starts and stops are seconds where one of them has a fraction, and samples
where they are so large that they can be nothing else; what may be either is refused.
"""

import re
from pathlib import Path

import pandas as pd

from utils.runtime.errors import UserError

TIMES = ("start", "stop", "start_s", "stop_s", "length_s")
_NAME = re.compile(
    "(?P<start>start|begin|onset|offset)|(?P<stop>stop|end|finish)|(?P<length>duration|length)"
)
_UNITS = {
    "s": 1.0, "sec": 1.0, "secs": 1.0, "seconds": 1.0, "ms": 1e-3, "msec": 1e-3,
    "milliseconds": 1e-3, "sample": None, "samples": None, "": None,
}  # fmt: skip
_MISSING = {"", "nan", "na", "none", "null"}
_FEWEST_SAMPLES = 1000  # of an utterance; so many seconds are none
_LATEST_S = 100_000.0
_LARGEST = 1e12


def read_times(path: Path, table: pd.DataFrame) -> pd.DataFrame:
    """Replace the columns of a table that tell times by those of `TIMES`.

    Parameters
    ----------
    path : Path
        The table's file, for messages.
    table : DataFrame of str

    Returns
    -------
    DataFrame
        ``start`` and ``stop`` are in samples, the others in seconds; missing values
        are NaN, as is a stop of -1: the file's end.

    Raises
    ------
    UserError
        A time is no number, two columns tell the same, or seconds and samples cannot
        be told apart.

    Example
    -------
    >>> table = pd.DataFrame({"offset": ["2.5"], "duration": ["3"], "age": ["30"]})
    >>> read_times(Path("list.csv"), table)
      age  start_s  length_s
    0  30      2.5       3.0
    """
    columns = _find_columns(path, table)
    numbers = {
        kind: _numbers(path, table[column], kind)
        for kind, (column, _) in columns.items()
    }
    table = table.drop(columns=[c for c in table.columns if _meaning(c)[0]])
    for kind, unit in _choose_units(path, columns, numbers).items():
        scale = _UNITS[unit]
        name = kind if scale is None else f"{kind}_s"
        table[name] = numbers[kind] * (scale or 1)
    return table


def _find_columns(path: Path, table: pd.DataFrame) -> dict[str, tuple[str, str]]:
    """Return the column of start, stop and length, and the unit in its name."""
    found: dict[str, tuple[str, str]] = {}
    for column in table.columns:
        kind, unit = _meaning(column)
        if kind in found and kind != "length":
            raise UserError(
                f"{path}:1: {found[kind][0]!r} and {column!r} both tell the {kind}; "
                "keep one"
            )
        if kind:
            found.setdefault(kind, (column, unit))
    return found


def _choose_units(
    path: Path, columns: dict[str, tuple[str, str]], numbers: dict[str, pd.Series]
) -> dict[str, str]:
    """Return the unit of each time that is needed; lengths are not, beside stops."""
    named = {kind: found for kind, found in columns.items() if kind != "length"}
    told = [unit for _, unit in named.values() if unit]
    plain = [column for column, unit in named.values() if not unit]
    if plain and not told:
        told = ["s" if _are_seconds(path, numbers, plain) else "samples"]
    units = {kind: unit or told[0] for kind, (_, unit) in named.items()}
    if "start" in named and "stop" not in named and "length" in columns:
        units["length"] = columns["length"][1] or "s"
    return units


def _meaning(column: str) -> tuple[str, str]:
    """Return what a column tells, and the unit in its name; nothing for a label."""
    words = re.sub(r"[^a-z]+", " ", column.lower()).split()
    match = _NAME.fullmatch(words[0]) if words else None
    rest = [word for word in words[1:] if word != "time"]
    if match is None or match.lastgroup is None or len(rest) > 1:
        return "", ""
    unit = rest[0] if rest else ""
    return (match.lastgroup, unit) if unit in _UNITS else ("", "")


def _numbers(path: Path, texts: pd.Series, kind: str) -> pd.Series:
    """Turn a column into numbers, NaN where it says nothing."""
    is_missing = texts.str.strip().str.lower().isin(_MISSING)
    numbers = pd.to_numeric(texts.mask(is_missing), errors="coerce").astype(float)
    if kind == "stop":
        is_missing |= numbers == -1
        numbers = numbers.mask(is_missing)
    is_bad = ~is_missing & ~numbers.between(0, _LARGEST)
    if is_bad.any():
        line = int(is_bad.to_numpy().argmax()) + 2
        raise UserError(
            f"{path}:{line}: {texts.name} is no number of seconds or samples: "
            f"{texts.iloc[line - 2]!r}; correct the row"
        )
    return numbers


def _are_seconds(path: Path, numbers: dict[str, pd.Series], columns: list[str]) -> bool:
    """Decide between seconds and samples for columns whose names tell no unit."""
    times = pd.concat([numbers[k] for k in ("start", "stop") if k in numbers]).dropna()
    if (times % 1 != 0).any():
        return True
    if not times.any():
        return False
    start = numbers.get("start", 0.0 * numbers.get("stop", times)).fillna(0)
    if "stop" in numbers:
        stretch = (numbers["stop"] - start).dropna()
        told = numbers["length"].reindex(stretch.index) if "length" in numbers else None
        ratio = float((stretch / told[told > 0]).median()) if told is not None else 0.0
        if 0.9 < ratio < 1.1:
            return True
        if ratio >= _FEWEST_SAMPLES or stretch.max() >= _FEWEST_SAMPLES:
            return False
    elif columns == ["offset"]:
        return True  # NeMo's and lhotse's, always in seconds
    elif times.max() >= _LATEST_S:
        return False
    raise UserError(
        f"{path}:1: {' and '.join(columns)} may be seconds or samples; call them "
        f"{' and '.join(f'{name}_s' for name in columns)} if they are seconds, "
        f"{' and '.join(f'{name}_samples' for name in columns)} if not"
    )
