"""The folder that local.export writes, used without this repository."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

import utils.verification.recordings
from local.export import main
from local.setup.hyperparameters import resolved_text
from tests.conftest import ROOT
from tests.contracts.test_start_up import HEAVY, RUN
from tests.systems.folders import write_calibrated
from tests.verification.speech import write_speech
from tests.verification.voices import write_speakers
from utils.backend.transforms import LengthNorm
from utils.runtime.program import run_program
from utils.systems.exported import ExportedSystem
from utils.verification.verifier import open_verifier

pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

ALONE = """
import runpy, sys
class Refusing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("torch", "speechbrain", "pandas", "utils"):
            raise ImportError(f"{name} is not there")
sys.meta_path.insert(0, Refusing())
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


@pytest.fixture(scope="module")
def system(tmp_path_factory):
    return write_calibrated(tmp_path_factory.mktemp("systems") / "ours")


@pytest.fixture(scope="module")
def exported(system):
    with pytest.MonkeyPatch.context() as patch:
        export(patch, system, system.parent / "exported")
    return system.parent / "exported"


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = write_speakers(tmp_path_factory.mktemp("voices"), 2, 1)
    return folder / "s0/0.wav", folder / "s1/0.wav"


@pytest.fixture
def sounds_are_speech(monkeypatch):
    monkeypatch.setattr(
        utils.verification.recordings, "speech_likelihood", lambda *_: 1.0
    )


def export(monkeypatch, system, out, *options):
    monkeypatch.setattr("sys.argv", ["", *map(str, (system, "--out", out, *options))])
    run_program(main)


def verify_alone(folder, *words):
    """Run verify.py in another folder, where torch and the repository are refused."""
    command = [sys.executable, "-c", ALONE, folder / "verify.py", *words]
    return subprocess.run(
        list(map(str, command)), cwd=folder.parent, capture_output=True, text=True
    )


def answer_of(folder, *words):
    result = verify_alone(folder, *words)
    assert result.returncode == 0, result.stderr
    return dict(line.split(maxsplit=1) for line in result.stdout.splitlines())


@pytest.mark.parametrize(("far", "decision"), [(0.1, "same"), (0.01, "different")])
def test_two_files_without_the_repository(
    sounds_are_speech, system, exported, files, far, decision
):
    expected = open_verifier(system)(files[:1], files[1], far)
    answer = answer_of(exported, *files, "--far", far)
    assert float(answer["score"]) == pytest.approx(expected.score, abs=1e-4)
    assert float(answer["LLR"]) == pytest.approx(expected.llr, abs=1e-3)
    assert answer["decision"] == f"{expected.decision} person" == f"{decision} person"


def test_what_is_forbidden_is_refused(tmp_path):
    (tmp_path / "verify.py").write_text("import torch")
    assert "torch is not there" in verify_alone(tmp_path).stderr


def test_mistakes_are_one_line(exported, files, tmp_path):
    rng = np.random.default_rng(0)
    sounds = {"short": (4000, 16000), "slow": (16000, 8000)}
    for name, (n_samples, rate_hz) in sounds.items():
        path = tmp_path / f"{name}.wav"
        soundfile.write(path, 0.1 * rng.standard_normal(n_samples), rate_hz)
        told = verify_alone(exported, files[0], path).stderr
        assert told == f"{path}: not 0.5 s of sound at 16000 Hz\n"
    told = verify_alone(exported, files[0], tmp_path / "none.wav").stderr
    assert "none.wav" in told and told.count("\n") == 1
    told = verify_alone(exported, *files, "--far", 0.5).stderr
    assert told == "--far: measured were [0.1, 0.01]\n"


def test_the_folder_holds_what_was_measured(system, exported):
    assert len((exported / "verify.py").read_text().splitlines()) <= 40
    facts = json.loads((exported / "model.json").read_text())
    assert facts["calibration"] == {"weights": [30.0], "offset": -29.0}
    stored = (system / "decisions.json").read_text()
    assert (exported / "decisions.json").read_text() == stored
    card = (exported / "README.md").read_text()
    assert "float32 (1, 16), of unit length" in card
    assert "on voices: 7 speakers, 21 utterances, one each" in card
    assert "as recorded: FAR 10.00 % (0.00 to 20.00)" in card


def test_a_system_is_found_by_its_name(monkeypatch, tmp_path, system):
    shutil.copytree(system, tmp_path / "models/anna")
    monkeypatch.chdir(tmp_path)
    export(monkeypatch, "anna", tmp_path / "out")
    assert (tmp_path / "out/model.onnx").is_file()


