"""Trial lists and score files of any form, read as the columns that count.

The names in a header tell the form, or else all lines do: the column of labels holds
labels alone, that of scores numbers alone (`utils.trials.inference`). Where that leaves
a choice the form must be named, see `utils.trials.forms`.
"""

import re
from pathlib import Path

import numpy as np
import pandas as pd

from utils.runtime.errors import UserError
from utils.trials.columns import raise_at_first
from utils.trials.forms import FORMS, header_roles, parse_columns
from utils.trials.inference import Places, Value, find_places, is_label
from utils.trials.layout import Layout, read_columns, read_layout

_LINES = {"label": "enrol test target|nontarget", "score": "enrol test score"}
_TRUTHS = {"0", "1", "true", "false"}


def read_form(path: Path | str, value: Value, form: str = "auto") -> pd.DataFrame:
    r"""Read a list of any form.

    Parameters
    ----------
    path : Path or str
    value : str
        What is read beside the ids: ``label`` or ``score``.
    form : str
        A name of `utils.trials.forms.FORMS`, columns such as
        ``enrol=1,test=2,label=3``, or ``auto``.

    Returns
    -------
    DataFrame
        Columns ``enrol`` and ``test`` (categories) and ``label`` (category of text; not
        there in a list without labels) or ``score`` (float). The row of index n is
        line n + 1 of the file.

    Raises
    ------
    UserError
        The file is missing, empty or malformed, its form is not clear, or a score is
        no finite number.

    Example
    -------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "trials.txt"
    >>> _ = path.write_text("0 u1 tgt\n1 u1 imp\n")
    >>> read_form(path, "label")["label"].tolist()
    ['tgt', 'imp']
    """
    layout = read_layout(path, _LINES[value])
    named = _named_places(path, layout, value, form)
    table, places = _read_all(path, layout, value, named)
    remedy = f"lines are: {_LINES[value]}"
    for role in ("enrol", "test", value):
        column = getattr(places, role)
        if column is not None and table[column].dtype != float:
            what = f"fewer than {table.shape[1]} columns"
            empty = table[column] == ""
            raise_at_first(path, empty, table[column], what, remedy)
    found = {"enrol": table[places.enrol], "test": table[places.test]}
    if value == "score":
        found["score"] = _scores(path, table[places.score])
    elif places.label is not None:
        found["label"] = table[places.label]
    return pd.DataFrame(found)


def _read_all(
    path: Path | str, layout: Layout, value: Value, named: Places | None
) -> tuple[pd.DataFrame, Places]:
    """Read all lines, the scores as numbers where that can be done at once."""
    lines = _LINES[value]
    places, header = named, named is not None and named.has_header
    if places is None and value == "score":
        try:  # the first lines may tell which column is to be read as numbers
            places = find_places(path, layout.rows.astype("category"), value)
        except UserError:
            places = None
    number = places.score if places is not None and value == "score" else None
    try:
        table = read_columns(path, layout, lines, number, header)
        if number is not None and not np.isfinite(table[number]).all():
            raise ValueError
    except ValueError:  # some score is no number: find it
        table = read_columns(path, layout, lines, None, header)
    return table, named or find_places(path, table, value)


def _scores(path: Path | str, texts: pd.Series) -> pd.Series:
    """Return scores as numbers, or tell the first that is none."""
    numbers = texts
    if texts.dtype != float:
        levels = pd.to_numeric(texts.cat.categories, errors="coerce").astype(float)
        numbers = pd.Series(levels.to_numpy()[texts.cat.codes], index=texts.index)
    is_bad = ~np.isfinite(numbers.to_numpy())
    if is_bad.any():
        first = str(texts.iloc[int(is_bad.argmax())])
        has_comma = re.fullmatch(r"[+-]?\d*,\d+", first) is not None
        remedy = "write a decimal point" if has_comma else "score it again"
        raise_at_first(path, is_bad, texts.astype(str), "no finite score:", remedy)
    return numbers


def _named_places(
    path: Path | str, layout: Layout, value: Value, form: str
) -> Places | None:
    """Return the columns that the form or a header names; None if neither does."""
    header = _header_places(layout)
    if "=" in form:
        places = _places_by_column(path, layout, form, header is not None)
    elif header is not None:
        places = header
    elif form == "auto":
        return None
    else:
        places = _places_of_form(path, layout, value, form)
    if value == "score" and places.score is None:
        raise UserError(
            f"{path}:1: no column of scores; name it: --columns enrol=1,test=2,score=3"
        )
    return places


def _header_places(layout: Layout) -> Places | None:
    """Find the roles of a header's names; None where the first line is no header.

    "enrol test target" is a header where truth values stand under it.
    """
    names = layout.head.iloc[0].tolist()
    found = header_roles(names, layout.is_of_blanks)
    label = found.get("label")
    if label is not None and is_label(names[label]):
        below = layout.head.iloc[1:, label].str.lower()
        if below.empty or not below.isin(_TRUTHS).all():
            return None
    if not found:
        return None
    label, score = found.get("label"), found.get("score")
    return Places(found["enrol"], found["test"], label, score, has_header=True)


def _places_of_form(
    path: Path | str, layout: Layout, value: Value, form: str
) -> Places:
    """Return the columns of a form by name."""
    roles = [value if role == "value" else role for role in FORMS[form]]
    n_columns = layout.head.shape[1]
    if n_columns != len(roles):
        raise UserError(
            f"{path}:1: {n_columns} columns, not the {len(roles)} of the form {form}: "
            f"{' '.join(roles)}; name another, or --columns"
        )
    found = {role: n for n, role in enumerate(roles)}
    label, score = found.get("label"), found.get("score")
    return Places(found["enrol"], found["test"], label, score)


def _places_by_column(
    path: Path | str, layout: Layout, text: str, has_header: bool
) -> Places:
    """Return the columns that ``--columns`` names, by number or by the header."""
    names = layout.head.iloc[0].tolist()
    found = {}
    for role, name in parse_columns(text).items():
        if name.isdigit() and 1 <= int(name) <= len(names):
            found[role] = int(name) - 1
        elif name in names:
            found[role], has_header = names.index(name), True
        else:
            raise UserError(
                f"{path}:1: no column {name!r}; there are 1 to {len(names)}: "
                f"{', '.join(names)}"
            )
    label, score = found.get("label"), found.get("score")
    return Places(found["enrol"], found["test"], label, score, has_header)
