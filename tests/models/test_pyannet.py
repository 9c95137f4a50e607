"""The segmentation network: its filters, classes and frames."""

import numpy as np
import pytest
import torch

from utils.models.pyannet import (
    FIELD_SAMPLES,
    STEP_SAMPLES,
    PyanNet,
    SincFilters,
    powerset,
    renamed_weights,
)


def test_filters_are_windowed_differences_of_two_sinc_functions():
    """M. Ravanelli and Y. Bengio, equation (4); the sine is its Hilbert transform."""
    filters = SincFilters(2, stride=10)
    with torch.no_grad():
        filters.low_hz[:] = torch.tensor([[250.0], [-3000.0]])
        filters.band_hz[:] = torch.tensor([[-100.0], [9000.0]])
        found = filters.filters().double().numpy()[:, 0]
    taps = np.arange(-125, 126) / 16000
    for n, (low, high) in enumerate([(300.0, 450.0), (3050.0, 8000.0)]):
        ideal = 2 * high * np.sinc(2 * high * taps) - 2 * low * np.sinc(2 * low * taps)
        expected = np.hamming(251) * ideal / (2 * (high - low))
        np.testing.assert_allclose(found[n], expected, atol=1e-5)
        power = np.abs(np.fft.rfft(found[[n, n + 2]], 4096)) ** 2
        bins_hz = np.fft.rfftfreq(4096, 1 / 16000)
        for own in power[:, : len(bins_hz)]:
            assert low - 60 <= bins_hz[own.argmax()] <= high + 60
    np.testing.assert_allclose(found[2:], -found[2:, ::-1], atol=1e-6)


def test_classes_are_all_sets_of_at_most_two_of_three():
    rows = [tuple(row) for row in powerset().int().tolist()]
    assert rows == [
        (0, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 1), (1, 1, 0), (1, 0, 1), (0, 1, 1)
    ]  # fmt: skip


@pytest.mark.parametrize("n_samples", [FIELD_SAMPLES + 270, FIELD_SAMPLES + 539, 16000])
def test_frames_are_those_that_lie_within(n_samples):
    torch.manual_seed(0)
    network = PyanNet().eval()
    with torch.inference_mode():
        found = network(torch.randn(2, n_samples))
    assert found.shape == (2, 1 + (n_samples - FIELD_SAMPLES) // STEP_SAMPLES, 7)
    torch.testing.assert_close(found.exp().sum(-1), torch.ones(found.shape[:2]))


def test_a_channel_of_another_level_is_heard_alike():
    torch.manual_seed(0)
    network, samples = PyanNet().eval(), torch.randn(1, 16000)
    with torch.inference_mode():
        torch.testing.assert_close(
            network(samples), network(0.1 * samples), atol=1e-2, rtol=1e-2
        )


def test_released_names_fit():
    network = PyanNet()
    theirs = {
        name.replace("sincnet.input_norm", "sincnet.wav_norm1d")
        .replace("convolutions.0.low_hz", "conv1d.0.filterbank.low_hz_")
        .replace("convolutions.0.band_hz", "conv1d.0.filterbank.band_hz_")
        .replace("convolutions", "conv1d")
        .replace("sincnet.norms", "sincnet.norm1d"): weights
        for name, weights in network.state_dict().items()
    }
    theirs["sincnet.conv1d.0.filterbank.window_"] = torch.ones(125)
    assert renamed_weights(theirs).keys() == network.state_dict().keys()
    assert not theirs.keys() >= network.state_dict().keys()
