"""Which speech of a window's speakers is embedded."""

import numpy as np
import torch

from utils.diarization.segmentation import FRAME_S, Segmentation
from utils.diarization.voices import VoiceEmbedder

N_WINDOW, N_STEP = 600, 300  # frames


class Clock:
    """A front-end whose one feature is the time, and a recording of which it is."""

    sample_rate_hz, normalisation = 1000, "none"

    def filterbank(self, samples):
        return samples[::10, None].astype("f4")

    def windows(self, starts_s, window_s, rate_hz):
        for start_s in starts_s:
            yield start_s + np.arange(round(window_s * rate_hz)) / rate_hz + 0.1


def embed(active, **changes):
    """Embed by first time and length, of windows (W, T, S)."""

    def encoder(batch):  # (B, T, 1)
        n = torch.full((len(batch),), batch.shape[1] / 100)
        return torch.stack([batch[:, 0, 0] - 0.1, n], dim=1)

    starts = N_STEP * np.arange(len(active))
    found = Segmentation(starts, np.array(active, dtype=bool), 10**4)
    values = {"shortest_s": 0.5, "longest_s": 3.0, "unit_s": 0.25}
    return VoiceEmbedder(Clock(), encoder, **values | changes)(Clock(), found)


def speaker(*spans_s):
    frames_s = np.arange(N_WINDOW) * FRAME_S
    return np.any([(frames_s >= a) & (frames_s < b) for a, b in spans_s], axis=0)


def windows(*speakers):
    return [np.stack(own, axis=1) for own in speakers]


def test_a_voice_is_its_last_seconds():
    always, step_s = speaker((0, 99)), N_STEP * FRAME_S
    voices = embed(windows([always], [speaker((1, 2.2))], [always]))
    np.testing.assert_allclose(voices.embeddings[:, 1], [3.0, 1.0, 3.0], atol=0.02)
    last_s = N_WINDOW * FRAME_S - 3
    first_s = [last_s, step_s + 1.2, 2 * step_s + last_s]
    np.testing.assert_allclose(voices.embeddings[:, 0], first_s, atol=0.03)
    np.testing.assert_allclose(voices.clean_s[1], 1.2, atol=0.03)
    assert voices.windows.tolist() == [0, 1, 2]


def test_threads_and_groups_change_nothing():
    talk = windows(*([speaker((1, 2 + n % 5)), speaker((n % 3, 8))] for n in range(9)))
    alone = embed(talk)
    shared = embed(talk, n_threads=2, n_windows=4)
    for own, other in zip(alone, shared, strict=True):
        np.testing.assert_array_equal(own, other)


def test_speech_alone_is_preferred():
    voices = embed(windows([speaker((0, 4)), speaker((1, 6))]), longest_s=1.5)
    np.testing.assert_allclose(voices.embeddings[:, 0], [0, 4.5], atol=0.03)
    np.testing.assert_allclose(voices.clean_s, [1, 2], atol=0.03)
    hidden = embed(windows([speaker((0, 4)), speaker((1, 3))]))
    np.testing.assert_allclose(hidden.embeddings[:, 0], [0, 1.25], atol=0.03)
    assert hidden.locals.tolist() == [0, 1] and hidden.clean_s[1] == 0


def test_too_little_speech_and_none():
    assert embed(windows([speaker((0, 0.4))])).embeddings.shape == (0, 0)
    assert len(embed(np.zeros((0, N_WINDOW, 1))).windows) == 0
