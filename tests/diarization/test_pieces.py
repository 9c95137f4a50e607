"""Local speakers are cut into pieces."""

import numpy as np
import pytest

from utils.diarization.pieces import PieceSegmenter, cut
from utils.diarization.segmentation import FRAME_S, Segmentation


@pytest.mark.parametrize("seed", range(20))
def test_pieces_are_all_of_the_speech_once_and_of_the_lengths_asked_for(seed):
    rng = np.random.default_rng(seed)
    speech = np.repeat(rng.random(40) < 0.6, rng.integers(1, 30, 40))
    pieces = cut(speech, n_shortest=20, n_longest=40)
    assert np.concatenate(pieces).tolist() == np.flatnonzero(speech).tolist()
    lengths = np.array([len(piece) for piece in pieces])
    assert (lengths >= 20).all() or len(pieces) == 1
    assert lengths.max() <= 20 + 40 + 20  # what was held, a run, and what is left over


def test_a_pause_ends_a_piece():
    speech = np.repeat([True, False, True], [30, 5, 30])
    pieces = cut(speech, n_shortest=20, n_longest=60)
    assert [piece[[0, -1]].tolist() for piece in pieces] == [[0, 29], [35, 64]]


def test_each_piece_is_a_local_voice_of_its_speaker():
    active = np.zeros((2, 100, 2), dtype=bool)
    active[0, :60, 0] = active[0, 40:90, 1] = active[1, 10:30, 0] = True
    found = Segmentation(np.array([0, 100]), active, 200, knows_speakers=False)
    times_s = 25 * FRAME_S, 30 * FRAME_S
    cut_up = PieceSegmenter(lambda source: found, *times_s)(None)
    assert cut_up.active.sum(axis=1).tolist() == [[30, 30, 25, 25], [20, 0, 0, 0]]
    assert cut_up.speakers.tolist() == [[0, 0, 1, 1], [0, -1, -1, -1]]
    assert not cut_up.knows_speakers
    own = cut_up.speakers_of(np.array([0, 0, 1]), np.array([0, 2, 0]))
    assert own.tolist() == [0, 1, 0]
    before, after = (own.active.sum(axis=2) for own in (found, cut_up))
    np.testing.assert_array_equal(before, after)


def test_silence_has_no_pieces():
    assert cut(np.zeros(9, dtype=bool), 3, 4) == []
    none = Segmentation(np.array([0]), np.zeros((1, 9, 2), dtype=bool), 9)
    assert not PieceSegmenter(lambda source: none, 0.1, 0.2)(None).active.any()
