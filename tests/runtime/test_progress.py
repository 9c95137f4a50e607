import pytest

from utils.runtime import progress as module
from utils.runtime.progress import progress


@pytest.fixture
def clock(monkeypatch):
    """A clock that is set by hand, in seconds."""
    now_s = [0.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: now_s[0])
    return now_s


def test_a_log_has_a_line_every_minute(clock, capsys):
    found = []
    for item in progress(range(10), 10, "hearing"):
        found.append(item)
        clock[0] += 45.0
    assert found == list(range(10))
    told = capsys.readouterr().err.splitlines()
    # at 90, 180, 270 and 360 s, after two, four, six and eight
    assert told[0] == "hearing: 2 of 10, about 6 min to go"
    assert [line.split()[1] for line in told] == ["2", "4", "6", "8"]


def test_brief_work_leaves_no_line(clock, capsys):
    for _ in progress(range(100), 100, "hearing"):
        clock[0] += 0.5
    assert capsys.readouterr().err == ""


def test_a_terminal_has_a_bar(monkeypatch, capsys):
    monkeypatch.setattr(module.sys.stderr, "isatty", lambda: True, raising=False)
    assert list(progress("ab", 2, "letters")) == ["a", "b"]
    assert "letters" in capsys.readouterr().err
