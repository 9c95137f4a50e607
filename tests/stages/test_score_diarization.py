"""local.score_diarization, run for real."""

import json

import pytest

from utils.diarization.turns import Turn, write_rttm


@pytest.fixture
def files(tmp_path):
    """Reference and hypothesis of two recordings, one with a name that is not ASCII."""
    ref = [
        Turn("call-a", "1", 0.0, 8.0, "zoë"),
        Turn("call-a", "1", 8.0, 2.0, "max"),
        Turn("call-b", "1", 0.0, 10.0, "zoë"),
    ]
    hyp = [Turn("call-a", "1", 0.0, 9.0, "1"), Turn("call-b", "1", 0.0, 10.0, "1")]
    write_rttm(tmp_path / "ref.rttm", ref)
    write_rttm(tmp_path / "hyp.rttm", [*hyp, Turn("call-c", "1", 0.0, 1.0, "1")])
    return tmp_path


def test_a_table_and_a_json_name_what_was_scored(run, files):
    sides = files / "ref.rttm", files / "hyp.rttm"
    result = run("local.score_diarization", *sides, "--json", files / "r.json")
    assert result.returncode == 0, result.stderr
    assert "left out: 1 recordings of" in result.stderr
    assert "such as call-c 1" in result.stderr
    found = json.loads((files / "r.json").read_text())
    assert found["total"]["der"] == pytest.approx(2 / 20)
    assert found["files"]["call-a 1"]["missed"] == pytest.approx(0.1)
    assert found["files"]["call-a 1"]["n_ref"] == 2
    assert found["ci"]["der"] == [0, pytest.approx(0.2)]
    assert "TOTAL" in result.stdout and "10.00" in result.stdout
    assert "exact in 50.00 % of 2, off by 0.50 on average" in result.stdout
    protocol = "collar total=0 (none), overlap scored, from the first to the last turn"
    assert protocol in result.stdout
    assert found["protocol"] == protocol


def test_regions_and_collars_are_named(run, files):
    (files / "all.uem").write_text("call-a 1 0 8.5\n")
    result = run(
        "local.score_diarization", files / "ref.rttm", files / "hyp.rttm",
        "--uem", files / "all.uem", "--collar", "md-eval=0.25", "--skip-overlap",
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    assert "call-b" not in result.stdout
    assert "collar md-eval=0.25 (0.25 s on each side of a border" in result.stdout
    assert "overlap left out, regions of the UEM" in result.stdout


def test_mistakes_are_told_in_one_line(run, files):
    sides = files / "ref.rttm", files / "hyp.rttm"
    result = run("local.score_diarization", *sides, "--collar", "0.25")
    assert result.returncode == 2
    assert "write total=0.25 or md-eval=0.25" in result.stderr
    result = run("local.score_diarization", files / "none.rttm", sides[1])
    assert (result.returncode, result.stderr.count("\n")) == (1, 1)
    (files / "ref.rttm").write_text("SPEAKER a 1 1.0 -2.0 <NA> <NA> x <NA> <NA>\n")
    result = run("local.score_diarization", *sides)
    assert result.returncode == 1
    assert "ref.rttm:1: a turn of negative length, -2.0 s; mend" in result.stderr
    (files / "ref.rttm").write_text("")
    result = run("local.score_diarization", *sides)
    assert "ref.rttm: nothing to score; name another file" in result.stderr
