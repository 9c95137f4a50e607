"""A picture of who spoke when, and a page on which its turns can be heard."""

from collections.abc import Sequence
from html import escape
from urllib.parse import quote

from utils.diarization.turns import Turn

_COLOURS = (  # P. Tol, "Colour schemes" (2021), bright, then muted
    "#4477aa", "#ee6677", "#228833", "#ccbb44", "#66ccee", "#aa3377", "#332288",
    "#cc6677", "#117733", "#999933", "#882255", "#44aa99",
)  # fmt: skip
_ROW, _LEFT, _TOP = 26, 130, 24  # pixels
_TICKS_S = (1, 2, 5, 10, 30, 60, 120, 300, 600, 1800, 3600)
_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; margin: 1.5rem; color: #222; }
.line { overflow-x: auto; border: 1px solid #ccc; }
rect.turn { cursor: pointer; } rect.on { stroke: #000; stroke-width: 2; }
audio { width: 100%; margin: .8rem 0; }
td, th { padding: .2rem 1rem .2rem 0; text-align: left; }
"""
_SCRIPT = """
const audio = document.querySelector("audio");
const turns = [...document.querySelectorAll("rect.turn")];
let stop = Infinity;
for (const turn of turns) turn.addEventListener("click", () => {
  stop = Number(turn.dataset.stop);
  audio.currentTime = Number(turn.dataset.start);
  audio.play();
});
audio.addEventListener("timeupdate", () => {
  const now = audio.currentTime;
  if (now >= stop) { audio.pause(); stop = Infinity; }
  for (const turn of turns) turn.classList.toggle("on",
    !audio.paused && turn.dataset.start <= now && now < turn.dataset.stop);
});
"""


def draw_timeline(turns: Sequence[Turn], duration_s: float, width: int = 1200) -> str:
    """Draw turns as bars, a row for each speaker, as SVG.

    Parameters
    ----------
    turns : sequence of Turn
        Those of one recording.
    duration_s : float
    width : int
        Pixels.

    Example
    -------
    >>> svg = draw_timeline([Turn("call", "1", 1.0, 2.5, "anna")], 10.0)
    >>> svg.count("<rect class"), "anna" in svg
    (1, True)
    """
    speakers = list(dict.fromkeys(turn.speaker for turn in sorted_by_time(turns)))
    height = _TOP + _ROW * max(len(speakers), 1) + 6
    scale = (width - _LEFT - 10) / max(duration_s, 1e-3)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="12">',
        f'<rect width="{width}" height="{height}" fill="#fff"/>',
        *_axis(duration_s, scale, height),
    ]
    for row, speaker in enumerate(speakers):
        y = _TOP + row * _ROW
        parts.append(f'<text x="8" y="{y + 16}">{escape(speaker[:18])}</text>')
    for turn in turns:
        row = speakers.index(turn.speaker)
        parts.append(_bar(turn, row, scale))
    return "\n".join([*parts, "</svg>"]) + "\n"


def sorted_by_time(turns: Sequence[Turn]) -> list[Turn]:
    """Return turns in the order of their starts."""
    return sorted(turns, key=lambda turn: (turn.start_s, turn.speaker))


def _bar(turn: Turn, row: int, scale: float) -> str:
    title = f"{turn.speaker} {clock(turn.start_s)} to {clock(turn.stop_s)}"
    return (
        f'<rect class="turn" x="{_LEFT + turn.start_s * scale:.2f}" '
        f'y="{_TOP + row * _ROW + 3}" width="{max(turn.duration_s * scale, 0.5):.2f}" '
        f'height="{_ROW - 8}" fill="{_COLOURS[row % len(_COLOURS)]}" '
        f'data-start="{turn.start_s:.3f}" data-stop="{turn.stop_s:.3f}">'
        f"<title>{escape(title)}</title></rect>"
    )


def _axis(duration_s: float, scale: float, height: int) -> list[str]:
    """Draw a line and the time every so many seconds."""
    step_s = next((s for s in _TICKS_S if s * scale >= 70), _TICKS_S[-1])
    lines = []
    for n in range(int(duration_s / step_s) + 1):
        x = _LEFT + n * step_s * scale
        lines.append(
            f'<path d="M{x:.1f} {_TOP - 4}V{height}" stroke="#ddd"/>'
            f'<text x="{x + 3:.1f}" y="14" fill="#666">{clock(n * step_s)}</text>'
        )
    return lines


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


def render_listening_page(
    title: str,
    audio: str,
    turns: Sequence[Turn],
    duration_s: float,
    about: dict[str, str],
) -> str:
    """Make a page with the timeline, on which a click on a turn plays it.

    Parameters
    ----------
    title : str
    audio : str
        Path of the recording from the page's folder.
    turns : sequence of Turn
    duration_s : float
    about : dict of str
        What is said of each speaker.

    Example
    -------
    >>> page = render_listening_page("a", "../a b.wav", [], 5.0, {})
    >>> 'src="../a%20b.wav"' in page
    True
    """
    width = int(min(max(1200.0, 8 * duration_s), 60000))
    rows = "".join(
        f"<tr><td>{escape(name)}</td><td>{escape(text)}</td></tr>"
        for name, text in about.items()
    )
    return (
        f'<!DOCTYPE html>\n<html lang="en">\n<meta charset="utf-8">\n'
        f"<title>{escape(title)}</title>\n<style>{_STYLE}</style>\n"
        f"<h1>{escape(title)}</h1>\n<p>Click on a turn to hear it.</p>\n"
        f'<audio controls preload="metadata" src="{quote(audio)}"></audio>\n'
        f'<div class="line">{draw_timeline(turns, duration_s, width)}</div>\n'
        f"<table>{rows}</table>\n<script>{_SCRIPT}</script>\n</html>\n"
    )
