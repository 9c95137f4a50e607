import numpy as np
import pytest

from utils.live.centres import NOBODY, SpeakerCentres

A, B, C = np.eye(3)


@pytest.fixture
def centres():
    """Two speakers, A and B."""
    found = SpeakerCentres(threshold=0.5, new_s=1.0)
    voices, lengths = np.stack([A, B]), np.array([2.0, 2.0])
    found.update(voices, found.assign(voices, lengths), lengths)
    return found


def test_voices_at_one_time_are_of_different_speakers(centres):
    both = np.stack([A + 0.2 * B, A + 0.5 * B])
    assert centres.assign(both, np.array([0.5, 0.5])).tolist() == [0, 1]


def test_somebody_new_needs_enough_speech(centres):
    assert centres.assign(C[None], np.array([1.0])).tolist() == [2]
    assert centres.assign(C[None] + 0.1 * B, np.array([0.9])).tolist() == [1]
    three = np.stack([A, B, C])
    assert centres.assign(three, np.full(3, 0.9)).tolist() == [0, 1, NOBODY]
    assert len(centres) == 2  # asking changes nothing


def test_no_more_than_the_most():
    centres = SpeakerCentres(0.5, 1.0, most=1)
    voices, lengths = np.stack([A, B]), np.array([2.0, 2.0])
    labels = centres.assign(voices, lengths)
    assert labels.tolist() == [0, NOBODY]
    centres.update(voices, labels, lengths)
    assert len(centres) == 1
    assert centres.assign(B[None], lengths[:1]).tolist() == [0]


def test_what_speaks_beside_the_voice(centres):
    voice, bonus = (A + 0.9 * B)[None], np.array([[-0.3, 0.3]])
    assert centres.assign(voice, np.array([2.0])).tolist() == [0]
    assert centres.assign(voice, np.array([2.0]), bonus).tolist() == [1]


def test_means_grow_by_weight(centres):
    centres.update(C[None], np.array([0]), np.array([6.0]))
    expected = (2 * A + 6 * C) / np.linalg.norm(2 * A + 6 * C)
    assert centres.means[0] == pytest.approx(expected)
    before = centres.means
    centres.update(C[None], np.array([NOBODY]), np.array([9.0]))
    assert centres.means == pytest.approx(before)


def test_first_brief_voices_are_nobodys():
    centres = SpeakerCentres(0.5, 1.0)
    assert centres.assign(A[None], np.array([0.5])).tolist() == [NOBODY]
    assert centres.assign(np.zeros((0, 3)), np.zeros(0)).tolist() == []
