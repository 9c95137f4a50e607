"""local.listen: a file, raw samples, mistakes, with a tiny calibrated system."""

import io
import json
import re
from types import SimpleNamespace

import pytest
import soundfile

from local import listen, speakers


def test_a_file_is_followed_to_its_end(ask, store, voices, tmp_path):
    file, out = voices / "s0/2.wav", tmp_path / "answers.jsonl"
    said = ask(listen, store, file, "--fast", "--closed-set", "--json", out)
    *lines, last = said.splitlines()
    assert all(
        re.match(r"0:0\d  [●○]  (p\d -?\d|.* s of speech)", own) for own in lines
    )
    moments = [json.loads(line) for line in out.read_text().splitlines()]
    assert len(moments) == len(lines) + 1
    assert any(own["now"] for own in moments)
    assert last.startswith(moments[-1]["so_far"]["name"])
    identified = ask(speakers, "identify", store, file, "--closed-set")
    llr = dict(re.findall(r"  (p\d): (-?[\d.]+)", identified))
    for match in moments[-1]["so_far"]["matches"]:
        assert match["llr"] == pytest.approx(float(llr[match["name"]]), abs=0.02)


def test_standard_input_says_the_same(monkeypatch, ask, store, voices):
    file = voices / "s1/2.wav"
    samples, _ = soundfile.read(file, dtype="int16")
    raw = SimpleNamespace(buffer=io.BytesIO(samples.astype("<i2").tobytes()))
    monkeypatch.setattr("sys.stdin", raw)
    words = "--fpir", 0.1
    assert ask(listen, store, "-", *words) == ask(listen, store, file, "--fast", *words)


def test_mistakes_are_told(ask, store, voices, tmp_path):
    file = voices / "s0/1.wav"
    assert ask(listen, store)[0] == 2
    assert ask(listen, store, file, "--microphone")[0] == 2
    assert ask(listen, store, file, "--chunk-s", 0)[0] == 2
    for words, fault in (
        ([tmp_path / "none.db", file], "no such store"),
        ([store, tmp_path / "none.wav"], "no such file"),
        ([store, file, "--channel", 1], "no channel 1"),
    ):
        code, said = ask(listen, *words)
        assert code == 1 and fault in said and said.count("\n") == 1
