"""Voices of windows are grouped by person."""

import numpy as np
import pytest

from utils.diarization.agglomerative import Agglomerative
from utils.diarization.counts import ANY_COUNT, SpeakerCount
from utils.diarization.grouping import Grouping, assign, heard_at_once
from utils.diarization.segmentation import Segmentation
from utils.diarization.voices import Voices

JOINED = Agglomerative(0.4)


def group(
    voices,
    count=ANY_COUNT,
    most=1000,
    clusterer=JOINED,
    local=(),
    at_once=(),
    knows=True,
):
    """Label voices, which are ``local`` speakers of their windows, one after another.

    Pairs of rows ``at_once`` talk in the same frames. The segmentation ``knows``
    speakers.
    """
    n = len(voices.windows)
    active = np.zeros((n, n + len(at_once), n), dtype=bool)
    for row in range(n):
        active[voices.windows[row], row, row] = True
    for frame, pair in enumerate(at_once, n):
        active[voices.windows[pair[0]], frame, list(pair)] = True
    own = voices._replace(locals=np.arange(n))
    speakers = np.tile(local, (n, 1)) if len(local) else None
    segmentation = Segmentation(np.arange(n) * 100, active, n * 100, speakers, knows)
    return Grouping(clusterer, 1.0, most, 2.0, 0.3, 0.7)(segmentation, own, count)


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
    assert group(voices_of(truth, rng)).tolist() == truth.tolist()


@pytest.mark.parametrize(("asked", "given"), [(1, 1), (2, 2), (4, 4), (9, 9)])
def test_a_known_number_is_kept(asked, given, rng):
    truth = np.repeat([0, 1, 2], 10)
    labels = group(voices_of(truth, rng), SpeakerCount.exactly(asked))
    assert len(set(labels.tolist())) == given


def test_more_speakers_than_voices_are_as_many_as_voices(rng):
    labels = group(voices_of([0, 0, 1], rng), SpeakerCount.exactly(20))
    assert sorted(labels.tolist()) == [0, 1, 2]


def test_little_speech_makes_no_person(rng):
    voices = voices_of([0] * 10 + [1], rng, clean_s=[3.0] * 10 + [1.5])
    assert group(voices).max() == 0
    assert group(voices, SpeakerCount(fewest=2)).tolist() == [0] * 10 + [1]


def test_only_some_voices_are_clustered_in_a_long_recording(rng):
    truth = rng.integers(0, 3, 500)
    labels = group(voices_of(truth, rng), most=60)
    _, first = np.unique(truth, return_index=True)
    assert labels.tolist() == np.argsort(np.argsort(first))[truth].tolist()


def test_what_windows_say_moves_the_border(rng):
    """Cosines of 0.3 and 0.9 beside a threshold of 0.4, 0.3 more and 0.7 less."""
    x = np.array([[1.0, 0.0], [0.3, np.sqrt(1 - 0.3**2)]], dtype="f4")
    y = np.array([[1.0, 0.0], [0.9, np.sqrt(1 - 0.9**2)]], dtype="f4")
    for windows, local, alike, very_alike in (
        ([0, 1], [0, 0], [0, 1], [0, 0]),
        ([0, 0], [0, 0], [0, 0], [0, 0]),
        ([0, 0], [0, 1], [0, 1], [0, 1]),
    ):
        clean_s = np.full(2, 3.0)
        for vectors, expected in ((x, alike), (y, very_alike)):
            voices = Voices(np.array(windows), np.arange(2), clean_s, vectors)
            assert group(voices, local=local).tolist() == expected


def test_windows_that_know_no_speakers_move_no_border():
    x = np.array([[1.0, 0.0], [0.3, np.sqrt(1 - 0.3**2)]], dtype="f4")
    voices = Voices(np.zeros(2, int), np.arange(2), np.full(2, 3.0), x)
    assert group(voices, local=[0, 0], knows=True).tolist() == [0, 0]
    assert group(voices, local=[0, 0], knows=False).tolist() == [0, 1]


def test_who_talks_at_once_is_another_person(rng):
    voices = voices_of([0, 0, 0, 1, 1], rng, clean_s=[3, 3, 0.5, 3, 3])
    voices = voices._replace(windows=np.array([0, 1, 1, 2, 3]))
    assert group(voices).tolist() == [0, 0, 0, 1, 1]
    assert group(voices, at_once=[(1, 2)]).tolist() == [0, 0, 1, 1, 1]


def test_no_voice_and_one_voice(rng):
    assert group(voices_of([0], rng)).tolist() == [0]
    none = Voices(*[np.zeros(0, int)] * 2, np.zeros(0), np.zeros((0, 0), "f4"))
    assert group(none).tolist() == []


def test_rivals_are_those_who_talk_in_the_same_frame(rng):
    active = rng.random((4, 12, 3)) < 0.2
    windows, local = np.divmod(np.flatnonzero(rng.random(12) < 0.7), 3)
    n = len(windows)
    voices = Voices(windows, local, np.ones(n), np.ones((n, 2), dtype="f4"))
    found = heard_at_once(Segmentation(np.arange(4) * 12, active, 48), voices)
    frames = [
        set(12 * w + np.flatnonzero(active[w, :, s]))
        for w, s in zip(windows, local, strict=True)
    ]
    for row in range(n):
        expected = [a for a in range(n) if a != row and frames[a] & frames[row]]
        assert found[row].tolist() == expected


def test_rivals_have_different_groups_where_there_are_enough(rng):
    similarities = rng.standard_normal((6, 3))
    everyone = [np.delete(np.arange(6), row) for row in range(6)]
    labels = assign(
        similarities[:3], np.array([1.0, 3.0, 2.0]), [e[:2] for e in everyone[:3]]
    )
    assert sorted(labels) == [0, 1, 2] and labels[1] == similarities[1].argmax()
    assert assign(similarities, np.ones(6), everyone).min() >= 0
    alone = assign(similarities, np.ones(6), [np.zeros(0, int)] * 6)
    assert alone.tolist() == similarities.argmax(axis=1).tolist()


def test_any_clusterer_makes_the_groups(rng):
    def halves(embeddings, count, offsets):
        return (np.arange(len(embeddings)) >= 4).astype(int)

    truth = np.repeat([0, 1], 4)
    assert group(voices_of(truth, rng), clusterer=halves).tolist() == truth.tolist()
