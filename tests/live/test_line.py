"""The line that a person watches."""

import io
from types import SimpleNamespace

import numpy as np

from utils.live.line import Line, tell
from utils.live.listener import Heard, Moment
from utils.speakers.gallery import Identification, Match


def moment(time_s, llr, refused=""):
    found = Identification([Match("anna", llr), Match("bo", -9.0)], 2.9)
    heard = None if refused else Heard(np.ones(1), found)
    return Moment(time_s, time_s, heard, heard, refused)


def test_who_it_is_and_how_it_was():
    assert tell(moment(3.0, 4.2), [-2.0, 1.0, 4.2]) == (
        "anna 4.2  ▁▃▅  so far anna 4.2"
    )  # fmt: skip
    assert tell(moment(3.0, 1.0), [1.0]).startswith("unknown (anna 1.0)  ▃")
    assert tell(moment(3.0, 0.0, "no speech in it"), []) == "no speech in it"


def test_a_terminal_has_one_line_and_a_file_one_for_each_answer():
    listener = SimpleNamespace(time_s=65.0, is_speech=True)
    written = {}
    for is_terminal in (True, False):
        out = io.StringIO()
        line = Line(out, is_terminal)
        line.show([moment(61.0, 4.2)], listener)
        line.show([], listener)
        line.end()
        written[is_terminal] = out.getvalue()
    assert written[False] == "1:01  ●  anna 4.2  ▅  so far anna 4.2\n"
    assert written[True].count("\r\x1b[K1:05  ●  anna 4.2") == 2
    assert written[True].count("\n") == 1
