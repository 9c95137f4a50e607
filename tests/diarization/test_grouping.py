"""Voices of windows are grouped by person."""

import itertools

import numpy as np
import pytest

from utils.diarization.agglomerative import Agglomerative
from utils.diarization.counts import SpeakerCount
from utils.diarization.grouping import Grouping, assign
from utils.diarization.voices import Voices

JOINED = Agglomerative(0.4, same_window_penalty=1.0)
GROUPING = Grouping(JOINED, reliable_s=1.0, most=1000, smallest_s=2.0)


def voices_of(speakers, rng, noise=0.1, clean_s=3.0, windows=None):
    """One voice a window, of speakers whose directions are orthogonal."""
    speakers = np.asarray(speakers)
    x = np.eye(16)[speakers] + noise * rng.standard_normal((len(speakers), 16))
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    windows = np.arange(len(speakers)) if windows is None else np.asarray(windows)
    clean = np.broadcast_to(clean_s, len(speakers)).astype(float)
    return Voices(windows, np.zeros(len(speakers), int), clean, x.astype("f4"))


@pytest.mark.parametrize("n_speakers", [1, 2, 5, 8])
def test_speakers_and_their_number_are_found(n_speakers, rng):
    truth = np.append(np.arange(n_speakers), rng.integers(0, n_speakers, 60))
    assert GROUPING(voices_of(truth, rng)).tolist() == truth.tolist()


@pytest.mark.parametrize(("asked", "given"), [(1, 1), (2, 2), (4, 4), (9, 9)])
def test_a_known_number_is_kept(asked, given, rng):
    truth = np.repeat([0, 1, 2], 10)
    labels = GROUPING(voices_of(truth, rng), SpeakerCount.exactly(asked))
    assert len(set(labels.tolist())) == given


def test_more_speakers_than_voices_are_as_many_as_voices(rng):
    labels = GROUPING(voices_of([0, 0, 1], rng), SpeakerCount.exactly(20))
    assert sorted(labels.tolist()) == [0, 1, 2]


def test_little_speech_makes_no_person(rng):
    voices = voices_of([0] * 10 + [1], rng, clean_s=[3.0] * 10 + [1.5])
    assert GROUPING(voices).max() == 0
    assert GROUPING(voices, SpeakerCount(fewest=2)).tolist() == [0] * 10 + [1]


def test_only_some_voices_are_clustered_in_a_long_recording(rng):
    truth = rng.integers(0, 3, 500)
    few = Grouping(JOINED, reliable_s=1.0, most=60, smallest_s=2.0)
    labels = few(voices_of(truth, rng))
    _, first = np.unique(truth, return_index=True)
    assert labels.tolist() == np.argsort(np.argsort(first))[truth].tolist()


def test_voices_of_one_window_are_two_people_though_alike(rng):
    assert GROUPING(voices_of([0, 0], rng, windows=[0, 0])).tolist() == [0, 1]
    assert GROUPING(voices_of([0, 0], rng, windows=[0, 1])).tolist() == [0, 0]


def test_no_voice_and_one_voice(rng):
    assert GROUPING(voices_of([0], rng)).tolist() == [0]
    none = Voices(*[np.zeros(0, int)] * 2, np.zeros(0), np.zeros((0, 0), "f4"))
    assert GROUPING(none).tolist() == []


def test_a_window_is_assigned_like_by_trying_all_ways(rng):
    similarities = rng.standard_normal((6, 4))
    labels = assign(similarities, np.array([0, 0, 0, 1, 1, 2]))
    for rows in ([0, 1, 2], [3, 4], [5]):
        ways = itertools.permutations(range(4), len(rows))
        best = max(ways, key=lambda way: similarities[rows, list(way)].sum())
        assert labels[rows].tolist() == list(best)


def test_any_clusterer_makes_the_groups(rng):
    class Halves:
        def __call__(self, embeddings, count, windows):
            return (windows >= 4).astype(int)

    truth = np.repeat([0, 1], 4)
    grouping = Grouping(Halves(), reliable_s=1.0, most=1000, smallest_s=2.0)
    assert grouping(voices_of(truth, rng)).tolist() == truth.tolist()


def test_pieces_of_a_window_may_be_of_one_person(rng):
    pieces = Grouping(JOINED, 1.0, 1000, 2.0, is_apart=False)
    assert pieces(voices_of([0, 0, 1], rng, windows=[0, 0, 0])).tolist() == [0, 0, 1]
