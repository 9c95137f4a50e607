import numpy as np

from utils.diarization.joining import join_segments
from utils.diarization.turns import Turn


def test_neighbours_of_one_speaker_are_joined_and_gaps_stay():
    spans = np.array([[0, 1.5], [1.5, 3], [3.2, 4], [4, 5]])
    turns = join_segments("call", spans, ["a", "a", "a", "b"], channel="2")
    assert turns == [
        Turn("call", "2", 0.0, 3.0, "a"),
        Turn("call", "2", 3.2, 0.8, "a"),
        Turn("call", "2", 4.0, 1.0, "b"),
    ]


def test_ends_that_differ_by_rounding_touch():
    spans = np.array([[0, 0.1 + 0.2], [0.3, 1.0]])
    assert len(join_segments("call", spans, ["a", "a"])) == 1


def test_no_segments_make_no_turns():
    assert join_segments("call", np.empty((0, 2)), []) == []
