"""Turns of speakers in recordings, and the files that hold them: RTTM and UEM.

The formats are those of NIST's Rich Transcription evaluations (RT-09 plan, appendix
A): text, a line a turn or a region, comments after ``;;``.
"""

import math
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple, TypeVar

from utils.runtime.atomic import replacing_file
from utils.runtime.errors import UserError
from utils.runtime.text import read_lines

Parsed = TypeVar("Parsed")


class Turn(NamedTuple):
    """What one speaker says without a break.

    Attributes
    ----------
    file, channel : str
        The recording, and its channel as RTTM has it: from 1.
    start_s, duration_s : float
        Not negative. A turn of no length is none when turns are scored.
    speaker : str
    """

    file: str
    channel: str
    start_s: float
    duration_s: float
    speaker: str

    @property
    def stop_s(self) -> float:
        """The end, in seconds."""
        return self.start_s + self.duration_s


class Region(NamedTuple):
    """A stretch of a recording that is scored.

    Attributes
    ----------
    file, channel : str
        As in `Turn`.
    start_s, stop_s : float
        The stop may lie beyond the recording's end.
    """

    file: str
    channel: str
    start_s: float
    stop_s: float


def read_rttm(path: Path | str) -> list[Turn]:
    r"""Read the lines ``SPEAKER`` of an RTTM file, not those of other kinds.

    Turns may be in any order, overlap, have no length, and names in any script.

    Returns
    -------
    list of Turn
        In file order.

    Raises
    ------
    UserError
        The file is missing or no UTF-8, or a line is malformed, begins before 0, or
        has a negative length.

    Example
    -------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "call.rttm"
    >>> line = "SPEAKER call 1 0.5 2.0 <NA> <NA> zoë <NA> <NA>"
    >>> _ = path.write_text(line, encoding="utf-8")
    >>> read_rttm(path)
    [Turn(file='call', channel='1', start_s=0.5, duration_s=2.0, speaker='zoë')]
    """
    return _read(path, _parse_turn)


def write_rttm(path: Path | str, turns: Iterable[Turn]) -> None:
    """Write turns, sorted by file, channel and time; times to the millisecond.

    Raises
    ------
    UserError
        A name is empty or has a blank, which would end it.
    """
    lines = []
    for turn in sorted(turns):
        for name in (turn.file, turn.channel, turn.speaker):
            if len(name.split()) != 1:
                raise UserError(
                    f"{path}: the name {name!r} is empty or has a blank, which RTTM "
                    "cannot hold; put _ there"
                )
        lines.append(
            f"SPEAKER {turn.file} {turn.channel} {turn.start_s:.3f} "
            f"{turn.duration_s:.3f} <NA> <NA> {turn.speaker} <NA> <NA>\n"
        )
    with replacing_file(path) as temporary:
        temporary.write_text("".join(lines), encoding="utf-8")


def read_uem(path: Path | str) -> list[Region]:
    """Read a UEM file: lines ``file channel start_s stop_s``.

    Raises
    ------
    UserError
        The file is missing, or a line is malformed or names no stretch of time.

    Example
    -------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "call.uem"
    >>> _ = path.write_text("call 1 0 30.5")
    >>> read_uem(path)
    [Region(file='call', channel='1', start_s=0.0, stop_s=30.5)]
    """
    return _read(path, _parse_region)


def _read(
    path: Path | str, parse: Callable[[list[str]], Parsed | None]
) -> list[Parsed]:
    """Parse each line that is no comment; ``parse`` raises ValueError with a fault."""
    found = []
    for line, text in enumerate(read_lines(path), start=1):
        words = text.partition(";;")[0].split()
        if not words:
            continue
        try:
            parsed = parse(words)
        except ValueError as error:
            raise UserError(f"{path}:{line}: {error}; mend the line") from None
        if parsed is not None:
            found.append(parsed)
    return found


def _parse_turn(words: list[str]) -> Turn | None:
    if words[0] != "SPEAKER":
        if words[0].replace("-", "").replace("_", "").isupper() and len(words) >= 8:
            return None  # LEXEME, NON-SPEECH, SPKR-INFO and others
        raise ValueError(f"{words[0]!r} is no kind of line of RTTM, such as SPEAKER")
    if len(words) < 8:
        raise ValueError(
            f"{len(words)} fields are not 'SPEAKER file channel start_s duration_s "
            "<NA> <NA> speaker'"
        )
    _, file, channel, start, duration, _, _, speaker, *_ = words
    start_s, duration_s = _seconds(start), _seconds(duration)
    if start_s < 0:
        raise ValueError(f"a turn begins at {start} s, before the recording")
    if duration_s < 0:
        raise ValueError(f"a turn of negative length, {duration} s")
    return Turn(file, channel, start_s, duration_s, speaker)


def _parse_region(words: list[str]) -> Region:
    if len(words) != 4:
        raise ValueError(
            f"{len(words)} fields are not 'file channel start_s stop_s' of a UEM"
        )
    file, channel, start, stop = words
    start_s, stop_s = _seconds(start), _seconds(stop)
    if not 0 <= start_s < stop_s:
        raise ValueError(f"from {start} to {stop} s is no stretch of a recording")
    return Region(file, channel, start_s, stop_s)


def _seconds(word: str) -> float:
    try:
        value = float(word)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise ValueError(f"{word!r} is no time in seconds")
    return value
