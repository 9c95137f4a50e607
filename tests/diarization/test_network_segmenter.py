"""Windows of the network over a recording, and which of them tells a frame."""

import numpy as np
import pytest
import torch

from tests.diarization.sounds import bursts
from utils.diarization.network import open_network, save_network
from utils.diarization.network_segmenter import (
    NetworkSegmenter,
    mean_over_windows,
    middles,
    settle,
    shares_of_sizes,
    window_starts,
)
from utils.diarization.pauses import PauseRule
from utils.diarization.segmentation import FRAME_S, Source
from utils.models.pyannet import PyanNet, powerset
from utils.runtime.errors import UserError


class LoudOrQuiet(torch.nn.Module):
    """Hears speaker 1 alone in frames that are loud, and 0 and 1 where very loud."""

    def forward(self, samples):
        level = samples.unfold(1, 991, 270).abs().mean(dim=2)  # (B, T)
        classes = 2 * (level > 0.1).long() + 2 * (level > 0.5).long()
        certain = 20.0 * torch.nn.functional.one_hot(classes, 7)
        return certain.log_softmax(dim=2)


@pytest.mark.parametrize("step_s", [2.5, 5.0, 10.0])
def test_frames_of_windows_are_where_the_sound_is(step_s, write_wav):
    path = write_wav("a.wav", bursts((3.0, 8.0, 0.3), (14.0, 26.0, 0.3), (20, 22, 0.9)))
    rule = PauseRule(16.0, 0.075)
    segmenter = NetworkSegmenter(LoudOrQuiet(), step_s, rule, batch_size=3, n_threads=2)
    found = segmenter(Source(path))
    assert found.n_frames == int(np.ceil(33 / FRAME_S))
    counts = np.zeros(found.n_frames + found.active.shape[1], dtype=int)
    for start, active in zip(found.starts, found.active, strict=True):
        counts[start : start + len(active)] += active.sum(axis=1)
    counts = counts[: found.n_frames]
    centres_s = (np.arange(found.n_frames) + 0.5) * FRAME_S
    edges_s = np.array([3.0, 8.0, 14.0, 26.0, 20.0, 22.0])
    far = np.abs(centres_s[:, None] - edges_s).min(axis=1) > 0.1
    is_on = ((centres_s > 3) & (centres_s < 8)) | ((centres_s > 14) & (centres_s < 26))
    expected = is_on.astype(int) + ((centres_s > 20) & (centres_s < 22))
    np.testing.assert_array_equal(counts[far], expected[far])
    np.testing.assert_array_equal(found.is_speech[far], expected[far] > 0)


def test_windows_cover_all_frames():
    for n_frames in (1, 589, 592, 593, 1000, 5000):
        starts = window_starts(n_frames, 592, 296)
        assert starts[0] == 0 and starts[-1] + 592 >= n_frames
        assert len(starts) == 1 or starts[-2] + 592 < n_frames


def test_means_are_over_the_windows_that_see_a_frame():
    values = np.ones((2, 4, 1)) * [[[1.0]], [[3.0]]]
    found = mean_over_windows(np.array([0, 2]), values, 6)
    assert found[:, 0].tolist() == [1, 1, 2, 2, 3, 3]


@pytest.mark.parametrize("seed", range(5))
def test_a_frame_is_told_by_one_window_and_its_number_by_all(seed):
    rng = np.random.default_rng(seed)
    starts, n_window, n_frames = np.array([1, 6, 11, 16]), 10, 24
    shares = rng.dirichlet(np.full(7, 0.3), (4, n_window))  # (W, T, 7)
    means = mean_over_windows(starts, shares_of_sizes(shares), n_frames)
    found = settle(starts, shares, means.argmax(axis=1))
    members = powerset().numpy()
    for frame in range(1, n_frames):
        seen = [w for w in range(4) if starts[w] <= frame < starts[w] + n_window]
        told = np.mean([shares[w, frame - starts[w]] for w in seen], axis=0)
        counts = [told[members.sum(axis=1) == n].sum() for n in range(3)]
        edges = [min(frame - starts[w], starts[w] + n_window - 1 - frame) for w in seen]
        window = seen[int(np.argmax(np.array(edges) + 1e-9 * np.arange(len(seen))))]
        own = shares[window, frame - starts[window]]
        allowed = [c for c in range(7) if members[c].sum() == np.argmax(counts)]
        best = members[max(allowed, key=lambda c: own[c])]
        place = np.searchsorted(found.starts, frame, side="right") - 1
        heard = found.active[place, frame - found.starts[place]]
        assert heard.tolist() == best.astype(bool).tolist()


def test_windows_take_turns_without_gap():
    starts = window_starts(1000, 592, 296)
    bounds = middles(starts, 592, 1000)
    assert bounds[0] == 0 and bounds[-1] == 1000 and (np.diff(bounds) > 0).all()
    assert (bounds[:-1] >= starts).all() and (bounds[1:] <= starts + 592).all()


@pytest.mark.parametrize("step_s", [2.5, 10.0])
def test_a_silent_recording_has_no_speech(step_s, write_wav):
    path = write_wav("silence.wav", np.zeros(16000))
    segmenter = NetworkSegmenter(LoudOrQuiet(), step_s, PauseRule(16.0, 0.075))
    found = segmenter(Source(path))
    assert not found.active.any() and not found.is_speech.any()


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
