"""A picture of who spoke when."""

from collections.abc import Iterator, Sequence
from html import escape
from typing import NamedTuple

import numpy as np

from utils.diarization.activity import spans_of_speakers
from utils.diarization.turns import Turn

LEFT = 190  # pixels for names
DOUBTFUL = 0.1  # turns with less margin are pale
_COLOURS = (  # each has a contrast of 3 or more with white; neighbours differ most
    "#0072b2", "#d55e00", "#00805c", "#7b3fa0", "#8a6a00", "#c2478a", "#007a8a",
    "#5a5a5a",
)  # fmt: skip
_ROW, _TOP, _BOTTOM, _RIGHT = 36, 30, 28, 24  # pixels
_BAR, _TOGETHER = 22, 8  # heights: a turn; where several speak
_LONGEST_NAME = 20  # letters
_TICKS_S = (1, 2, 5, 10, 30, 60, 120, 300, 600, 1800, 3600)
_LEAST_TICK = 60  # pixels between times


class Row(NamedTuple):
    """A speaker's place in the picture: name, colour, seconds of speech."""

    name: str
    colour: str
    speech_s: float


def speaker_rows(turns: Sequence[Turn]) -> list[Row]:
    """Give each speaker a row, as they appear.

    Example
    -------
    >>> [row] = speaker_rows([Turn("call", "1", 1.0, 2.5, "anna")])
    >>> row.name, row.speech_s
    ('anna', 2.5)
    """
    speech_s: dict[str, float] = {}
    for turn in sorted(turns, key=lambda turn: (turn.start_s, turn.speaker)):
        speech_s[turn.speaker] = speech_s.get(turn.speaker, 0.0) + turn.duration_s
    return [
        Row(name, _COLOURS[place % len(_COLOURS)], own_s)
        for place, (name, own_s) in enumerate(speech_s.items())
    ]


def together(turns: Sequence[Turn]) -> list[tuple[float, float]]:
    """Return where at least two speakers talk, in seconds.

    Example
    -------
    >>> turns = [Turn("a", "1", 0.0, 3.0, "x"), Turn("a", "1", 2.0, 4.0, "y")]
    >>> together(turns)
    [(2.0, 3.0)]
    """
    steps = [
        step
        for spans in spans_of_speakers(turns).values()
        for start, stop in spans
        for step in ((start, 1), (stop, -1))
    ]
    found, n_talking, since = [], 0, 0.0
    for time_s, step in sorted(steps):
        if step > 0 and n_talking == 1:
            since = time_s
        if step < 0 and n_talking == 2 and time_s > since:
            found.append((since, time_s))
        n_talking += step
    return found


def draw_timeline(
    turns: Sequence[Turn],
    duration_s: float,
    width: int = 1200,
    margins: Sequence[float | None] | None = None,
) -> str:
    """Draw turns as bars, a row for each speaker, as SVG.

    Parameters
    ----------
    turns : sequence of Turn
        Those of one recording.
    duration_s : float
    width : int
        Pixels.
    margins : sequence of float or None, optional
        How sure each turn is (`utils.diarization.turn_scores`).

    Example
    -------
    >>> svg = draw_timeline([Turn("call", "1", 1.0, 2.5, "anna")], 10.0)
    >>> svg.count('class="turn"'), "anna" in svg
    (1, True)
    """
    rows = speaker_rows(turns)
    return picture(
        width,
        rows,
        [
            *names(rows, sum(end - start for start, end in together(turns))),
            f'<g transform="translate({LEFT})">',
            *bars(turns, rows, duration_s, width - LEFT, margins),
            "</g>",
        ],
    )


def picture(width: int, rows: Sequence[Row], parts: Sequence[str]) -> str:
    """Make an SVG of parts."""
    height = _TOP + _ROW * max(len(rows), 1) + _BOTTOM
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}" font-family="system-ui, sans-serif" '
        f'font-size="13">\n<rect width="{width}" height="{height}" fill="#fff"/>'
    )
    return "\n".join([head, *parts, "</svg>"]) + "\n"