def told_without(monkeypatch, capsys, system, out, *options):
    """Export; return the line on what verify.py lacks, which must not be there."""
    export(monkeypatch, system, out, *options)
    assert "calibration" not in json.loads((out / "model.json").read_text())
    return capsys.readouterr().out.splitlines()[1]


def test_more_than_a_cosine_needs_the_repository(
    monkeypatch, capsys, tmp_path, files, sounds_are_speech
):
    folder = write_calibrated(tmp_path / "more", (LengthNorm(),))
    told = told_without(monkeypatch, capsys, folder, tmp_path / "out")
    assert "without calibration and thresholds: the back-end is more than" in told
    assert set(answer_of(tmp_path / "out", *files)) == {"score"}
    found, expected = (
        open_verifier(own)(files[:1], files[1]) for own in (tmp_path / "out", folder)
    )
    assert found.llr == pytest.approx(expected.llr, abs=1e-3) and found.decision


def test_what_was_measured_without_silence_is_not_copied(monkeypatch, capsys, tmp_path):
    folder = write_calibrated(tmp_path / "silent")
    (folder / "front_end.yaml").write_text(resolved_text("hparams/features.yaml"))
    told = told_without(monkeypatch, capsys, folder, tmp_path / "out", "--keep-silence")
    assert "hold without silence" in told
    assert not {"backend", "decisions.json"} & set(os.listdir(tmp_path / "out"))


def test_nothing_measured_is_told(monkeypatch, capsys, tmp_path, system):
    plain = shutil.copytree(system, tmp_path / "plain")
    shutil.rmtree(plain / "backend")
    Path(plain / "decisions.json").unlink()
    told = told_without(monkeypatch, capsys, plain, tmp_path / "out")
    assert "the system has none" in told
    assert "None: the system has none." in (tmp_path / "out/README.md").read_text()


@pytest.fixture(scope="module")
def speech(tmp_path_factory):
    return write_speech(tmp_path_factory.mktemp("speech"))


@pytest.mark.parametrize("far", [0.1, 0.01])
def test_the_folder_answers_as_the_system_does(system, exported, speech, far):
    """Score, ratio, decision, remarks; also of what is refused."""
    quiet, silence = exported.parent / "quiet.wav", exported.parent / "tone.wav"
    samples, rate_hz = soundfile.read(speech[0])
    soundfile.write(quiet, samples[::4] / 100, rate_hz // 4)
    soundfile.write(silence, np.sin(np.arange(32000) / 5), 16000)
    ours, theirs = open_verifier(exported), open_verifier(system)
    assert isinstance(ours.system, ExportedSystem)
    for test in (speech[0], speech[1], quiet, silence):
        found, expected = (v(speech[:1], test, far).as_dict() for v in (ours, theirs))
        for name, tolerance in (("score", 1e-4), ("llr", 3e-3)):
            assert found.pop(name) == pytest.approx(expected.pop(name), abs=tolerance)
        assert found == expected


def test_a_graph_beside_the_weights_answers_without_torch(
    monkeypatch, tmp_path, system, speech
):
    """The system is asked by its weights, then by its graph, then without torch."""
    words = *speech, "--system", tmp_path / "ours", "--far", 0.1
    shutil.copytree(system, tmp_path / "ours")
    by_weights, imported = answer_of_program(*words)
    assert "torch" in imported and not {"speechbrain", "scipy"} & imported
    monkeypatch.setattr("sys.argv", ["", str(tmp_path / "ours")])
    run_program(main)
    by_graph, imported = answer_of_program(*words)
    assert not imported
    for ours, theirs in zip(by_graph, by_weights, strict=True):
        assert ours.split()[0] == theirs.split()[0]
        if ours.startswith(("decision", "speech", "expected", "measured")):
            assert ours == theirs


def answer_of_program(*words):
    """Run local.verify; return its lines, and the heavy packages it imported."""
    command = [sys.executable, "-c", RUN, "local.verify", *map(str, words)]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    imported = HEAVY & set(result.stderr.splitlines()[-1].split())
    return result.stdout.splitlines(), imported


def test_a_graph_of_its_own_needs_a_folder(monkeypatch, capsys, system):
    monkeypatch.setattr("sys.argv", ["", str(system), "--keep-silence"])
    with pytest.raises(SystemExit, match="2"):
        main()
    assert "give --out" in capsys.readouterr().err
