"""Windows over a recording, and the frames of speech in them."""

import numpy as np
import pytest
import torch

from local.setup.hyperparameters import load_hyperparameters
from tests.conftest import ROOT
from utils.diarization.network import open_network, save_network
from utils.diarization.segmentation import (
    FRAME_S,
    EnergySegmenter,
    NetworkSegmenter,
    Segmentation,
    Source,
    short_windows,
    window_starts,
)
from utils.models.pyannet import PyanNet
from utils.runtime.errors import UserError


class LoudOrQuiet(torch.nn.Module):
    """Hears speaker 1 alone in frames that are loud, and 0 and 1 where very loud."""

    def forward(self, samples):
        level = samples.unfold(1, 991, 270).abs().mean(dim=2)  # (B, T)
        classes = 2 * (level > 0.1).long() + 2 * (level > 0.5).long()
        return torch.nn.functional.one_hot(classes, 7).float()


def bursts(*stretches, duration_s=33.0):
    """Samples that are loud from, to, at a level."""
    samples = np.zeros(int(duration_s * 16000), dtype="f4")
    for start_s, stop_s, level in stretches:
        samples[int(start_s * 16000) : int(stop_s * 16000)] = level
    return samples


@pytest.mark.parametrize("step_s", [2.5, 5.0, 10.0])
def test_frames_of_windows_are_where_the_sound_is(step_s, write_wav):
    path = write_wav("a.wav", bursts((3.0, 8.0, 0.3), (14.0, 26.0, 0.3), (20, 22, 0.9)))
    found = NetworkSegmenter(LoudOrQuiet(), step_s, batch_size=3)(Source(path))
    assert found.n_frames == int(np.ceil(33 / FRAME_S))
    counts = found.mean_over_windows(found.active.sum(axis=2, keepdims=True))[:, 0]
    centres_s = (np.arange(found.n_frames) + 0.5) * FRAME_S
    edges_s = np.array([3.0, 8.0, 14.0, 26.0, 20.0, 22.0])
    far = np.abs(centres_s[:, None] - edges_s).min(axis=1) > 0.1
    is_on = ((centres_s > 3) & (centres_s < 8)) | ((centres_s > 14) & (centres_s < 26))
    expected = is_on.astype(int) + ((centres_s > 20) & (centres_s < 22))
    np.testing.assert_array_equal(counts[far], expected[far])


def test_windows_cover_all_frames():
    for n_frames in (1, 589, 592, 593, 1000, 5000):
        starts = window_starts(n_frames, 592, 296)
        assert starts[0] == 0 and starts[-1] + 592 >= n_frames
        assert len(starts) == 1 or starts[-2] + 592 < n_frames


def test_means_are_over_the_windows_that_see_a_frame():
    values = np.ones((2, 4, 1)) * [[[1.0]], [[3.0]]]
    found = Segmentation(np.array([0, 2]), values > 0, 6).mean_over_windows(values)
    assert found[:, 0].tolist() == [1, 1, 2, 2, 3, 3]


def test_energy_finds_bursts(write_wav, rng):
    front_end = load_hyperparameters(ROOT / "hparams/features.yaml")["front_end"]
    noise = rng.standard_normal(12 * 16000) * 1e-4
    loud = bursts((2.0, 5.0, 1.0), (7.0, 9.0, 1.0), duration_s=12.0)
    path = write_wav("a.wav", noise + loud * 0.1 * rng.standard_normal(len(loud)))
    found = EnergySegmenter(front_end, 1.5, 0.75)(Source(path))
    speech = found.mean_over_windows(found.active.astype(float))[:, 0] > 0.5
    assert abs(speech.sum() * FRAME_S - 5.0) < 0.2
    middle = int(3.5 / FRAME_S)
    assert speech[middle] and not speech[int(6.0 / FRAME_S)]


@pytest.mark.parametrize("step_s", [2.5, 10.0])
def test_a_silent_recording_has_no_speech(step_s, write_wav):
    path = write_wav("silence.wav", np.zeros(16000))
    front_end = load_hyperparameters(ROOT / "hparams/features.yaml")["front_end"]
    for segment in (
        NetworkSegmenter(LoudOrQuiet(), step_s),
        EnergySegmenter(front_end, 1.5, 0.75),
    ):
        assert not segment(Source(path)).active.any()


def test_short_windows_of_no_speech_are_none():
    found = short_windows(np.zeros(100, dtype=bool), 1.5, 0.75)
    assert found.active.shape == (0, 89, 1) and found.n_frames == 100


def test_a_network_is_kept_in_a_folder(tmp_path):
    weights = PyanNet().state_dict()
    save_network(tmp_path / "net", weights, {"LICENCE": "MIT"}, "made here")
    assert (tmp_path / "net/LICENCE").read_text() == "MIT"
    opened = open_network(tmp_path / "net")
    assert not opened.training
    torch.testing.assert_close(dict(opened.state_dict()), dict(weights))


def test_no_network_is_told(tmp_path):
    with pytest.raises(UserError, match="local.get_model segmentation"):
        open_network(tmp_path)
    (tmp_path / "segmentation.pt").write_bytes(b"junk")
    with pytest.raises(UserError, match="holds no weights"):
        open_network(tmp_path)
