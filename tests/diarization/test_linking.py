import numpy as np
import pytest

from tests.diarization.voices import draw_voices, same_groups
from utils.diarization.linking import link_voices


def ratios_of(embeddings):
    unit = embeddings / np.linalg.norm(embeddings, axis=1, keepdims=True)
    return 20 * (unit @ unit.T) - 10


def drawn(seed=0):
    """Eight people, each once in two to five recordings."""
    embeddings, speakers = draw_voices([2, 3, 5, 4, 2, 3, 4, 5], seed=seed)
    times_before = [np.sum(speakers[:n] == own) for n, own in enumerate(speakers)]
    return embeddings, speakers, [f"call{n}" for n in times_before]


@pytest.mark.parametrize("seed", range(3))
def test_people_are_found_again_whatever_the_order(seed):
    embeddings, speakers, recordings = drawn(seed)
    ratios = ratios_of(embeddings)
    labels = link_voices(ratios, recordings, 0.0)
    assert same_groups(labels, speakers)
    order = np.random.default_rng(seed).permutation(len(speakers))
    shuffled = link_voices(
        ratios[np.ix_(order, order)], [recordings[n] for n in order], 0.0
    )
    assert same_groups(shuffled, labels[order])


def test_no_two_voices_of_a_recording_are_joined():
    ratios = np.full((60, 60), 50.0)
    recordings = [f"call{n % 20}" for n in range(60)]
    labels = link_voices(ratios, recordings, 0.0)
    assert len(set(labels)) == 3
    assert len(set(zip(labels.tolist(), recordings, strict=True))) == 60


def test_few_voices_and_a_high_threshold():
    assert link_voices(np.zeros((0, 0)), [], 0.0).tolist() == []
    assert link_voices(np.ones((1, 1)), ["a"], 0.0).tolist() == [0]
    assert link_voices(np.ones((2, 2)), ["a", "b"], 1.0).tolist() == [0, 0]
    assert link_voices(np.ones((2, 2)), ["a", "b"], 1.5).tolist() == [0, 1]
