"""A page on which the turns of a recording can be heard, by itself and offline."""

from collections.abc import Mapping, Sequence
from html import escape
from urllib.parse import quote

from utils.diarization import timeline
from utils.diarization.timeline import Row, clock
from utils.diarization.turns import Turn

_PIXELS_PER_S, _NARROWEST, _WIDEST = 8.0, 1000.0, 60000.0
_STYLE = """
:root { color-scheme: light; }
body { font: 15px/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 1240px;
  padding: 0 1.2rem 2rem; color: #111; background: #fff; }
h1 { font-size: 1.4rem; overflow-wrap: anywhere; }
header { position: sticky; top: 0; background: #fff; padding: .3rem 0; z-index: 1; }
audio { width: 100%; }
.picture { display: flex; border: 1px solid #bbb; }
.picture svg { display: block; flex: none; }
.line { overflow-x: auto; position: relative; }
#now { position: absolute; top: 0; bottom: 0; width: 0; border-left: 2px solid #c00;
  pointer-events: none; }
rect.turn, [data-start] { cursor: pointer; }
rect.turn:hover { stroke: #000; }
rect.on { stroke: #000; stroke-width: 3; stroke-dasharray: none; }
table { border-collapse: collapse; margin: .5rem 0; }
td, th { padding: .15rem 1.2rem .15rem 0; text-align: left; vertical-align: top; }
tr.on { background: #fff3bf; } td.number { text-align: right;
  font-variant-numeric: tabular-nums; }
button { font: inherit; border: 1px solid #888; border-radius: 4px; background: #f4f4f4;
  cursor: pointer; }
.swatch { display: inline-block; width: .8em; height: .8em; margin-right: .5em; }
.note { color: #555; } #fault { color: #b00; }
"""
_SCRIPT = """
const audio = document.querySelector("audio"), now = document.querySelector("#now");
const line = document.querySelector(".line"), scale = Number(line.dataset.scale);
const marked = [...document.querySelectorAll("rect.turn, tr.turn")];
let stop = Infinity;
function play(from, to) {
  stop = to;
  audio.currentTime = from;
  audio.play();
}
function show() {
  const time = audio.currentTime;
  if (time >= stop) { audio.pause(); stop = Infinity; }
  const x = time * scale;
  now.style.left = `${x}px`;
  if (!audio.paused && (x < line.scrollLeft || x > line.scrollLeft + line.clientWidth))
    line.scrollLeft = x - 40;
  for (const turn of marked) turn.classList.toggle("on", !audio.paused &&
    Number(turn.dataset.start) <= time && time < Number(turn.dataset.stop));
}
document.addEventListener("click", (event) => {
  const turn = event.target.closest("[data-start]");
  if (turn) play(Number(turn.dataset.start), Number(turn.dataset.stop));
  else if (event.target.closest(".line")) {
    stop = Infinity;
    const left = line.getBoundingClientRect().left;
    audio.currentTime = (event.clientX - left + line.scrollLeft) / scale;
  }
});
audio.addEventListener("timeupdate", show);
audio.addEventListener("pause", show);
audio.addEventListener("error", () => {
  document.querySelector("#fault").textContent =
    `This browser cannot play ${audio.getAttribute("src")}: it is not there, or of a ` +
    "kind that browsers do not know.";
});
"""


def render_listening_page(
    title: str,
    audio: str,
    turns: Sequence[Turn],
    duration_s: float,
    about: Mapping[str, str],
    margins: Sequence[float | None] | None = None,
) -> str:
    """Make a page with the timeline, on which a click on a turn plays it.

    Parameters
    ----------
    title : str
    audio : str
        Path of the recording from the page's folder.
    turns : sequence of Turn
    duration_s : float
    about : mapping of str
        What is said of each speaker.
    margins : sequence of float or None, optional
        How sure each turn is (`utils.diarization.turn_scores`).

    Example
    -------
    >>> page = render_listening_page("a", "../a b.wav", [], 5.0, {})
    >>> 'src="../a%20b.wav"' in page
    True
    """
    rows = timeline.speaker_rows(turns)
    at_once = timeline.together(turns)
    at_once_s = sum(stop - start for start, stop in at_once)
    width = int(min(max(_NARROWEST, _PIXELS_PER_S * duration_s), _WIDEST))
    names = timeline.picture(timeline.LEFT, rows, [*timeline.names(rows, at_once_s)])
    bars = [*timeline.bars(turns, rows, duration_s, width, margins)]
    scale = timeline.pixels_per_s(duration_s, width)
    return (
        f'<!DOCTYPE html>\n<html lang="en">\n<meta charset="utf-8">\n'
        f'<meta name="viewport" content="width=device-width">\n'
        f"<title>{escape(title)}</title>\n<style>{_STYLE}</style>\n"
        f"<h1>{escape(title)}</h1>\n<header>\n"
        f'<audio controls preload="metadata" src="{quote(audio)}"></audio>\n'
        f'<div id="fault"></div>\n</header>\n<div class="picture">{names}'
        f'<div class="line" data-scale="{scale:.6f}">'
        f'{timeline.picture(width, rows, bars)}<div id="now"></div></div></div>\n'
        f'<p class="note">{_NOTE}</p>\n'
        f"<h2>Speakers</h2>\n<table>{_speakers(rows, turns, about)}</table>\n"
        f"<h2>Turns</h2>\n<table>{_turns(rows, turns, margins)}</table>\n"
        f"<script>{_SCRIPT}</script>\n</html>\n"
    )


_NOTE = (
    "A click on a turn plays it, one beside the turns goes there. Pale turns with a "
    f"broken edge have a margin below {timeline.DOUBTFUL}: another speaker's voice is "
    "about as near. The dark bars below are where several speak at once."
)


def _speakers(
    rows: Sequence[Row], turns: Sequence[Turn], about: Mapping[str, str]
) -> str:
    """Lay out a row for each speaker, with the longest turn to be heard."""
    lines = []
    for row in rows:
        own = [turn for turn in turns if turn.speaker == row.name]
        longest = max(own, key=lambda turn: turn.duration_s)
        lines.append(
            f"<tr><td>{_named(row)}</td><td>{_button(longest, 'hear')}</td>"
            f"<td>{escape(about.get(row.name, ''))}</td></tr>"
        )
    return "".join(lines)


def _turns(
    rows: Sequence[Row],
    turns: Sequence[Turn],
    margins: Sequence[float | None] | None,
) -> str:
    """Lay out a row for each turn."""
    named = {row.name: _named(row) for row in rows}
    lines = [
        "<tr><th></th><th>from</th><th>to</th><th>speaker</th><th>margin</th></tr>"
    ]
    for turn, margin in zip(turns, margins or [None] * len(turns), strict=True):
        lines.append(
            f'<tr class="turn" {_times(turn)}><td>{_button(turn, "▶")}</td>'
            f'<td class="number">{clock(turn.start_s)}</td>'
            f'<td class="number">{clock(turn.stop_s)}</td>'
            f"<td>{named[turn.speaker]}</td>"
            f'<td class="number">{"" if margin is None else f"{margin:.2f}"}</td></tr>'
        )
    return "".join(lines)


def _named(row: Row) -> str:
    colour = f"background:{row.colour}"
    return f'<span class="swatch" style="{colour}"></span>{escape(row.name)}'


def _button(turn: Turn, text: str) -> str:
    label = f"{turn.speaker} at {clock(turn.start_s)}"
    return f'<button {_times(turn)} aria-label="{escape(label)}">{text}</button>'


def _times(turn: Turn) -> str:
    return f'data-start="{turn.start_s:.3f}" data-stop="{turn.stop_s:.3f}"'
