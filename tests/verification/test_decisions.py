import json

import numpy as np
import pytest

from utils.runtime.errors import UserError
from utils.verification.decisions import (
    FILE,
    Decisions,
    Limits,
    Tail,
    Threshold,
    read_decisions,
    write_decisions,
)
from utils.verification.rates import Rate, Rates
from utils.verification.rises import Rise

RATES = Rates(Rate(0.01, 0.005, 0.02), Rate(0.03, 0.01, 0.06), 100, 9000)
DECISIONS = Decisions(
    "a1",
    (Threshold(0.05, 1.5, {"as recorded": RATES}), Threshold(0.01, 2.5, {})),
    Tail((0.1, 0.01), (1.0, 3.0)),
    {"speech_s": Limits(1.5, 0.7, "cut short")},
    {"source": "voices", "speakers": 20},
    recordings=Rise((1.0, 2.0, 3.0), (0.0, 0.8, 1.1)),
    speech_s=Rise((3.0, 6.0), (0.0, 0.4)),
)


def test_what_is_written_is_read(tmp_path):
    write_decisions(tmp_path, DECISIONS, {"commit": "c"})
    assert read_decisions(tmp_path, "a1") == DECISIONS
    assert json.loads((tmp_path / FILE).read_text())["commit"] == "c"


def test_a_system_without_decisions(tmp_path):
    assert read_decisions(tmp_path, "a1") is None


def test_decisions_of_another_encoder(tmp_path):
    write_decisions(tmp_path, DECISIONS, {})
    with pytest.raises(UserError, match="another encoder.*calibrate_system"):
        read_decisions(tmp_path, "b2")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"thresholds": 1}',
        '{"model_sha256": "a1", "thresholds": [{"far": "x"}]}',
        '{"model_sha256": "a1", "thresholds": [], "limits": {"a": {}}}',
        '{"model_sha256": "a1", "measured_on": {}, "thresholds": [], "limits": {}, '
        '"tail": {"fars": [0.1], "llrs": [1.0]}}',  # of a time without rises
    ],
)
def test_broken_decisions(tmp_path, text):
    (tmp_path / FILE).write_text(text)
    with pytest.raises(UserError, match="broken"):
        read_decisions(tmp_path, "a1")


def test_thresholds_by_their_rate():
    assert DECISIONS.threshold(0.01).llr == 2.5
    with pytest.raises(UserError, match=r"--far 0.02: measured were 0.05, 0.01"):
        DECISIONS.threshold(0.02)


def test_what_is_told():
    lines = list(DECISIONS.lines())
    assert (
        "  as recorded: FAR 1.00 % (0.50 to 2.00), FRR 3.00 % (1.00 to 6.00)" in lines
    )
    assert "speech_s: cut short below 1.5, measured to 0.7" in lines
    assert "with 3 recordings: 1.10 off the ratios" in lines
    assert "with 6 s of speech: 0.40 off the ratios" in lines


def test_the_tail_between_and_beyond_what_was_measured():
    tail = Tail((0.1, 0.01), (1.0, 3.5))
    assert [tail.threshold(far) for far in (0.1, 0.01)] == [1.0, 3.5]
    assert tail.threshold(10**-1.5) == pytest.approx(2.25)
    assert tail.threshold(0.001) == pytest.approx(6.0)
    steep = Tail((0.1, 0.01), (1.0, 1.5))  # slower than a calibrated ratio falls
    assert steep.threshold(0.001) == pytest.approx(1.5 + np.log(10))
