"""Speech that is found by its energy."""

import numpy as np

from local.setup.hyperparameters import load_hyperparameters
from tests.conftest import ROOT
from tests.diarization.sounds import bursts
from utils.diarization.segmentation import (
    FRAME_S,
    EnergySegmenter,
    Source,
    of_one_speaker,
)


def test_energy_finds_bursts(write_wav, rng):
    front_end = load_hyperparameters(ROOT / "hparams/features.yaml")["front_end"]
    noise = rng.standard_normal(12 * 16000) * 1e-4
    loud = bursts((2.0, 5.0, 1.0), (7.0, 9.0, 1.0), duration_s=12.0)
    path = write_wav("a.wav", noise + loud * 0.1 * rng.standard_normal(len(loud)))
    found = EnergySegmenter(front_end)(Source(path))
    speech = found.active.reshape(-1)[: found.n_frames]
    assert abs(speech.sum() * FRAME_S - 5.0) < 0.2
    middle = int(3.5 / FRAME_S)
    assert speech[middle] and not speech[int(6.0 / FRAME_S)]


def test_a_silent_recording_has_no_speech(write_wav):
    path = write_wav("silence.wav", np.zeros(16000))
    front_end = load_hyperparameters(ROOT / "hparams/features.yaml")["front_end"]
    assert not EnergySegmenter(front_end)(Source(path)).active.any()


def test_windows_of_one_speaker_have_all_speech_once(rng):
    for n_frames in (0, 1, 591, 592, 593, 5000):
        speech = rng.random(n_frames) < 0.5
        found = of_one_speaker(speech)
        assert not found.knows_speakers
        whole = np.zeros(len(found.starts) * found.active.shape[1], dtype=int)
        for start, active in zip(found.starts, found.active, strict=True):
            whole[start : start + len(active)] += active[:, 0]
        assert whole[:n_frames].tolist() == speech.tolist()
        assert not whole[n_frames:].any() and found.n_frames == n_frames
