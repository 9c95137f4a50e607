import numpy as np
import torch

from local.setup.hyperparameters import load_hyperparameters
from tests.conftest import ROOT
from utils.features.vad import BoundaryRules, hysteresis

VAD = load_hyperparameters(ROOT / "hparams" / "features.yaml")["vad"]


def bursts(rng, level_db, *spans, n_frames=400):
    fbank_db = rng.normal(-70, 1, (n_frames, 64))
    for start, stop in spans:
        fbank_db[start:stop] += level_db
    return fbank_db


def test_bursts_are_found(rng):
    segments = VAD.segments(bursts(rng, 40, (50, 120), (250, 350)))
    np.testing.assert_array_equal(segments, [[50, 120], [250, 350]])


def test_short_pauses_are_bridged_and_clicks_dropped(rng):
    fbank_db = bursts(rng, 40, (50, 100), (106, 160), (300, 303))
    np.testing.assert_array_equal(VAD.segments(fbank_db), [[50, 160]])


def test_level_does_not_matter(rng):
    fbank_db = bursts(rng, 30, (50, 120))
    quiet = VAD.segments(fbank_db - 35)
    np.testing.assert_array_equal(quiet, VAD.segments(fbank_db))


def test_a_recording_without_pauses_is_kept(rng):
    segments = VAD.segments(rng.normal(-20, 1, (200, 64)))
    assert sum(stop - start for start, stop in segments) >= 199


def test_noisy_recordings_keep_the_loud_part(rng):
    segments = VAD.segments(bursts(rng, 12, (100, 200)))
    np.testing.assert_array_equal(segments, [[100, 200]])


def test_one_frame_does_not_fail():
    assert VAD.segments(np.zeros((1, 64))).shape[1] == 2


def test_hysteresis_equals_speechbrains(rng):
    posteriors = rng.random((20, 300, 1)).astype("f4")
    theirs = BoundaryRules(0.01).apply_threshold(torch.from_numpy(posteriors))
    for ours, oracle in zip(posteriors[..., 0], theirs[..., 0].numpy(), strict=True):
        np.testing.assert_array_equal(hysteresis(ours, 0.5, 0.25), oracle)
