"""local.diarize with people's names, and with labels over several recordings."""

import json
import re
import shutil

import pytest
import soundfile

from local import diarize, speakers
from tests.systems.folders import write_system
from tests.verification.voices import write_speakers
from utils.diarization.turns import read_rttm
from utils.runtime.program import run_program


@pytest.fixture(scope="module")
def voices(tmp_path_factory):
    return write_speakers(tmp_path_factory.mktemp("voices"), 8, 3, duration_s=4.0)


@pytest.fixture(scope="module")
def system(voices, calibrated_on):
    return calibrated_on(voices, 0.1)


@pytest.fixture(scope="module")
def folder(voices, tmp_path_factory):
    """Four recordings of one person each: two of the first, two of the second."""
    folder = tmp_path_factory.mktemp("calls")
    for name, number in {"b": 0, "a": 5, "c": 5, "d": 0}.items():
        shutil.copy(voices / f"s{number}/0.wav", folder / f"{name}.wav")
    soundfile.write(
        folder / "brief.wav", soundfile.read(voices / "s1/0.wav")[0][:16000], 16000
    )
    return folder


@pytest.fixture
def give(monkeypatch, capsys):
    """Give a command; returns what it says, or the error."""

    def give(program, *words):
        monkeypatch.setattr("sys.argv", ["", *map(str, words)])
        try:
            run_program(program.main)
        except SystemExit as ended:
            assert ended.code == 1
            return capsys.readouterr().err
        return capsys.readouterr().out

    return give


@pytest.fixture
def run(give, system, tmp_path):
    def run(*words):
        fixed = "--out", tmp_path / "out", "--system", system, "--num-speakers", 1
        return give(diarize, *words, *fixed, "--speech", "energy")

    return run


@pytest.fixture
def store(give, system, voices, tmp_path):
    path = tmp_path / "people.db"
    for name, number in (("Anna Maria", 0), ("zoë", 5)):
        file = voices / f"s{number}/0.wav"
        give(speakers, "--system", system, "enrol", path, name, file)
    return path


def label_of(out, name):
    (label,) = {turn.speaker for turn in read_rttm(out / f"{name}.rttm")}
    return label


def test_people_have_their_names(run, folder, store, tmp_path):
    words = folder / "b.wav", folder / "brief.wav", "--enrolled", store
    said = run(*words, "--fpir", 0.9)
    out = tmp_path / "out"
    (own,) = json.loads((out / "b.json").read_text(encoding="utf-8"))["speakers"]
    best = own["matches"][0]
    assert own["person"] == best["name"] and best["llr"] >= own["threshold"]
    assert own["name"] == own["person"].replace(" ", "_") == label_of(out, "b")
    assert f"  {own['name']}: {own['about']}\n" in said
    assert f"{best['name']} {best['llr']:.2f}" in own["about"]
    (brief,) = json.loads((out / "brief.json").read_text())["speakers"]
    assert brief["person"] is None and "a name needs 1.1" in brief["about"]
    assert {turn.speaker for turn in read_rttm(out / "all.rttm")} == {
        own["name"], "unknown-1"
    }  # fmt: skip
    said = run(*words, "--fpir", 1e-9)
    assert f"unknown-1: {own['about'].split(';')[0]}; nearest {best['name']}" in said


def test_the_unknown_have_one_label_in_all_files(run, folder, tmp_path):
    files = [folder / f"{name}.wav" for name in ("a", "b", "brief", "c", "d")]
    words, out = ("--link", "--fpir", 0.9), tmp_path / "out"
    said = run(*files, *words)
    found = [label_of(out, path.stem) for path in files]
    assert found[0] == found[3] == "unknown-1" and found[1] == found[4]
    assert found[2] not in (found[0], found[1])  # too brief to be found again
    assert re.search(r"  unknown-1: .*; also in .*\bc\b", said)
    content = [(out / f"{path.stem}.json").read_text() for path in files]
    kept = out / "found/a.json"
    before = kept.stat().st_mtime_ns
    run(*files[::-1], *words, "--nj", 2)
    assert [(out / f"{path.stem}.json").read_text() for path in files] == content
    assert kept.stat().st_mtime_ns == before
    run(*files, "--link", "--fpir", 1e-9)
    assert len({label_of(out, path.stem) for path in files}) == 5


def test_systems_and_stores_that_do_not_fit(run, give, folder, store, tmp_path, system):
    other = write_system(tmp_path / "other")
    words = folder / "c.wav", "--out", tmp_path / "o", "--speech", "energy"
    told = give(diarize, *words, "--system", other, "--link")
    assert "no threshold was measured" in told and "local.calibrate_system" in told
    foreign = tmp_path / "foreign"
    shutil.copytree(system, foreign)
    (foreign / "decisions.json").unlink()
    told = give(diarize, *words, "--system", foreign, "--enrolled", store)
    assert "no threshold was measured" in told
    give(speakers, "--system", system, "rename", store, "zoë", "unknown-1")
    assert "local.speakers rename" in run(folder / "c.wav", "--enrolled", store)
    assert "no such" in run(folder / "c.wav", "--enrolled", tmp_path / "none.db")


def test_a_store_of_another_model_is_refused(give, folder, tmp_path, system, store):
    from utils.speakers import schema

    path = tmp_path / "theirs.db"
    schema.create(path, {"model_sha256": "ab" * 32, "system": "x"})
    words = folder / "c.wav", "--out", tmp_path / "o", "--speech", "energy"
    told = give(diarize, *words, "--system", system, "--enrolled", path)
    assert "its embeddings are another system's" in told and told.count("\n") == 1
    assert not (tmp_path / "o").exists()
