import pytest

from utils.diarization.turns import Region, Turn, read_rttm, read_uem, write_rttm
from utils.runtime.errors import UserError


def write(path, *lines):
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


def test_turns_come_back_sorted_with_names_in_any_script(tmp_path):
    turns = [
        Turn("b", "1", 3.25, 0.5, "Ζωή"),
        Turn("a", "2", 0.0, 1.0, "anna"),
        Turn("a", "1", 0.5, 0.0, "李"),
        Turn("a", "1", 0.25, 2.0, "anna"),
    ]
    write_rttm(tmp_path / "out.rttm", turns)
    assert read_rttm(tmp_path / "out.rttm") == sorted(turns)


def test_the_lines_that_are_read(tmp_path):
    path = write(
        tmp_path / "x.rttm",
        ";; a comment",
        "SPKR-INFO call 1 <NA> <NA> <NA> unknown zoe <NA>",
        "",
        "SPEAKER call 1 5.0 1.5 <NA> <NA> zoe <NA> <NA>",
        "SPEAKER call 1 0 0.000 <NA> <NA> max <NA>",
        "SPEAKER call 1 0.5 6 <NA> <NA> max",
    )
    assert [turn.start_s for turn in read_rttm(path)] == [5.0, 0.0, 0.5]
    assert read_rttm(path)[0].stop_s == 6.5


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("SPEAKER a 1 -0.5 1 <NA> <NA> x <NA> <NA>", "begins at -0.5 s, before"),
        ("SPEAKER a 1 0.5 -1 <NA> <NA> x <NA> <NA>", "negative length, -1 s"),
        ("SPEAKER a 1 0.5 nan <NA> <NA> x <NA> <NA>", "'nan' is no time in seconds"),
        ("SPEAKER a 1 zero 1 <NA> <NA> x <NA> <NA>", "'zero' is no time in seconds"),
        ("SPEAKER a 1 0.5 1 x", "6 fields are not 'SPEAKER file channel"),
        ("a 1 0.5 1 <NA> <NA> x <NA>", "'a' is no kind of line of RTTM"),
    ],
)
def test_a_bad_turn_is_told_with_its_line(tmp_path, line, message):
    good = "SPEAKER a 1 0.5 1 <NA> <NA> x <NA> <NA>"
    path = write(tmp_path / "x.rttm", good, line)
    with pytest.raises(UserError, match=rf"x\.rttm:2: .*{message}.*; mend the line"):
        read_rttm(path)


def test_text_that_is_no_utf_8_is_told(tmp_path):
    (tmp_path / "x.rttm").write_bytes(b"SPEAKER a 1 0 1 <NA> <NA> zo\xeb <NA> <NA>\n")
    with pytest.raises(UserError, match="x.rttm:1: not UTF-8"):
        read_rttm(tmp_path / "x.rttm")


@pytest.mark.parametrize("name", ["", "two words"])
def test_a_name_that_would_break_the_line_is_not_written(tmp_path, name):
    with pytest.raises(UserError, match="which RTTM cannot hold; put _ there"):
        write_rttm(tmp_path / "x.rttm", [Turn("a", "1", 0.0, 1.0, name)])
    assert not list(tmp_path.iterdir())


def test_regions_are_read(tmp_path):
    path = write(tmp_path / "x.uem", ";; all", "b 2 1.5 1e9", "a 1 0 3.0 ;; begin")
    assert read_uem(path) == [Region("b", "2", 1.5, 1e9), Region("a", "1", 0.0, 3.0)]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("a 1 5 5", "from 5 to 5 s is no stretch"),
        ("a 1 -1 5", "from -1 to 5 s is no stretch"),
        ("a 1 0 inf", "'inf' is no time"),
        ("a 0 5", "3 fields are not 'file channel start_s stop_s'"),
    ],
)
def test_a_bad_region_is_told_with_its_line(tmp_path, line, message):
    with pytest.raises(UserError, match=rf"x\.uem:1: .*{message}"):
        read_uem(write(tmp_path / "x.uem", line))
