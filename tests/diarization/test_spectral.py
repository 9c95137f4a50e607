import numpy as np
import pytest

from tests.diarization.voices import draw_voices, same_groups
from utils.diarization.agglomerative import cosine_matrix
from utils.diarization.counts import SpeakerCount
from utils.diarization.spectral import Spectral, pruned_laplacian

SPECTRAL = Spectral(
    most_speakers=8, fewest_neighbours=2, largest_share=0.25, n_candidates=20
)


@pytest.mark.parametrize("counts", [(20, 20), (40, 20, 20), (12,) * 5, (10,) * 8])
def test_planted_groups_and_their_number_are_found(counts):
    embeddings, speakers = draw_voices(counts)
    assert same_groups(SPECTRAL(embeddings), speakers)


def test_a_number_that_is_given_is_met_and_bounds_hold():
    embeddings, _ = draw_voices((12,) * 5)
    for n in (1, 2, 5, 7):
        assert SPECTRAL(embeddings, SpeakerCount.exactly(n)).max() == n - 1
    assert SPECTRAL(embeddings, SpeakerCount(fewest=6)).max() >= 5
    assert SPECTRAL(embeddings, SpeakerCount(most=3)).max() <= 2


@pytest.mark.parametrize(
    ("n", "count", "expected"),
    [
        (0, SpeakerCount(), []),
        (1, SpeakerCount(), [0]),
        (2, SpeakerCount(), [0, 0]),
        (3, SpeakerCount.exactly(5), [0, 1, 2]),
    ],
)
def test_few_embeddings(n, count, expected):
    assert SPECTRAL(np.eye(4)[:n], count).tolist() == expected


def test_the_laplacian_is_that_of_the_neighbours():
    cosines = cosine_matrix(np.random.default_rng(0).normal(size=(12, 3)))
    found = pruned_laplacian(cosines, 4)
    for i in range(12):
        for j in set(range(12)) - {i}:
            is_near = [
                sorted(-cosines[a])[3] >= -cosines[a, b] for a, b in ((i, j), (j, i))
            ]
            assert found[i, j] == -sum(is_near) / 2
    assert np.allclose(found.sum(axis=1), 0)