def names(rows: Sequence[Row], together_s: float) -> Iterator[str]:
    """Draw the speakers' names, with their seconds."""
    for place, row in enumerate(rows):
        y = _TOP + place * _ROW
        name = row.name
        if len(name) > _LONGEST_NAME:
            name = name[: _LONGEST_NAME - 1] + "…"
        yield (
            f'<rect x="8" y="{y + 7}" width="6" height="{_BAR}" fill="{row.colour}"/>'
            f'<text x="22" y="{y + 17}" fill="#111">{escape(name)}'
            f"<title>{escape(row.name)}</title></text>"
            f'<text x="22" y="{y + 31}" fill="#555" font-size="11">'
            f"{row.speech_s:.1f} s</text>"
        )
    y = _TOP + len(rows) * _ROW
    if rows:
        yield (
            f'<text x="22" y="{y + 14}" fill="#555" font-size="11">several at once '
            f"{together_s:.1f} s</text>"
        )
    else:
        yield f'<text x="22" y="{y + 20}" fill="#555">no speech</text>'


def pixels_per_s(duration_s: float, width: int) -> float:
    """Return how far a second reaches in bars of a width."""
    return (width - _RIGHT) / max(duration_s, 1e-3)


def bars(
    turns: Sequence[Turn],
    rows: Sequence[Row],
    duration_s: float,
    width: int,
    margins: Sequence[float | None] | None = None,
) -> Iterator[str]:
    """Draw time, turns, and where several speak; from 0 to a width."""
    scale = pixels_per_s(duration_s, width)
    places = {row.name: place for place, row in enumerate(rows)}
    bottom = _TOP + len(rows) * _ROW
    yield from _axis(duration_s, scale, bottom)
    for start_s, stop_s in together(turns):
        x, w = start_s * scale, max((stop_s - start_s) * scale, 0.5)
        yield (
            f'<rect x="{x:.2f}" y="{_TOP}" width="{w:.2f}" height="{bottom - _TOP}" '
            f'fill="#000" fill-opacity=".08"/><rect class="together" x="{x:.2f}" '
            f'y="{bottom + 6}" width="{w:.2f}" height="{_TOGETHER}" fill="#333"/>'
        )
    for turn, margin in zip(turns, margins or [None] * len(turns), strict=True):
        place = places[turn.speaker]
        yield _bar(turn, margin, rows[place].colour, _TOP + place * _ROW + 7, scale)


def _bar(turn: Turn, margin: float | None, colour: str, y: int, scale: float) -> str:
    title = f"{turn.speaker}, {clock(turn.start_s)} to {clock(turn.stop_s)}"
    if margin is not None:
        title += f", margin {margin:.2f}"
    is_doubtful = margin is not None and margin < DOUBTFUL
    paint = (
        f'fill="{colour}" fill-opacity=".3" stroke="{colour}" stroke-dasharray="3 2"'
        if is_doubtful
        else f'fill="{colour}"'
    )
    return (
        f'<rect class="turn" x="{turn.start_s * scale:.2f}" y="{y}" '
        f'width="{max(turn.duration_s * scale, 0.5):.2f}" height="{_BAR}" {paint} '
        f'data-start="{turn.start_s:.3f}" data-stop="{turn.stop_s:.3f}">'
        f"<title>{escape(title)}</title></rect>"
    )


def _axis(duration_s: float, scale: float, bottom: int) -> Iterator[str]:
    """Draw a line and the time every so many seconds."""
    step_s = next((s for s in _TICKS_S if s * scale >= _LEAST_TICK), _TICKS_S[-1])
    for time_s in np.arange(0, duration_s + 1e-6, step_s):
        x = time_s * scale
        yield (
            f'<path d="M{x:.1f} {_TOP - 8}V{bottom}" stroke="#ddd"/>'
            f'<text x="{max(x, 4):.1f}" y="16" fill="#555" font-size="11" '
            f'text-anchor="{"middle" if time_s else "start"}">{clock(time_s)}</text>'
        )


def clock(time_s: float) -> str:
    """Write a time as minutes or hours.

    Example
    -------
    >>> clock(65.25), clock(3723)
    ('1:05.2', '1:02:03')
    """
    minutes, seconds = divmod(time_s, 60)
    if minutes >= 60:
        return f"{int(minutes) // 60}:{int(minutes) % 60:02}:{int(seconds):02}"
    tenths = f".{int(seconds * 10) % 10}" if seconds % 1 else ""
    return f"{int(minutes)}:{int(seconds):02}{tenths}"
