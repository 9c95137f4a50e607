"""Programs that answer: calibrate_system, and verify with the folder it wrote."""

import json
import shutil

import numpy as np
import pytest
import soundfile

from local import calibrate_system, verify
from tests.systems.folders import write_system
from tests.verification.voices import write_speakers
from utils.data.manifest import write_manifest
from utils.data.patterns import find_utterances
from utils.models.experiment import TRACES
from utils.runtime.program import run_program


@pytest.fixture(scope="module")
def voices(tmp_path_factory):
    return write_speakers(tmp_path_factory.mktemp("voices"), 8, 3)


@pytest.fixture(scope="module")
def system(voices, calibrated_on):
    return calibrated_on(voices, 0.1, 0.01)


def stored_conditions(system):
    stored = json.loads((system / "decisions.json").read_text())
    return set(stored["thresholds"][0]["rates"])


def thresholds_of(system):
    return json.loads((system / "decisions.json").read_text())["thresholds"]


def run(monkeypatch, program, *arguments):
    monkeypatch.setattr("sys.argv", ["", *map(str, arguments)])
    run_program(program.main)


def test_an_answer(monkeypatch, capsys, tmp_path, voices, system):
    files = voices / "s0/0.wav", voices / "s1/0.wav"
    out = tmp_path / "answer.json"
    run(monkeypatch, verify, *files, "--system", system, "--far", 0.1, "--json", out)
    text, answer = capsys.readouterr().out, json.loads(out.read_text())
    assert answer["decision"] in ("same", "different")
    assert (answer["llr"] >= answer["threshold"]) == (answer["decision"] == "same")
    low, high = answer["ci"]["far"]
    assert 0 <= low <= answer["far"] <= high <= 1
    assert answer["condition"] in stored_conditions(system)
    assert answer["measured_on"]["speakers"] == 8
    assert f"{answer['decision']} person" in text
    assert "8 speakers, 24 utterances, one session each" in text


def test_a_channel_of_a_call(monkeypatch, capsys, tmp_path, voices, system):
    """A stereo file with a speaker on each channel, against each of the two files."""
    files = [voices / "s0/0.wav", voices / "s1/0.wav"]
    call = tmp_path / "call.wav"
    both = np.stack([soundfile.read(own)[0] for own in files], axis=1)
    soundfile.write(call, both, 16000)
    words = "--system", system, "--far", 0.1
    for channel, own in enumerate(files):
        run(monkeypatch, verify, files[0], call, *words, "--channel", channel)
        with_call = capsys.readouterr().out.splitlines()
        run(monkeypatch, verify, files[0], own, *words)
        expected = capsys.readouterr().out.splitlines()
        assert with_call[1:3] == expected[1:3]  # score and ratio
    with pytest.raises(SystemExit, match="1"):
        run(monkeypatch, verify, files[0], call, *words, "--channel", 2)
    assert "no channel 2" in capsys.readouterr().err


def test_a_manifest_is_as_good_as_its_folder(voices, calibrated_on, system, tmp_path):
    found = find_utterances(voices, "{speaker}/**")
    rows = found.assign(duration=1.0, start=0, stop=16000)
    write_manifest(tmp_path / "voices.csv", rows)
    listed = calibrated_on(tmp_path / "voices.csv", 0.1, 0.01)
    assert thresholds_of(listed) == thresholds_of(system)
    sessions = rows.assign(session=rows["ID"])
    write_manifest(tmp_path / "sessions.csv", sessions)
    words = tmp_path / "sessions.csv", 0.1, "--ignore-sessions"
    assert thresholds_of(calibrated_on(*words)) == thresholds_of(system)


def test_traces_of_a_training_are_left_behind(system):
    left = {path.name for path in system.iterdir()}
    assert "encoder.pt" in left and not left & set(TRACES)


def test_the_calibrated_folder_is_whole(system):
    stored = json.loads((system / "decisions.json").read_text())
    assert [own["far"] for own in stored["thresholds"]] == [0.1]
    assert stored_conditions(system) == {
        "as recorded", "over a telephone", "in noise", "cut short",
    }  # fmt: skip
    assert json.loads((system / "backend/backend.json").read_text())["calibrated"]
    assert "commit" in stored


