"""The program that tells who spoke when, with a tiny system and speech by energy."""

import json
import subprocess
import sys

import numpy as np
import pytest
import soundfile

from local.diarize import main
from tests.conftest import ROOT
from tests.systems.folders import write_system
from utils.diarization.turns import read_rttm
from utils.runtime.program import run_program


@pytest.fixture(scope="module")
def system(tmp_path_factory):
    folder = tmp_path_factory.mktemp("systems") / "tiny"
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(ROOT)
        return write_system(folder)


def harmonic(pitch_hz, duration_s):
    time_s = np.arange(int(duration_s * 16000)) / 16000
    voice = sum(np.sin(2 * np.pi * n * pitch_hz * time_s) / n for n in range(1, 9))
    return 0.1 * voice


@pytest.fixture
def call(tmp_path):
    """A second of silence, 4 s of one voice, a second of silence, 4 s of another."""
    noise = 1e-4 * np.random.default_rng(0).standard_normal(10 * 16000)
    noise[16000:80000] += harmonic(110, 4)
    noise[96000:160000] += harmonic(290, 4)
    path = tmp_path / "a call.wav"
    soundfile.write(path, noise, 16000)
    return path


def run(monkeypatch, system, *words):
    monkeypatch.chdir(ROOT)
    words = [*words, "--system", system, "--speech", "energy"]
    monkeypatch.setattr(sys, "argv", ["diarize", *map(str, words)])
    run_program(main)


def refusal(monkeypatch, capsys, system, *words):
    with pytest.raises(SystemExit) as stop:
        run(monkeypatch, system, *words)
    assert stop.value.code == 1
    told = capsys.readouterr().err
    assert told.startswith("error: ") and told.count("\n") == 1
    return told


def test_all_is_written_and_found_again(monkeypatch, system, call, tmp_path, capsys):
    out = tmp_path / "out"
    run(monkeypatch, system, call, "--out", out, "--num-speakers", 2)
    assert "2 speakers" in capsys.readouterr().out
    turns = read_rttm(out / "a_call.rttm")
    assert turns == read_rttm(out / "all.rttm") and {t.file for t in turns} == {
        "a_call"
    }
    speech_s = sum(turn.duration_s for turn in turns)
    assert abs(speech_s - 8.0) < 0.4
    first, last = turns[0], turns[-1]
    assert abs(first.start_s - 1.0) < 0.1 and abs(last.stop_s - 10.0) < 0.1
    content = json.loads((out / "a_call.json").read_text())
    assert content["n_speakers"] == 2 and len(content["turns"]) == len(turns)
    assert {own["name"] for own in content["speakers"]} == {"speaker-1", "speaker-2"}
    assert "../a%20call.wav" in (out / "a_call.html").read_text()
    assert (out / "a_call.svg").read_text().count('class="turn"') == len(turns)
    run(
        monkeypatch,
        system,
        call,
        "--out",
        tmp_path / "2",
        "--num-speakers",
        2,
        "--nj",
        2,
    )
    assert read_rttm(tmp_path / "2/all.rttm") == turns
    before = (out / "found/a_call.json").stat().st_mtime_ns
    run(monkeypatch, system, call, "--out", out, "--num-speakers", 2)
    assert (out / "found/a_call.json").stat().st_mtime_ns == before
    run(monkeypatch, system, call, "--out", out, "--num-speakers", 1)
    assert (out / "found/a_call.json").stat().st_mtime_ns != before
    assert {turn.speaker for turn in read_rttm(out / "a_call.rttm")} == {"speaker-1"}


def test_turns_have_scores(monkeypatch, system, call, tmp_path):
    out = tmp_path / "out"
    run(monkeypatch, system, call, "--out", out, "--num-speakers", 2)
    turns = json.loads((out / "a_call.json").read_text())["turns"]
    assert all(-1 <= own["cosine"] <= 1 and own["margin"] <= 2 for own in turns)
    assert all({own["speaker"], own["nearest_other"]} == {"speaker-1", "speaker-2"}
               for own in turns)  # fmt: skip
    run(monkeypatch, system, call, "--out", out, "--num-speakers", 1)
    for own in json.loads((out / "a_call.json").read_text())["turns"]:
        assert own["margin"] is None and own["nearest_other"] is None


