import pytest

from utils.data.left_out import read_skipped
from utils.features.left_out import LeftOut
from utils.runtime.errors import UserError

LOUD, QUIET = [({"level_db": -59.0}, "features")], [({"level_db": -62.0}, "features")]
BROKEN = UserError("a.wav: broken")


def test_what_is_asked_for_is_left_out(tmp_path):
    left_out = LeftOut(skips_bad=True, skips_silent=True)
    assert left_out.kept("a", BROKEN) == left_out.kept("b", QUIET) == []
    assert left_out.kept("c", LOUD) == LOUD
    left_out.write(tmp_path)
    assert read_skipped(tmp_path) == {"a", "b"}
    assert "b\tb: nearly silent (-62 dB)\n" in (tmp_path / "skipped.txt").read_text()
    assert left_out.lines[-1] == "left out in all: 1 unreadable, 1 nearly silent"


def test_what_is_not_asked_for_is_used_or_stops(tmp_path):
    left_out = LeftOut(skips_bad=False, skips_silent=False)
    assert left_out.kept("b", QUIET) == QUIET and left_out.first is None
    left_out.write(tmp_path)
    assert read_skipped(tmp_path) == set() and left_out.lines == []
    left_out.kept("a", BROKEN)
    with pytest.raises(UserError, match=r"a.wav: broken \(1 bad files in all"):
        left_out.write(tmp_path)


def test_silent_files_alone_do_not_stop(tmp_path):
    left_out = LeftOut(skips_bad=False, skips_silent=True)
    left_out.kept("b", QUIET)
    left_out.write(tmp_path)
    assert read_skipped(tmp_path) == {"b"}
