import numpy as np
import pytest

from utils.backend.vectors import length_normalise
from utils.diarization.agglomerative import Agglomerative
from utils.live.memory import NOBODY, MemoryRules, SpeakerMemory, owners_of
from utils.metrics.partitions import b_cubed

A, B, C = np.eye(3)
LONG = np.array([2.0, 2.0])


def make(**rules):
    rules = {"threshold": 0.5, "new_s": 1.0} | rules
    return SpeakerMemory(Agglomerative(0.5), MemoryRules(**rules))


def hear(memory, *voices, clean_s=2.0):
    """Let a memory hear voices at one time; returns whom they are given to."""
    voices, clean_s = np.stack(voices), np.full(len(voices), clean_s)
    labels = memory.assign(voices, clean_s)
    memory.update(voices, clean_s, labels, clean_s)
    return labels.tolist()


@pytest.fixture
def memory():
    """Two speakers, A and B."""
    found = make()
    assert hear(found, A, B) == [0, 1]
    return found


def test_voices_at_one_time_are_of_different_speakers(memory):
    both = np.stack([A + 0.2 * B, A + 0.5 * B])
    assert memory.assign(both, np.array([0.5, 0.5])).tolist() == [0, 1]


def test_somebody_new_needs_enough_speech(memory):
    assert memory.assign(C[None], np.array([1.0])).tolist() == [2]
    assert memory.assign(C[None] + 0.1 * B, np.array([0.9])).tolist() == [1]
    three = np.stack([A, B, C])
    assert memory.assign(three, np.full(3, 0.9)).tolist() == [0, 1, NOBODY]
    assert len(memory) == 2  # asking changes nothing


def test_no_more_than_the_most():
    memory = make(most=1)
    assert hear(memory, A, B) == [0, NOBODY]
    assert len(memory) == 1
    assert memory.assign(B[None], LONG[:1]).tolist() == [0]


def test_what_speaks_beside_the_voice(memory):
    voice, bonus = (A + 0.9 * B)[None], np.array([[-0.3, 0.3]])
    assert memory.assign(voice, LONG[:1]).tolist() == [0]
    assert memory.assign(voice, LONG[:1], bonus).tolist() == [1]


def test_first_brief_voices_are_nobodys():
    memory = make()
    assert memory.assign(A[None], np.array([0.5])).tolist() == [NOBODY]
    assert memory.assign(np.zeros((0, 3)), np.zeros(0)).tolist() == []
    memory.update(A[None], np.array([0.5]), np.array([NOBODY]), np.array([0.5]))
    assert len(memory) == 0


def test_two_who_were_told_to_be_one_part_again():
    memory = make(threshold=0.2, smallest_s=3.0)
    near = A + 0.5 * B  # its cosine to A is 0.89, to B 0.45
    assert hear(memory, near) == [0]
    assert hear(memory, B) == [0]  # a mistake
    assert hear(memory, A) == [0]
    assert hear(memory, B) == [0]
    assert hear(memory, B) == [1]  # by now a group of four seconds
    assert hear(memory, A) == [0]


def test_a_speaker_who_was_begun_by_mistake_is_left():
    memory = make(threshold=0.8)
    between = A + 0.9 * B
    assert hear(memory, A) == [0]
    assert hear(memory, between) == [1]  # a mistake: the cosine is 0.74
    for voice in (A + 0.4 * B, A + 0.2 * B, between, A):
        assert hear(memory, voice) == [0]


def test_a_brief_speaker_goes_on_though_groups_are_made_of_reliable_voices():
    memory = make(new_s=0.4, reliable_s=1.0)
    assert hear(memory, A, clean_s=2.0) == [0]
    assert hear(memory, B, clean_s=0.5) == [1]
    assert hear(memory, B + 0.1 * C, clean_s=0.5) == [1]


def test_what_is_remembered_is_bounded_and_speakers_stay_apart():
    rng = np.random.default_rng(0)
    speakers = length_normalise(rng.standard_normal((4, 16)))
    memory = make(most_voices=20)
    truth, told = rng.integers(0, 4, 300), []
    for speaker in truth:
        voice = speakers[speaker] + 0.1 * rng.standard_normal(16)
        told += hear(memory, voice)
        assert len(memory._heard.voices) <= 20
    assert b_cubed(truth, np.array(told)).f_measure == 1
    assert memory._heard.weights.sum() == pytest.approx(600)


def test_owners_match_most_of_the_time_by_brute_force():
    from itertools import permutations

    rng = np.random.default_rng(1)
    groups, speakers = rng.integers(0, 4, 60), rng.integers(0, 4, 60)
    weights = rng.uniform(0.1, 1, 60)
    found = owners_of(groups, speakers, weights)
    kept = [
        weights[speakers == np.array(p)[groups]].sum() for p in permutations(range(4))
    ]
    assert weights[speakers == found[groups]].sum() == pytest.approx(max(kept))
