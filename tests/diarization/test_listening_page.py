"""The page names its recording, needs nothing else, and has every turn twice."""

import re

from tests.diarization.test_timeline import TURNS
from utils.diarization.listening_page import render_listening_page


def test_the_page_plays_the_recording():
    page = render_listening_page("call", "../a&b #1.wav", TURNS, 10.0, {"bo": "x < y"})
    assert 'src="../a%26b%20%231.wav"' in page and "x &lt; y" in page
    assert page.count('<rect class="turn"') == page.count('<tr class="turn"') == 3
    assert not re.search(r"https?://(?!www.w3.org/2000/svg)", page)


def test_each_speaker_is_heard_in_the_longest_turn():
    turns = [TURNS[0], TURNS[2]._replace(duration_s=3.0)]
    page = render_listening_page("call", "a.wav", turns, 12.0, {})
    (button,) = re.findall(r"<button ([^>]*)>hear", page)
    assert 'data-start="8.000" data-stop="11.000"' in button


def test_a_recording_without_speech():
    page = render_listening_page("call", "a.wav", [], 5.0, {})
    assert "no speech" in page and "<button" not in page
