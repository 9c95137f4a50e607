"""Enrolment lists: lines ``model utterance utterance ...``."""

from pathlib import Path

from utils.runtime.atomic import replacing_file
from utils.runtime.errors import UserError
from utils.runtime.text import read_lines


def read_enrolment(path: Path | str) -> dict[str, list[str]]:
    """Read an enrolment list: the utterances of each model.

    Raises
    ------
    UserError
        The file is missing, a model has no utterance or occurs twice, or an
        utterance comes twice in one model.
    """
    models: dict[str, list[str]] = {}
    for line, text in enumerate(read_lines(path), start=1):
        model, *utterances = text.split() or [""]
        if not utterances:
            raise UserError(f"{path}:{line}: no utterance of {model!r}; add one")
        if model in models:
            raise UserError(f"{path}:{line}: model {model!r} again; use one line")
        twice = [name for name in utterances if utterances.count(name) > 1]
        if twice:
            raise UserError(
                f"{path}:{line}: {twice[0]!r} twice in model {model!r}; keep one"
            )
        models[model] = utterances
    return models


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
