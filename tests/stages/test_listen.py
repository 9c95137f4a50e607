"""local.listen: a file, raw samples, mistakes, with a tiny calibrated system."""

import io
import json
import re
from types import SimpleNamespace

import pytest
import soundfile

from local import listen, speakers
from tests.verification.voices import write_speakers
from utils.runtime.program import run_program


@pytest.fixture(scope="module")
def voices(tmp_path_factory):
    return write_speakers(tmp_path_factory.mktemp("voices"), 8, 3, duration_s=8.0)


@pytest.fixture(scope="module")
def system(voices, calibrated_on):
    return calibrated_on(voices, 0.1)


@pytest.fixture
def run(monkeypatch, capsys, system):
    """Give a command; returns what it says."""

    def give(program, *words):
        monkeypatch.setattr("sys.argv", ["", "--system", str(system), *map(str, words)])
        try:
            run_program(program.main)
        except SystemExit as ended:
            return ended.code, capsys.readouterr().err
        return capsys.readouterr().out

    return give


@pytest.fixture
def store(run, voices, tmp_path):
    path = tmp_path / "people.db"
    for number in range(3):
        run(speakers, "enrol", path, f"p{number}", voices / f"s{number}/0.wav")
    return path


def test_a_file_is_followed_to_its_end(run, store, voices, tmp_path):
    file, out = voices / "s0/1.wav", tmp_path / "answers.jsonl"
    said = run(listen, store, file, "--fast", "--closed-set", "--json", out)
    *lines, last = said.splitlines()
    assert all(
        re.match(r"0:0\d  [●○]  (p\d -?\d|.* s of speech)", own) for own in lines
    )
    moments = [json.loads(line) for line in out.read_text().splitlines()]
    assert len(moments) == len(lines) + 1
    assert any(own["now"] for own in moments)
    assert last.startswith(moments[-1]["so_far"]["name"])
    identified = run(speakers, "identify", store, file, "--closed-set")
    llr = dict(re.findall(r"  (p\d): (-?[\d.]+)", identified))
    for match in moments[-1]["so_far"]["matches"]:
        assert match["llr"] == pytest.approx(float(llr[match["name"]]), abs=0.02)


def test_standard_input_says_the_same(monkeypatch, run, store, voices):
    file = voices / "s1/1.wav"
    samples, _ = soundfile.read(file, dtype="int16")
    raw = SimpleNamespace(buffer=io.BytesIO(samples.astype("<i2").tobytes()))
    monkeypatch.setattr("sys.stdin", raw)
    words = "--fpir", 0.1
    assert run(listen, store, "-", *words) == run(listen, store, file, "--fast", *words)


def test_mistakes_are_told(run, store, voices, tmp_path):
    file = voices / "s0/1.wav"
    assert run(listen, store)[0] == 2
    assert run(listen, store, file, "--microphone")[0] == 2
    assert run(listen, store, file, "--chunk-s", 0)[0] == 2
    for words, fault in (
        ([tmp_path / "none.db", file], "no such store"),
        ([store, tmp_path / "none.wav"], "no such file"),
        ([store, file, "--channel", 1], "no channel 1"),
    ):
        code, said = run(listen, *words)
        assert code == 1 and fault in said and said.count("\n") == 1