def test_a_rate_without_support_is_told(monkeypatch, capsys, tmp_path, voices, system):
    arguments = system, voices, "--out", tmp_path / "again", "--far", 0.1, 0.01
    run(monkeypatch, calibrate_system, *arguments)
    assert "FAR 0.01 needs 15 speakers, 7 more" in capsys.readouterr().out
    with pytest.raises(SystemExit):
        run(monkeypatch, verify, voices / "s0/0.wav", voices / "s0/1.wav",
            "--system", tmp_path / "again")  # fmt: skip
    assert "--far 0.01: measured were 0.1" in capsys.readouterr().err


@pytest.mark.parametrize(("kind", "code"), [("same", 0), ("silence", 4)])
def test_exit_codes(monkeypatch, tmp_path, voices, system, kind, code):
    other = voices / "s0/0.wav"
    if kind == "silence":
        other = tmp_path / "short.wav"
        soundfile.write(other, 0.1 * np.sin(np.arange(1600)), 16000)
    arguments = voices / "s0/0.wav", other, "--system", system, "--far", 0.1
    monkeypatch.setattr("sys.argv", ["", *map(str, arguments), "--exit-code"])
    with pytest.raises(SystemExit) as ended:
        verify.main()
    assert ended.value.code == code


def test_different_has_a_code_of_its_own(monkeypatch, tmp_path, voices, system):
    strict = shutil.copytree(system, tmp_path / "strict")
    content = json.loads((strict / "decisions.json").read_text())
    content["thresholds"][0]["llr"] = 1e6
    (strict / "decisions.json").write_text(json.dumps(content))
    arguments = voices / "s0/0.wav", voices / "s0/1.wav", "--system", strict
    with pytest.raises(SystemExit) as ended:
        run(monkeypatch, verify, *arguments, "--far", 0.1, "--exit-code")
    assert ended.value.code == 3


def test_lists(monkeypatch, capsys, tmp_path, voices, system):
    trials, out = tmp_path / "pairs.txt", tmp_path / "answers.json"
    pairs = [(voices / "s0/0.wav", voices / f"s{n}/1.wav") for n in range(3)]
    trials.write_text("".join(f"{one} {other}\n" for one, other in pairs))
    run(monkeypatch, verify, "--trials", trials, "--system", system, "--far", 0.1,
        "--json", out)  # fmt: skip
    answers = json.loads(out.read_text())
    assert [(own["enrol"], own["test"]) for own in answers] == [
        (str(one), str(other)) for one, other in pairs
    ]
    lines = capsys.readouterr().out.splitlines()
    for line, answer in zip(lines, answers, strict=True):
        assert line.split()[-1] == answer["decision"]
        assert float(line.split()[3]) == pytest.approx(answer["llr"], abs=1e-4)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["a.wav", "b.wav", "--system", "nowhere"],
            "nowhere: no trained system",
        ),
        (["a.wav", "b.wav"], "a.wav: "),
        (["--trials", "missing.txt"], "missing.txt: no such file"),
        (["--trials", "one.txt"], "one.txt:1: 1 columns, not 3"),
    ],
)
def test_mistakes(monkeypatch, capsys, tmp_path, system, arguments, message):
    (tmp_path / "one.txt").write_text("alone.wav\n")
    monkeypatch.chdir(tmp_path)
    more = [] if "--system" in arguments else ["--system", system, "--far", 0.1]
    with pytest.raises(SystemExit) as ended:
        run(monkeypatch, verify, *arguments, *more)
    assert ended.value.code == 1
    error = capsys.readouterr().err
    assert message in error and error.count("\n") == 1


@pytest.mark.parametrize(
    "arguments", [[], ["a.wav"], ["a.wav", "b.wav", "--trials", "c"], ["--enrol", "a"]]
)
def test_wrong_usage(monkeypatch, arguments):
    with pytest.raises(SystemExit) as ended:
        run(monkeypatch, verify, *arguments)
    assert ended.value.code == 2


def test_no_exit_code_without_a_threshold(monkeypatch, capsys, tmp_path, voices):
    plain = write_system(tmp_path / "plain")
    files = voices / "s0/0.wav", voices / "s0/1.wav"
    with pytest.raises(SystemExit) as ended:
        run(monkeypatch, verify, *files, "--system", plain, "--exit-code")
    assert ended.value.code == 1
    assert "no threshold; measure it" in capsys.readouterr().err
