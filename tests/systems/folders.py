"""A tiny trained system with random weights, as the programs write one."""

import numpy as np
import soundfile
import torch

from local.setup.hyperparameters import load_hyperparameters, resolved_text
from tests.backend.settings import CALIBRATION
from utils.backend.backend import Backend
from utils.backend.calibration import Calibration, LinearFusion
from utils.backend.files import save_backend
from utils.backend.training import calibrate
from utils.models.experiment import model_hash, save_model
from utils.systems.description import encoder_text
from utils.verification.decisions import Decisions, Tail, Threshold, write_decisions
from utils.verification.rates import Rate, Rates

TINY = "n_mels: 64\nn_speakers: 2\nnet: {width: 4, n_blocks: 1, embedding_dim: 16}\n"


def write_system(folder):
    """Write the model with a back-end, ``cosine+cal``; returns the folder."""
    folder.mkdir(parents=True)
    torch.manual_seed(0)
    hparams = "hparams/train_rescnn.yaml"
    encoder = load_hyperparameters(hparams, TINY)["net"]["encoder"]
    for name, text in {
        "encoder.yaml": encoder_text(resolved_text(hparams, TINY)),
        "hyperparams.yaml": resolved_text(hparams, TINY),
        "front_end.yaml": resolved_text("hparams/features.yaml"),
    }.items():
        (folder / name).write_text(text)
    save_model(folder, encoder, {"seed": 0})
    rng = np.random.default_rng(0)
    speakers = np.repeat(["s0", "s1", "s2", "s3"], 5)
    embeddings = rng.standard_normal((4, 16)).repeat(5, axis=0)
    embeddings += rng.standard_normal(embeddings.shape)
    backend = calibrate(Backend(), embeddings, speakers, {}, CALIBRATION)
    save_backend(folder / "backends/cosine+cal", backend, model_hash(folder), {})
    return folder


def write_calibrated(folder, transforms=()):
    """Write a system without voice activity, its back-end and two thresholds."""
    write_system(folder)
    front_end = resolved_text("hparams/features_kaldi.yaml", "n_mels: 64")
    (folder / "front_end.yaml").write_text(front_end)
    backend = Backend(
        transforms, calibration=Calibration(LinearFusion(np.array([30.0]), -29.0, 0.05))
    )
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


def write_voice(path, pitch_hz, rate_hz=16000):
    """Write two seconds of bursts of a harmonic sound; returns the path."""
    time_s = np.arange(2 * rate_hz) / rate_hz
    voice = sum(np.sin(2 * np.pi * n * pitch_hz * time_s) / n for n in range(1, 9))
    soundfile.write(path, 0.1 * voice * (time_s % 0.5 < 0.35), rate_hz)
    return path
