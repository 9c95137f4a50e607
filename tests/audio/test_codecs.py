import numpy as np
import pytest

from utils.audio.codecs import CODECS, encode_and_decode


def mulaw_by_the_standard(samples):
    """G.711, table 2a: 8 segments of 16 steps, on a scale of 14 bits."""
    decoded = []
    for value in np.round(samples * 8192).astype(int):
        magnitude = min(abs(int(value)), 8158) + 33
        segment = magnitude.bit_length() - 6
        step = (magnitude >> (segment + 1)) & 15
        level = ((2 * step + 33) << segment) - 33
        decoded.append(level if value >= 0 else -level)
    return np.array(decoded) / 8192


def test_mulaw_is_that_of_the_standard(rng):
    samples = np.concatenate(
        [rng.uniform(-1, 1, 3000), 1e-2 * rng.standard_normal(3000)]
    )
    expected = mulaw_by_the_standard(samples)
    # a sample beside the edge of a step may fall to either side
    error = np.abs(encode_and_decode(samples.astype("f4"), 8000, "mulaw") - expected)
    assert np.mean(error < 1e-6) > 0.98
    assert (error <= 0.04).all()


@pytest.mark.parametrize(
    ("codec", "least_db"), [("mulaw", 35), ("alaw", 35), ("g721", 20), ("gsm", 5)]
)
def test_codecs_keep_speech_like_signals(codec, least_db):
    time_s = np.arange(8001) / 8000
    samples = 0.3 * np.sin(2 * np.pi * 200 * time_s) * np.sin(2 * np.pi * 3 * time_s)
    decoded = encode_and_decode(samples.astype("f4"), 8000, codec)
    assert decoded.shape == samples.shape and decoded.dtype == np.float32
    noise = np.mean((decoded - samples) ** 2)
    assert 10 * np.log10(np.mean(samples**2) / noise) > least_db
    assert noise > 1e-9  # it was coded


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("n_samples", [1, 159, 8000])
def test_lengths_are_kept(codec, n_samples, rng):
    samples = 0.1 * rng.standard_normal(n_samples).astype("f4")
    assert encode_and_decode(samples, 8000, codec).shape == (n_samples,)


def test_loud_samples_are_clipped():
    assert np.abs(encode_and_decode(np.full(100, 3.0, "f4"), 8000, "alaw")).max() <= 1
