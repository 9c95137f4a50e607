"""The definition, frame by frame and band by band, is the oracle."""

import numpy as np
import pytest
import torch

from local.setup.hyperparameters import load_hyperparameters
from utils.features.power_mel import PowerMel


def slaney_mel(frequency_hz):
    """Linear below 1 kHz, 15 bands a kHz; then 27 bands a factor of 6.4."""
    above = 15 + 27 * np.log(np.maximum(frequency_hz, 1e-9) / 1000) / np.log(6.4)
    return np.where(frequency_hz < 1000, frequency_hz / (200 / 3), above)


def bands(n_mels):
    grid_hz = np.linspace(0, 8000, 80001)
    edges = np.linspace(0, slaney_mel(8000), n_mels + 2)
    edges_hz = np.interp(edges, slaney_mel(grid_hz), grid_hz)
    bins_hz = np.linspace(0, 8000, 201)
    triangles = [
        np.interp(bins_hz, (low, centre, high), (0, 1, 0)) * 2 / (high - low)
        for low, centre, high in zip(
            edges_hz[:-2], edges_hz[1:-1], edges_hz[2:], strict=True
        )
    ]
    return np.stack(triangles, axis=1)


@pytest.mark.parametrize("gain", [1e-3, 10.0])
def test_powers_are_those_of_the_definition(gain, speech_like):
    samples = (gain * speech_like).astype("f8")
    ours = PowerMel(16000, 40, 25, 10, -30)(
        torch.from_numpy(samples.astype("f4"))[None]
    )[0]
    rms = np.sqrt(np.mean(samples**2))
    samples = np.pad(samples * max(1, 10 ** (-30 / 20) / rms), (200, 360))
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(400) / 400)
    frames = [samples[start : start + 400] for start in range(0, 32161, 160)]
    power = np.abs(np.fft.rfft(window * frames)) ** 2
    np.testing.assert_allclose(ours, power @ bands(40), rtol=1e-3, atol=1e-6)


def test_quiet_utterances_are_amplified_loud_ones_are_not(root, speech_like):
    front_end = load_hyperparameters(root / "hparams/features_ge2e.yaml")["front_end"]
    quiet, quieter = front_end(1e-2 * speech_like), front_end(1e-3 * speech_like)
    np.testing.assert_allclose(quiet.features, quieter.features, rtol=1e-2, atol=1e-6)
    loud, louder = front_end(5 * speech_like), front_end(10 * speech_like)
    np.testing.assert_allclose(4 * loud.features, louder.features, rtol=1e-2, atol=1e-5)
