import numpy as np
import pytest
import torch

from local.setup.hyperparameters import load_hyperparameters
from tests.conftest import ROOT
from utils.audio.decoding import read_audio
from utils.features.vad import BoundaryRules, hysteresis

VAD = load_hyperparameters(ROOT / "hparams" / "features.yaml")["vad"]


@pytest.fixture
def front_end():
    return load_hyperparameters(ROOT / "hparams" / "features.yaml")["front_end"]


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


def noise_with_speech(share, seconds, rng, level_db):
    """White noise with a louder stretch of noise in the middle; and its frames."""
    samples = 1e-3 * rng.standard_normal(int(16000 * seconds))
    start, length = len(samples) // 2, int(share * len(samples))
    samples[start : start + length] *= 10 ** (level_db / 20)
    return samples.astype("f4"), (start // 160, (start + length) // 160)


@pytest.mark.parametrize("seconds", [1.0, 2.0])
@pytest.mark.parametrize("level_db", [20, 40, 60])
def test_little_speech_in_long_noise(front_end, rng, seconds, level_db):
    samples, place = noise_with_speech(seconds / 45, 45, rng, level_db)
    np.testing.assert_allclose(front_end(samples).segments, [place], atol=3)


def test_a_slam_among_speech_without_pauses_is_not_all(front_end, rng):
    samples = (0.1 * rng.standard_normal(45 * 16000)).astype("f4")
    samples[16000:17600] *= 3  # 9.5 dB more, for 0.1 s
    frames = front_end(samples)
    assert len(frames.features) > 0.99 * frames.n_total


def is_speech(frames):
    mask = np.zeros(frames.n_total, dtype=bool)
    for start, stop in frames.segments:
        mask[start:stop] = True
    return mask


@pytest.mark.parametrize(
    ("disturb", "least", "most"),
    [
        (lambda time_s: 0.01 + 0 * time_s, 0.99, 0.02),
        (lambda time_s: 0.1 + 0 * time_s, 0.99, 0.02),
        (lambda time_s: 0.3 + 0 * time_s, 0.99, 0.02),
        (lambda time_s: 0.014 * np.sin(2 * np.pi * 50 * time_s), 0.95, 0.02),
        (lambda time_s: 0.014 * np.sin(2 * np.pi * 60 * time_s), 0.95, 0.02),
        (lambda time_s: 0.05 * np.sin(2 * np.pi * 50 * time_s), 0.9, 0.02),
    ],
)
def test_offset_and_hum_change_little(front_end, corpora, disturb, least, most):
    folder = corpora / "speechocean762"
    clean, found = [], []
    for path in sorted(folder.rglob("*.opus"))[::500]:
        samples = read_audio(path, 16000)
        samples *= 0.1 / samples.std()
        time_s = np.arange(len(samples)) / 16000
        clean.append(is_speech(front_end(samples)))
        found.append(is_speech(front_end((samples + disturb(time_s)).astype("f4"))))
    clean, found = np.concatenate(clean), np.concatenate(found)
    assert found[clean].mean() > least and found[~clean].mean() < most


def test_other_recordings_are_as_without_the_rules(front_end, corpora):
    plain = load_hyperparameters(
        ROOT / "hparams" / "features.yaml",
        "hum_db: null\nshortest_loud_s: null\nlargest_offset: null\n",
    )["front_end"]
    for path in sorted((corpora / "wuw").rglob("*.opus"))[::10]:
        samples = read_audio(path, 16000)
        ours, theirs = front_end(samples), plain(samples)
        np.testing.assert_array_equal(ours.segments, theirs.segments)
        np.testing.assert_array_equal(ours.features, theirs.features)


def test_hysteresis_equals_speechbrains(rng):
    posteriors = rng.random((20, 300, 1)).astype("f4")
    theirs = BoundaryRules(0.01).apply_threshold(torch.from_numpy(posteriors))
    for ours, oracle in zip(posteriors[..., 0], theirs[..., 0].numpy(), strict=True):
        np.testing.assert_array_equal(hysteresis(ours, 0.5, 0.25), oracle)