def test_the_clustering_is_a_setting(monkeypatch, system, call, tmp_path, capsys):
    out = tmp_path / "out"
    run(monkeypatch, system, call, "--out", out, "--overrides", "clustering: spectral")
    assert read_rttm(out / "a_call.rttm")
    for wrong, told in (("kmeans", "none of agglomerative"), ("vbx", "plda")):
        words = call, "--out", out, "--overrides", f"clustering: {wrong}"
        assert told in refusal(monkeypatch, capsys, system, *words)
    words = "clustering: vbx\nvbx: {backend: cosine}"
    told = refusal(
        monkeypatch, capsys, system, call, "--out", out, "--overrides", words
    )
    assert "no back-end with PLDA" in told


def test_channels_of_a_call(monkeypatch, system, call, tmp_path):
    samples, rate_hz = soundfile.read(call)
    stereo = tmp_path / "stereo.wav"
    soundfile.write(stereo, np.stack([samples, samples[::-1]], axis=1), rate_hz)
    out = tmp_path / "out"
    words = stereo, "--out", out, "--num-speakers", 1, "--channel"
    run(monkeypatch, system, *words, "each")
    turns = read_rttm(out / "stereo.rttm")
    assert {(turn.channel, turn.speaker) for turn in turns} == {
        ("1", "speaker-2"), ("2", "speaker-1")
    }  # fmt: skip
    run(monkeypatch, system, *words, 1)
    (only,) = {turn.channel for turn in read_rttm(out / "stereo.rttm")}
    assert only == "2"


def test_no_speech_a_short_file_and_too_many_speakers(
    monkeypatch, system, call, tmp_path, capsys
):
    silence, brief = tmp_path / "silence.wav", tmp_path / "brief.wav"
    soundfile.write(silence, np.zeros(80000), 16000)
    soundfile.write(brief, harmonic(150, 1.0), 16000)
    out = tmp_path / "out"
    run(monkeypatch, system, silence, brief, "--out", out, "--num-speakers", 9)
    told = capsys.readouterr().out
    assert "silence.wav: no speech" in told
    assert "9 asked for, no more voices are there" in told
    assert (out / "silence.rttm").read_text() == ""
    assert json.loads((out / "silence.json").read_text())["n_speakers"] == 0


def test_faults_are_told_and_the_others_are_done(
    monkeypatch, system, call, tmp_path, capsys
):
    junk, out = tmp_path / "junk.wav", tmp_path / "out"
    junk.write_bytes(b"no audio at all")
    told = refusal(monkeypatch, capsys, system, junk, call, "--out", out)
    assert "junk.wav: cannot be read as audio" in told
    assert read_rttm(out / "all.rttm")
    told = refusal(monkeypatch, capsys, system, call, "--out", out, "--channel", "1")
    assert "no channel 1: it has 1" in told
    for other in (call, tmp_path / "a_call.wav"):
        told = refusal(monkeypatch, capsys, system, call, other, "--out", out)
        assert "two recordings have one name" in told


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--num-speakers", "0"], "rise from 1"),
        (["--min-speakers", "3", "--max-speakers", "2"], "rise from 1"),
        (["--channel", "left"], "--channel is a number from 0"),
        (["--fpir", "0"], "--fpir is a rate between 0 and 1"),
    ],
)
def test_wrong_usage(words, message):
    result = subprocess.run(
        [sys.executable, "-m", "local.diarize", "a.wav", "--out", "o", *words],
        cwd=ROOT, capture_output=True, text=True,
    )  # fmt: skip
    assert result.returncode == 2 and message in result.stderr


def test_without_the_network_a_line_says_how_to_get_it(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(ROOT)
    words = ["a.wav", "--out", str(tmp_path), "--segmentation", str(tmp_path)]
    monkeypatch.setattr(sys, "argv", ["diarize", *words])
    with pytest.raises(SystemExit):
        run_program(main)
    assert "local.get_model segmentation" in capsys.readouterr().err
