"""local.forensic: cases of generated voices, and what it says of mistakes."""

import json
import shutil

import numpy as np
import pandas as pd
import pytest
import soundfile

from local import forensic
from local.setup import diarization
from tests.systems.folders import write_system
from tests.verification.voices import RATE_HZ, speak, write_speakers
from utils.audio.decoding import audio_length
from utils.data.manifest import write_manifest
from utils.runtime.program import run_program
from utils.verification import recordings


@pytest.fixture(scope="module")
def system(tmp_path_factory):
    return write_system(tmp_path_factory.mktemp("system") / "triplet")


@pytest.fixture(scope="module")
def people(tmp_path_factory):
    """Sixteen speakers with three recordings each."""
    return write_speakers(tmp_path_factory.mktemp("people"), 16, 3)


@pytest.fixture(scope="module")
def case(tmp_path_factory):
    """A speaker with three recordings, of whom the population knows nothing."""
    folder = write_speakers(tmp_path_factory.mktemp("case"), 1, 3, seed=9)
    (folder / "s0").rename(folder / "recordings")
    return [folder / "recordings" / f"{take}.wav" for take in range(3)]


@pytest.fixture(autouse=True)
def sounds_are_speech(monkeypatch):
    """Take bursts for speech, but no steady sound."""

    def likelihood(samples, rate_hz, *_):
        frames = samples[: len(samples) // 400 * 400].reshape(-1, 400)
        return float((frames**2).mean(axis=1).min() < 0.5 * (samples**2).mean())

    monkeypatch.setattr(recordings, "speech_likelihood", likelihood)


@pytest.fixture
def run(monkeypatch, capsys, tmp_path, system):
    """Run the program; returns the JSON, the page, and what it printed."""

    def run_with(*arguments):
        out = tmp_path / "report"
        words = ["", *arguments, "--out", out, "--system", system]
        words += ["--segmentation", tmp_path / "none"]
        monkeypatch.setattr("sys.argv", [*map(str, words)])
        run_program(forensic.main)
        content = json.loads((out / "case.json").read_text())
        return content, (out / "report.html").read_text(), capsys.readouterr().out

    return run_with


@pytest.fixture
def refused(run, capsys):
    """Run the program, which ends with a line on the user's mistake."""

    def run_with(*arguments):
        with pytest.raises(SystemExit) as stopped:
            run(*arguments)
        assert stopped.value.code == 1
        return capsys.readouterr().err

    return run_with


def manifest(people, path):
    rows = []
    for file in sorted(people.glob("*/*.wav")):
        number = int(file.parent.name[1:])
        rows.append(
            {"ID": f"{file.parent.name}-{file.stem}", "duration": 2.0,
             "wav": str(file), "start": 0, "stop": audio_length(file)[0],
             "spk_id": file.parent.name, "gender": "f" if number == 0 else "m",
             "session": f"{file.parent.name}-{file.stem}"}
        )  # fmt: skip
    write_manifest(path, pd.DataFrame(rows))
    return path


def test_a_case(run, people, case):
    content, page, printed = run(
        *case, "--population", people, "--why", "neighbours", "--same-session"
    )
    n_left_out = len(content["population"]["excluded"])  # who sound like the case
    assert content["population"]["speakers"] == 16 - n_left_out >= 10
    assert content["population"]["why it is relevant"] == "neighbours"
    assert len(content["material"]["known"]) == 2
    assert content["validation"]["n_speakers"] == content["population"]["speakers"]
    assert (content["log10_lr"] is None) == bool(content["refusals"])
    assert content["summary"] in printed and "speakers: the interval" in printed
    assert content["method"]["encoder SHA-256"] in page and "neighbours" in page
    assert "there is no segmentation network" in page


@pytest.mark.parametrize(("second_s", "is_told"), [(2.0, True), (0.5, False)])
def test_two_voices_in_the_questioned_file_are_told(
    run, people, case, tmp_path, monkeypatch, second_s, is_told
):
    """The first speaks twice, the second once; the diarizer's turns are given."""
    (tmp_path / "none").mkdir()
    (tmp_path / "none/segmentation.pt").touch()
    turns = [[1, 0.0, 1.5, 7], [1, 1.5, 1.5 + second_s, 3], [1, 4.0, 5.0, 7]]
    monkeypatch.setattr(diarization, "find_turns", lambda *_: {"turns": turns})
    content, page, printed = run(*case, "--population", people, "--same-session")
    assert content["material"]["voices_s_of_questioned"] == [2.5, second_s]
    for text in (printed, page):
        assert ("2 voices, as diarization finds: cut out what" in text) == is_told


def test_one_session_is_not_the_condition_of_a_case(run, people, case):
    content, page, printed = run(*case, "--population", people)
    assert content["log10_lr"] is None and content["validation"]
    assert "0 speakers of the population are known from several sessions" in printed
    assert "or say that the recordings of the case are of one session" in page


def test_a_manifest_has_sessions_and_a_filter(run, people, case, tmp_path):
    table = manifest(people, tmp_path / "people.csv")
    words = "--population", table, "--relevant", "gender=male"
    content, *_ = run(*case[:2], *words)
    n_left_out = len(content["population"]["excluded"])
    assert content["population"]["speakers"] == 15 - n_left_out
    assert content["validation"]["across_sessions"]


def test_music_gets_no_ratio(run, people, case, tmp_path):
    tone = 0.1 * np.sin(np.arange(4 * RATE_HZ) / 20)
    soundfile.write(tmp_path / "tone.wav", tone, RATE_HZ)
    words = tmp_path / "tone.wav", case[0], "--population", people
    content, page, printed = run(*words)
    assert content["log10_lr"] is None
    assert "no speech in it: silence, music or noise" in printed
    assert "No likelihood ratio is given" in page


def test_a_speaker_of_the_population_is_left_out(run, people, tmp_path):
    own = people / "s3" / "0.wav", people / "s3" / "1.wav"
    content, page, _ = run(*own, "--population", people)
    told = content["population"]["excluded"]
    assert told[0] == "s3: the folder of a recording of the case"
    assert content["population"]["speakers"] == 16 - len(told)


def test_a_copy_of_a_file_of_the_population(run, people, case, tmp_path):
    shutil.copy(people / "s5" / "2.wav", tmp_path / "known.wav")
    content, *_ = run(case[0], tmp_path / "known.wav", "--population", people)
    told = content["population"]["excluded"][0]
    assert told.startswith("s5: ") and "is the file" in told


def test_the_same_recording_twice(refused, people, case, tmp_path):
    shutil.copy(case[0], tmp_path / "again.wav")
    told = refused(case[0], tmp_path / "again.wav", "--population", people)
    assert "again.wav: the same recording as" in told and "name another one" in told


def test_too_small_a_population(refused, people, case, tmp_path):
    for number in range(9):
        shutil.copytree(people / f"s{number}", tmp_path / f"few/s{number}")
    told = refused(*case, "--population", tmp_path / "few")
    assert "9 speakers with two recordings" in told and "at least 10 are needed" in told


@pytest.mark.parametrize(
    ("relevant", "message"),
    [
        ("accent=x", "no column 'accent'; there are duration, start, stop, gender"),
        ("gender=x", "nobody is left with gender=x; in column gender there are f, m"),
        ("gender=f", "0 speakers with two recordings|1 speakers with two recordings"),
        ("gender", "write age>=16 or gender=f"),
    ],
)
def test_filters_that_leave_nobody(refused, people, case, tmp_path, relevant, message):
    table = manifest(people, tmp_path / "people.csv")
    told = refused(*case, "--population", table, "--relevant", relevant)
    assert any(own in told for own in message.split("|"))


def test_a_missing_population(refused, case, tmp_path):
    assert "no such folder" in refused(*case, "--population", tmp_path / "nobody")


@pytest.mark.slow
def test_real_cases_over_the_telephone(monkeypatch, capsys, tmp_path, corpora, root):
    """The small model, a caller of WUW against themselves and against another.

    The population is the other callers of that part, whom it has not learnt from.
    """
    monkeypatch.undo()
    wuw = corpora / "wuw"
    calls = sorted((wuw / "test" / "S001").iterdir())
    mine = [next(iter(sorted(call.iterdir()))) for call in calls[:2]]
    other = next((wuw / "test" / "S012").rglob("*.wav"))
    found = []
    for known in (mine[1], other):
        words = [mine[0], known, "--population", wuw / "test", "--pattern"]
        words += ["{speaker}/{session}/*", "--per-speaker", 4, "--out", tmp_path]
        words += ["--system", root / "recipes/general/model"]
        words += ["--segmentation", tmp_path]
        monkeypatch.setattr("sys.argv", ["", *map(str, words)])
        run_program(forensic.main)
        content = json.loads((tmp_path / "case.json").read_text())
        assert not content["refusals"] and content["validation"]["cllr"] < 0.8
        found.append(content["log10_lr"]["value"])
    assert found[0] > found[1]


def test_a_population_that_the_model_was_trained_on(refused, people, case, system):
    ledger = system / "ledger.tsv"
    ledger.write_text("".join(f"corpus-s{number}\tdata\n" for number in range(8)))
    told = refused(*case, "--population", people)
    ledger.unlink()
    assert "8 of 16 speakers, such as s0, are by their names those whom" in told
    assert "name other speakers, or another model by --system" in told


def test_speakers_are_drawn_as_asked(run, people, case):
    content, *_ = run(*case, "--population", people, "--per-speaker", 2)
    own = content["population"]
    assert own["recordings"] == 2 * own["speakers"]


def test_voices_are_generated():
    """What the other tests rest on: bursts, no steady sound."""
    sound = speak(np.random.default_rng(0), np.array([500.0, 1500.0]), 1.0)
    assert recordings.speech_likelihood(sound, RATE_HZ) == 1.0
