"""Kaldi's segments: stretches of recordings, and their channels."""

from pathlib import Path
from typing import NamedTuple

from utils.data.channels import channel_number
from utils.runtime.errors import UserError
from utils.runtime.text import read_lines


class Segment(NamedTuple):
    """A stretch of a recording.

    Attributes
    ----------
    recording : str
    start_s, stop_s : float
        A stop of NaN is the recording's end.
    channel : str
        From 0; empty where none is told.
    """

    recording: str
    start_s: float = 0.0
    stop_s: float = float("nan")
    channel: str = ""


def read_segments(path: Path) -> dict[str, Segment]:
    """Read lines ``utterance recording start end``, perhaps with a channel.

    An end of -1 is the recording's end.

    Raises
    ------
    UserError
        A line is malformed, or an utterance comes twice.

    Example
    -------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "segments"
    >>> _ = path.write_text("u1 call 0.5 -1 B")
    >>> read_segments(path)["u1"]
    Segment(recording='call', start_s=0.5, stop_s=nan, channel='1')
    """
    found: dict[str, Segment] = {}
    for line, text in enumerate(read_lines(path), start=1):
        if not text.strip():
            continue
        name, *rest = text.split()
        if name in found:
            raise UserError(f"{path}:{line}: a second entry of {name!r}; keep one")
        try:
            found[name] = _parse(rest)
        except ValueError:
            raise UserError(
                f"{path}:{line}: {text.strip()!r} is not 'utterance recording start_s "
                "end_s', perhaps with a channel from 0; mend the line"
            ) from None
    return found


def _parse(words: list[str]) -> Segment:
    recording, start, stop, *channel = words
    if len(channel) > 1:
        raise ValueError
    start_s, stop_s = float(start), float(stop)
    if stop_s == -1:
        stop_s = float("nan")
    elif not 0 <= start_s < stop_s < float("inf"):
        raise ValueError
    return Segment(recording, start_s, stop_s, channel_number("".join(channel)))
