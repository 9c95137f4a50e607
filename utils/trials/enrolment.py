"""Enrolment lists: lines ``model utterance utterance ...``, or a table.

A table has a header such as ``modelid segmentid side`` and an utterance a line, as in
the NIST evaluations.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from utils.runtime.atomic import replacing_file
from utils.runtime.errors import UserError
from utils.runtime.text import read_lines
from utils.trials.forms import header_roles


def read_enrolment(path: Path | str) -> dict[str, list[str]]:
    """Read an enrolment list: the utterances of each model.

    Raises
    ------
    UserError
        The file is missing or no text, a model has no utterance or occurs twice, or
        an utterance comes twice in one model.
    """
    models: dict[str, list[str]] = {}
    for line, model, utterances, is_table in enrolment_lines(path):
        if not utterances:
            raise UserError(f"{path}:{line}: no utterance of {model!r}; add one")
        if model in models and not is_table:
            raise UserError(
                f"{path}:{line}: model {model!r} again; use one line, or write "
                "modelid segmentid above lines of one utterance"
            )
        own = models.setdefault(model, [])
        own += utterances
        twice = [name for name in utterances if own.count(name) > 1]
        if twice:
            raise UserError(
                f"{path}:{line}: {twice[0]!r} twice in model {model!r}; keep one"
            )
    return models


def enrolment_lines(
    path: Path | str,
) -> Iterator[tuple[int, str, list[str], bool]]:
    """Yield the lines of an enrolment list that are not empty.

    Yields
    ------
    line : int
        From 1.
    model : str
    utterances : list of str
        Perhaps none.
    is_table : bool
        Each line has one, and a model may have several lines.

    Raises
    ------
    UserError
        The file is missing or no text.
    """
    lines = read_lines(path)
    first = _cells(lines[0]) if lines else []
    roles = header_roles(first, is_of_blanks=False)
    for line, text in enumerate(lines, start=1):
        if roles and line > 1 and text.strip():
            cells = _cells(text) + [""] * len(first)
            model, name = cells[roles["enrol"]], cells[roles["test"]]
            yield line, model, [name] if name else [], True
        elif not roles and text.strip():
            model, *utterances = text.split()
            yield line, model, utterances, False


def _cells(line: str) -> list[str]:
    """Cut a line of a table at tabs, commas or semicolons, else at blanks."""
    mark = next((mark for mark in "\t,;" if mark in line), None)
    cells = line.split(mark)
    return [re.sub(r'^"(.*)"$', r"\1", cell.strip()) for cell in cells]


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
