"""Graphs of all encoders, run by onnxruntime, against the systems they were made of."""

import json
import sys

import numpy as np
import pytest
import torch

from local.export import main
from local.setup.hyperparameters import load_hyperparameters, resolved_text
from tests.conftest import ROOT
from tests.models.test_encoders import SMALL, build
from tests.systems.folders import write_system, write_voice
from utils.features.front_end import NORMALISATIONS, normalise, remove_offset
from utils.runtime.program import run_program
from utils.systems.graph import normalised, without_offset
from utils.systems.system import System, open_system

NO_GRAPH = {"ge2e"}


@pytest.fixture
def onnxruntime():
    pytest.importorskip("onnx")
    return pytest.importorskip("onnxruntime")


def system_of(model, front_end="features_kaldi", overrides="n_mels: 16"):
    """A system of a small encoder whose batch norms have seen some data."""
    encoder = build(model)
    encoder(5 * torch.randn(8, 40, 16))
    front_end = load_hyperparameters(ROOT / f"hparams/{front_end}.yaml", overrides)
    return System(
        folder=ROOT,
        front_end=front_end["front_end"],
        model_sha256="",
        backend=None,
        encoder=encoder.eval(),
    )


@pytest.mark.parametrize("model", SMALL)
def test_every_encoder_is_exported_or_refused(model, onnxruntime, tmp_path):
    from utils.runtime.errors import UserError
    from utils.systems.graph import LEAST_COSINE, export_graph

    path = tmp_path / "model.onnx"
    if model in NO_GRAPH:
        with pytest.raises(UserError, match="the number of partials follows"):
            export_graph(system_of(model), path)
        assert not path.exists()
    else:
        assert export_graph(system_of(model), path) >= LEAST_COSINE
        (output,) = onnxruntime.InferenceSession(path).get_outputs()
        assert isinstance(output.shape[-1], int)  # the card's size of embeddings


def test_the_graph_embeds_speech_as_the_system(
    onnxruntime, tmp_path, monkeypatch, capsys
):
    folder, out = write_system(tmp_path / "model"), tmp_path / "graph"
    (folder / "LICENSE").write_text("the licence")
    run(monkeypatch, folder, "--out", out, "--keep-silence")
    assert "cosine to the model's embeddings 1.0000" in capsys.readouterr().out
    assert (out / "LICENSE").read_text() == "the licence"
    card = json.loads((out / "model.json").read_text())
    system = open_system(folder)
    assert card["sample_rate_hz"] == 16000
    assert card["encoder_sha256"] == system.model_sha256
    system.front_end.vad = None
    session = onnxruntime.InferenceSession(out / "model.onnx")
    for pitch_hz in (110, 190):
        samples = system._read(write_voice(tmp_path / "a.wav", pitch_hz), "")
        embedding = session.run(None, {"samples": samples[None]})[0][0]
        assert embedding @ system.embed([samples])[0] > 0.9999
        assert np.linalg.norm(embedding) == pytest.approx(1, abs=1e-5)


def run(monkeypatch, *words):
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(sys, "argv", ["export", *map(str, words)])
    run_program(main)


def refusal(monkeypatch, capsys, *words):
    with pytest.raises(SystemExit) as stop:
        run(monkeypatch, *words)
    assert stop.value.code == 1
    return capsys.readouterr().err


def test_what_no_graph_can_do_is_said(onnxruntime, tmp_path, monkeypatch, capsys):
    folder, out = write_system(tmp_path / "model"), tmp_path / "graph"
    told = refusal(monkeypatch, capsys, folder, "--out", out)
    assert "drops silence" in told and "--keep-silence" in told
    telephone = resolved_text("hparams/features_telephone.yaml")
    (folder / "front_end.yaml").write_text(telephone)
    told = refusal(monkeypatch, capsys, folder, "--out", out)
    assert "its front-end has a channel" in told
    (folder / "front_end.yaml").write_text(resolved_text("hparams/features_ge2e.yaml"))
    told = refusal(monkeypatch, capsys, folder, "--out", out)
    assert "PowerMel: no filterbank that can be exported" in told
    assert not out.exists()


def test_a_missing_package_is_one_line(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("utils.systems.graph.find_spec", lambda name: None)
    folder = write_system(tmp_path / "model")
    words = folder, "--out", tmp_path / "graph", "--keep-silence"
    told = refusal(monkeypatch, capsys, *words)
    assert "pip install '.[export]'" in told and told.count("\n") == 1


@pytest.mark.parametrize("kind", NORMALISATIONS)
def test_normalisation_is_that_of_the_front_end(kind, rng):
    features = rng.normal(3, 5, (2, 50, 8))
    ours = normalised(torch.from_numpy(features), kind)
    for place in range(2):
        np.testing.assert_allclose(ours[place], normalise(features[place], kind))


@pytest.mark.parametrize("mean", [0, 0.004, 0.006, -0.3])
def test_an_offset_is_taken_off_as_by_the_front_end(mean, rng):
    samples = rng.normal(0, 0.1, 4000)
    samples += mean - samples.mean()
    ours = without_offset(torch.from_numpy(samples)[None], 0.05)[0].numpy()
    np.testing.assert_allclose(ours, remove_offset(samples, 0.05), atol=1e-12)
    assert np.isclose(ours.mean(), mean) == (abs(mean) < 0.005)
