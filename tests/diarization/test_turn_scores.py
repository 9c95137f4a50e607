import math

import numpy as np
import pytest

from utils.diarization.segmentation import FRAME_S, Segmentation
from utils.diarization.turn_scores import score_turns
from utils.diarization.voices import Voices

A, B = np.eye(2, dtype=np.float32)
MIXED = np.array([0.6, 0.8], dtype=np.float32)


@pytest.fixture
def found():
    """Two windows of 10 frames, 5 apart: speaker 0 talks, then 1 with a mixed voice."""
    active = np.zeros((2, 10, 2), dtype=bool)
    active[0, :4, 0] = True  # frames 0 to 3
    active[0, 6:, 1] = True  # 6 to 9
    active[1, 1:, 0] = True  # 6 to 14
    segmentation = Segmentation(np.array([0, 5]), active, 15)
    voices = Voices(
        np.array([0, 0, 1]), np.array([0, 1, 0]), np.ones(3), np.stack([A, B, MIXED])
    )
    return segmentation, voices, np.array([0, 1, 1])


def test_a_turn_is_scored_by_its_windows(found):
    means = np.stack([A, B])
    turns = [(0.0, 4 * FRAME_S, 0), (6 * FRAME_S, 15 * FRAME_S, 1)]
    first, last = score_turns(turns, *found, means)
    assert first == (pytest.approx(1.0), pytest.approx(1.0), 1)
    voice = 4 * B + 9 * MIXED  # frames of each window in the turn
    voice = voice / np.linalg.norm(voice)
    assert last.cosine == pytest.approx(voice[1], abs=1e-6)
    assert last.margin == pytest.approx(voice[1] - voice[0], abs=1e-6)
    assert last.nearest == 0


def test_a_voice_nearer_to_another_has_a_negative_margin(found):
    segmentation, voices, _ = found
    (score,) = score_turns(
        [(10 * FRAME_S, 15 * FRAME_S, 0)],
        segmentation, voices, np.array([0, 1, 0]), np.stack([A, B]),
    )  # fmt: skip
    assert score.margin == pytest.approx(0.6 - 0.8, abs=1e-6)


def test_one_speaker_has_no_margin_and_an_unknown_voice_no_score(found):
    segmentation, voices, _ = found
    alone, unheard = score_turns(
        [(0.0, 4 * FRAME_S, 0), (4 * FRAME_S, 6 * FRAME_S, 0)],
        segmentation, voices, np.zeros(3, dtype=int), A[None],
    )  # fmt: skip
    assert alone.cosine == pytest.approx(1.0) and math.isnan(alone.margin)
    assert math.isnan(unheard.cosine) and unheard.nearest == -1
