"""The folder that local.export writes, used without this repository."""

import json
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
from tests.systems.folders import write_system
from tests.verification.voices import write_speakers
from utils.backend.backend import Backend
from utils.backend.calibration import Calibration, LinearFusion
from utils.backend.files import save_backend
from utils.backend.transforms import LengthNorm
from utils.models.experiment import model_hash
from utils.runtime.program import run_program
from utils.verification.decisions import Decisions, Tail, Threshold, write_decisions
from utils.verification.rates import Rate, Rates
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
FUSION = LinearFusion(np.array([30.0]), -29.0, 0.05)


def write_calibrated(folder, transforms=()):
    """Write a system without voice activity, its back-end and two thresholds."""
    write_system(folder)
    front_end = resolved_text("hparams/features_kaldi.yaml", "n_mels: 64")
    (folder / "front_end.yaml").write_text(front_end)
    backend = Backend(transforms, calibration=Calibration(FUSION))
    sha256 = model_hash(folder)
    save_backend(folder / "backend", backend, sha256, {})
    rates = {"as recorded": Rates(Rate(0.1, 0, 0.2), Rate(0.3, 0.2, 0.4), 20, 50)}
    thresholds = Threshold(0.1, -50.0, rates), Threshold(0.01, 50.0, rates)
    measured_on = {
        "source": "voices", "speakers": 7, "utterances": 21, "sessions": "one each",
    }  # fmt: skip
    tail = Tail((0.1, 0.01), (-50.0, 50.0))
    decisions = Decisions(sha256, thresholds, tail, {}, measured_on)
    write_decisions(folder, decisions, {})
    return folder


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
    monkeypatch, system, exported, files, far, decision
):
    monkeypatch.setattr(
        utils.verification.recordings, "speech_likelihood", lambda *_: 1.0
    )
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
    """Export; return the line on what does not travel, which must not be there."""
    export(monkeypatch, system, out, *options)
    assert not (out / "decisions.json").exists()
    assert "calibration" not in json.loads((out / "model.json").read_text())
    return capsys.readouterr().out.splitlines()[1]


def test_more_than_a_cosine_is_not_copied(monkeypatch, capsys, tmp_path, files):
    folder = write_calibrated(tmp_path / "more", (LengthNorm(),))
    told = told_without(monkeypatch, capsys, folder, tmp_path / "out")
    assert "without calibration and thresholds: the back-end is more than" in told
    assert set(answer_of(tmp_path / "out", *files)) == {"score"}


def test_what_was_measured_without_silence_is_not_copied(monkeypatch, capsys, tmp_path):
    folder = write_calibrated(tmp_path / "silent")
    (folder / "front_end.yaml").write_text(resolved_text("hparams/features.yaml"))
    told = told_without(monkeypatch, capsys, folder, tmp_path / "out", "--keep-silence")
    assert "hold without silence" in told


def test_nothing_measured_is_told(monkeypatch, capsys, tmp_path, system):
    plain = shutil.copytree(system, tmp_path / "plain")
    shutil.rmtree(plain / "backend")
    Path(plain / "decisions.json").unlink()
    told = told_without(monkeypatch, capsys, plain, tmp_path / "out")
    assert "the system has none" in told
    assert "None: the system has none." in (tmp_path / "out/README.md").read_text()
