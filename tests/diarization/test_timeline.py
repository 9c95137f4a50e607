"""The picture is sound SVG, and the page names its recording."""

from xml.etree import ElementTree

import pytest

from utils.diarization.timeline import draw_timeline, render_listening_page
from utils.diarization.turns import Turn

SVG = "{http://www.w3.org/2000/svg}"
TURNS = [
    Turn("call", "1", 1.0, 2.0, "zoë <b>"),
    Turn("call", "1", 2.5, 1.5, "bo"),
    Turn("call", "1", 8.0, 2.0, "zoë <b>"),
]


def bars(svg):
    found = ElementTree.fromstring(svg).iter(f"{SVG}rect")
    return [rect for rect in found if rect.get("class") == "turn"]


@pytest.mark.parametrize("duration_s", [10.0, 36000.0])
def test_bars_lie_where_the_turns_are(duration_s):
    found = bars(draw_timeline(TURNS, duration_s))
    scale = (1200 - 130 - 10) / duration_s
    for bar, turn in zip(found, TURNS, strict=True):
        assert float(bar.get("x")) == pytest.approx(
            130 + turn.start_s * scale, abs=0.01
        )
        assert float(bar.get("data-stop")) == pytest.approx(turn.stop_s)
    rows = [bar.get("y") for bar in found]
    assert rows[0] == rows[2] != rows[1]


def test_nobody_and_names_that_are_markup():
    assert bars(draw_timeline([], 0.0)) == []
    svg = draw_timeline(TURNS, 10.0)
    assert "<b>" not in svg and "zoë &lt;b&gt;" in svg


def test_the_page_plays_the_recording():
    page = render_listening_page("call", "../a&b #1.wav", TURNS, 10.0, {"bo": "x < y"})
    assert 'src="../a%26b%20%231.wav"' in page and "x &lt; y" in page
    assert page.count('<rect class="turn"') == 3
