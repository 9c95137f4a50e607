"""A line of the terminal that a person can watch."""

from collections import deque
from collections.abc import Sequence
from typing import TextIO

from utils.live.listener import Listener, Moment
from utils.speakers.gallery import Identification

_STEPS = "▁▂▃▄▅▆▇█"
_MOST_DRAWN = 30  # bars
_SPAN = 6.0  # log-likelihood ratios on either side of the threshold


def draw_trajectory(llrs: Sequence[float], threshold: float | None) -> str:
    """Draw ratios as bars; from the fifth step on they reach the threshold (or 0).

    Example
    -------
    >>> draw_trajectory([-7.0, 0.5, 2.9, 4.2, 12.0], threshold=2.9)
    '▁▃▅▅█'
    """
    lowest = (threshold or 0.0) - _SPAN
    places = [int((llr - lowest) / (2 * _SPAN) * len(_STEPS)) for llr in llrs]
    return "".join(_STEPS[min(max(place, 0), len(_STEPS) - 1)] for place in places)


def name_briefly(found: Identification) -> str:
    """Name who it is.

    Example
    -------
    >>> from utils.speakers.gallery import Match
    >>> matches = [Match("anna", 1.3), Match("bo", -2.0)]
    >>> name_briefly(Identification(matches, 2.9)), name_briefly(
    ...     Identification(matches, None)
    ... )
    ('unknown (anna 1.3)', 'anna 1.3')
    """
    best = found.matches[0]
    nearest = f"{best.name} {best.llr:.1f}"
    return nearest if found.name else f"unknown ({nearest})"


def tell(moment: Moment, llrs: Sequence[float]) -> str:
    """Say who it is now, with what it was until now, and who it is by all so far."""
    parts = [moment.refused] if moment.refused else []
    if moment.now and moment.now.found:
        found = moment.now.found
        parts += [name_briefly(found), draw_trajectory(llrs, found.threshold)]
    if moment.so_far and moment.so_far.found:
        parts.append(f"so far {name_briefly(moment.so_far.found)}")
    return "  ".join(parts)


class Line:
    """One line that changes; or, where lines cannot, one for each answer.

    Parameters
    ----------
    out : text file
    changes : bool
        Whether it is a terminal.
    """

    def __init__(self, out: TextIO, changes: bool) -> None:
        self._out, self._changes = out, changes
        self._llrs: deque[float] = deque(maxlen=_MOST_DRAWN)
        self._told = ""

    def show(self, moments: Sequence[Moment], listener: Listener) -> None:
        """Show answers, and whether somebody is speaking at the moment."""
        for moment in moments:
            if moment.now and moment.now.found:
                self._llrs.append(moment.now.found.matches[0].llr)
            self._told = tell(moment, self._llrs)
            if not self._changes:
                self._write(moment.time_s, listener.is_speech, "\n")
        if self._changes:
            self._write(listener.time_s, listener.is_speech, "")

    def end(self) -> None:
        """Leave the line."""
        if self._changes:
            print(file=self._out)

    def _write(self, time_s: float, is_speech: bool, ending: str) -> None:
        minutes, seconds = divmod(int(time_s), 60)
        clear = "\r\x1b[K" if self._changes else ""
        dot = "●" if is_speech else "○"
        text = f"{clear}{minutes}:{seconds:02d}  {dot}  {self._told}"
        print(text, end=ending, file=self._out, flush=True)
