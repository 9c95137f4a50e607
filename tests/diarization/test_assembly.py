"""From voices of windows to frames and runs."""

import numpy as np
import pytest

from utils.diarization.assembly import frames_away, talking, tidy
from utils.diarization.segmentation import FRAME_S, Segmentation
from utils.diarization.voices import Voices
from utils.runtime.runs import runs


def voices(windows, local_speakers):
    n = len(windows)
    x = np.ones((n, 2), dtype="f4")
    return Voices(np.array(windows), np.array(local_speakers), np.ones(n), x)


def test_local_voices_of_windows_become_one():
    """Windows of 6 and 5 frames; voice 0 of the second is the first's 1."""
    active = np.zeros((2, 8, 2), dtype=bool)
    active[0, 0:4, 0] = active[0, 4:6, 1] = True
    active[1, 0:4, 0] = active[1, 2:5, 1] = True
    segmentation = Segmentation(np.array([0, 6]), active, 11)
    heard = voices([0, 0, 1, 1], [0, 1, 0, 1])
    is_on = talking(segmentation, heard, np.array([0, 1, 1, 0]))
    assert is_on[:, 0].nonzero()[0].tolist() == [0, 1, 2, 3, 8, 9, 10]
    assert is_on[:, 1].nonzero()[0].tolist() == [4, 5, 6, 7, 8, 9]


def test_who_has_no_embedding_is_who_is_heard_next():
    active = np.zeros((1, 9, 3), dtype=bool)
    active[0, :3, 0] = active[0, 6:, 1] = active[0, 3:6, 2] = active[0, 7, 2] = True
    segmentation = Segmentation(np.array([0]), active, 9)
    is_on = talking(segmentation, voices([0, 0], [0, 1]), np.arange(2))
    assert is_on[:, 0].nonzero()[0].tolist() == [0, 1, 2, 3, 4, 7]
    assert is_on[:, 1].nonzero()[0].tolist() == [5, 6, 7, 8]


@pytest.mark.parametrize("seed", range(5))
def test_frames_away_are_those_of_trying_all(seed):
    is_on = np.random.default_rng(seed).random((30, 3)) < 0.1
    frames = np.array([0, 3, 14, 29])
    found = frames_away(is_on, frames)
    for speaker, own in enumerate(is_on.T):
        on = np.flatnonzero(own)
        for row, frame in enumerate(frames):
            expected = np.abs(on - frame).min() if len(on) else np.inf
            assert found[row, speaker] == expected


def test_known_speech_is_filled_and_nothing_else():
    active = np.zeros((1, 6, 2), dtype=bool)
    active[0, :3, 0] = active[0, 2:4, 1] = True
    segmentation = Segmentation(np.array([0]), active, 6)
    known = np.array([False, True, True, True, True, False])
    is_on = talking(segmentation, voices([0, 0], [0, 1]), np.arange(2), known)
    assert is_on.sum(axis=1).tolist() == [0, 1, 2, 1, 1, 0]


def test_no_voice_is_nobody():
    segmentation = Segmentation(np.array([0]), np.zeros((1, 6, 2), dtype=bool), 6)
    none = Voices(*[np.zeros(0, int)] * 2, np.zeros(0), np.zeros((0, 0), "f4"))
    assert talking(segmentation, none, np.zeros(0, int)).shape == (6, 0)


@pytest.mark.parametrize("seed", range(5))
def test_tidy_is_what_frame_by_frame_says(seed):
    is_on = np.random.default_rng(seed).random(300) < 0.6
    found = tidy(is_on, 2.5 * FRAME_S, 5.5 * FRAME_S)
    filled = "".join("1" if own else "0" for own in is_on)
    for gap in ("00", "0"):
        filled = filled.replace(f"1{gap}1", f"1{'1' * len(gap)}1")
        filled = filled.replace(f"1{gap}1", f"1{'1' * len(gap)}1")
    expected = runs(np.array([own == "1" for own in filled]))
    expected = expected[expected[:, 1] - expected[:, 0] >= 6]
    assert found.tolist() == expected.tolist()
