"""The picture is sound SVG, and says what the turns say."""

import re
from xml.etree import ElementTree

import pytest

from utils.diarization.timeline import (
    LEFT,
    draw_timeline,
    pixels_per_s,
    speaker_rows,
    together,
)
from utils.diarization.turns import Turn

SVG = "{http://www.w3.org/2000/svg}"
TURNS = [
    Turn("call", "1", 1.0, 2.0, "zoë <b>"),
    Turn("call", "1", 2.5, 1.5, "bo"),
    Turn("call", "1", 8.0, 2.0, "zoë <b>"),
]


def bars(svg, kind="turn"):
    found = ElementTree.fromstring(svg).iter(f"{SVG}rect")
    return [rect for rect in found if rect.get("class") == kind]


def luminance(colour):
    """Return the relative luminance of WCAG 2.1."""
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [
        p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts
    ]
    return sum(w * p for w, p in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


@pytest.mark.parametrize("duration_s", [10.0, 36000.0])
def test_bars_lie_where_the_turns_are(duration_s):
    found = bars(draw_timeline(TURNS, duration_s))
    scale = pixels_per_s(duration_s, 1200 - LEFT)
    assert scale * duration_s < 1200 - LEFT
    for bar, turn in zip(found, TURNS, strict=True):
        assert float(bar.get("x")) == pytest.approx(turn.start_s * scale, abs=0.01)
        assert float(bar.get("data-stop")) == pytest.approx(turn.stop_s)
    rows = [bar.get("y") for bar in found]
    assert rows[0] == rows[2] != rows[1]


def test_times_do_not_touch():
    svg = draw_timeline(TURNS, 754.0)
    places = [float(x) for x in re.findall(r'<text x="([\d.]+)" y="16"', svg)]
    assert (
        len(places) > 5
        and min(b - a for a, b in zip(places, places[1:], strict=False)) > 50
    )


def test_nobody_and_names_that_are_markup():
    assert bars(draw_timeline([], 0.0)) == []
    assert "no speech" in draw_timeline([], 5.0)
    svg = draw_timeline(TURNS, 10.0)
    assert "<b>" not in svg and "zoë &lt;b&gt;" in svg
    long = [Turn("call", "1", 0.0, 1.0, 30 * "n")]
    assert f">{19 * 'n'}…<" in draw_timeline(long, 1.0)


def test_colours_can_be_seen_and_told_apart():
    turns = [Turn("call", "1", float(n), 1.0, f"s{n}") for n in range(8)]
    colours = [row.colour for row in speaker_rows(turns)]
    assert len(set(colours)) == 8
    assert min(1.05 / (luminance(own) + 0.05) for own in colours) >= 3  # on white


def test_where_several_speak():
    three = [*TURNS, Turn("call", "1", 2.8, 9.0, "carl"), TURNS[0]]
    assert together(three) == [(2.5, 4.0), (8.0, 10.0)]
    assert together([TURNS[0], TURNS[0]]) == []
    marked = bars(draw_timeline(three, 12.0), "together")
    assert len(marked) == 2 and "at once 3.5 s" in draw_timeline(three, 12.0)


def test_doubtful_turns_look_different():
    found = bars(draw_timeline(TURNS, 10.0, margins=[0.4, -0.1, None]))
    assert [bar.get("stroke-dasharray") is None for bar in found] == [True, False, True]
    assert "margin -0.10" in draw_timeline(TURNS, 10.0, margins=[0.4, -0.1, None])
