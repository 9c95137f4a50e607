"""Words for likelihood ratios, from a scale that the user names with its source."""

import math
from pathlib import Path
from typing import NamedTuple

from utils.runtime.errors import UserError
from utils.runtime.text import read_lines

_FORM = (
    "the first line is '# source: ...', the others 'ratio,words' with ratios that rise "
    "from 1"
)


class Scale(NamedTuple):
    """A verbal scale.

    Attributes
    ----------
    source : str
        Where it is from.
    steps : tuple of (float, str)
        The least ratio of each step, rising from 1, and its words.
    """

    source: str
    steps: tuple[tuple[float, str], ...]

    def __call__(self, llr: float) -> str:
        """Return the words for a natural-log ratio, and which proposition they favour.

        Example
        -------
        >>> scale = Scale("a book", ((1.0, "weak support"), (10.0, "more support")))
        >>> scale(math.log(20)), scale(-math.log(2))
        ('more support for one person', 'weak support for two persons')
        """
        times = math.exp(min(abs(llr), 700.0))
        words = [own for least, own in self.steps if times >= least * (1 - 1e-12)][-1]
        return f"{words} for {'one person' if llr >= 0 else 'two persons'}"


def read_scale(path: Path | str) -> Scale:
    r"""Read a verbal scale.

    Raises
    ------
    UserError
        The file is missing, or of another form.

    Example
    -------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "scale.csv"
    >>> _ = path.write_text("# source: a book, p. 1\n1,weak support\n10,more\n")
    >>> read_scale(path).steps
    ((1.0, 'weak support'), (10.0, 'more'))
    """
    lines = read_lines(path)
    source = lines[0].partition("source:")[2].strip() if lines else ""
    if not source or not lines[0].startswith("#"):
        raise UserError(f"{path}:1: no source of the scale is named; {_FORM}")
    steps: list[tuple[float, str]] = []
    for number, line in enumerate(lines[1:], start=2):
        least, _, words = line.partition(",")
        try:
            steps.append((float(least), words.strip()))
        except ValueError:
            raise UserError(f"{path}:{number}: {line!r} is no step; {_FORM}") from None
        is_rising = steps[-1][0] > steps[-2][0] if steps[1:] else steps[0][0] == 1
        if not is_rising or not words.strip():
            raise UserError(f"{path}:{number}: {line!r} is out of order; {_FORM}")
    if not steps:
        raise UserError(f"{path}: no steps; {_FORM}")
    return Scale(source, tuple(steps))
