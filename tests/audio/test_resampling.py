"""Resampling against torchaudio's, and in chunks against the whole."""

import numpy as np
import pytest
import torch
from torchaudio.functional import resample as torchaudio_resample

from utils.audio.resampling import Resampler, resample

RATES = [(8000, 16000), (44100, 16000), (16000, 8000), (48000, 16000), (100, 110)]


@pytest.mark.parametrize(("from_hz", "to_hz"), RATES)
@pytest.mark.parametrize("n_samples", [1, 7, 1000, 50001])
def test_as_torchaudio(rng, from_hz, to_hz, n_samples):
    samples = rng.standard_normal(n_samples).astype("f4")
    found = resample(samples, from_hz, to_hz)
    expected = torchaudio_resample(torch.from_numpy(samples), from_hz, to_hz).numpy()
    assert found.dtype == expected.dtype and found.shape == expected.shape
    np.testing.assert_allclose(found, expected, atol=5e-5)  # its kernel is float32


@pytest.mark.parametrize(("from_hz", "to_hz"), [*RATES, (16000, 16000)])
def test_chunks_of_any_size_give_what_the_whole_gives(rng, from_hz, to_hz):
    samples = rng.standard_normal(5000).astype("f4")
    whole = resample(samples, from_hz, to_hz)
    for places in ([], range(1, 300), np.sort(rng.integers(0, 5001, 9))):
        stream = Resampler(from_hz, to_hz)
        chunks = [stream(chunk) for chunk in np.split(samples, places)]
        joined = np.concatenate([*chunks, stream.finish()])
        assert joined.shape == whole.shape
        np.testing.assert_allclose(joined, whole, atol=2e-6)


def test_nothing_comes_of_nothing():
    assert len(Resampler(8000, 16000).finish()) == 0
