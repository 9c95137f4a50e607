import numpy as np
import pytest
from sklearn.metrics.pairwise import cosine_similarity

from utils.backend.pairs import score_pairs
from utils.backend.plda.model import Plda
from utils.backend.scorers import CosineScorer, PldaScorer


def test_cosine_against_scikit_learn(rng):
    enrol, test = rng.standard_normal((70, 16)), rng.standard_normal((50, 16))
    rows, columns = rng.integers(70, size=500), rng.integers(50, size=500)
    oracle = cosine_similarity(enrol, test)[rows, columns]
    scorer = CosineScorer()
    models = scorer.enrol(scorer.prepare(enrol), list(np.arange(70)[:, None]))
    tests = scorer.prepare(test)
    for block_rows in (1, 7, 70, 4096):

        def block(chosen, tests=tests):
            return scorer.block(models[chosen], tests)

        scores = score_pairs(block, 70, rows, columns, block_rows)
        np.testing.assert_allclose(scores, oracle, atol=1e-12)


def test_scale_does_not_matter(rng):
    vectors = rng.standard_normal((10, 4))
    scaled = vectors * rng.uniform(0.1, 10, (10, 1))
    prepare = CosineScorer().prepare
    np.testing.assert_allclose(prepare(vectors), prepare(scaled))


def test_no_utterance_of_a_model_counts_more(rng):
    a, b = rng.standard_normal((2, 8))
    expected = a / np.linalg.norm(a) + b / np.linalg.norm(b)
    expected /= np.linalg.norm(expected)
    scorer = CosineScorer()
    vectors = scorer.prepare(np.stack([a, 100 * b, a + 1]))
    models = scorer.enrol(vectors, [np.array([0, 1]), np.array([2])])
    np.testing.assert_allclose(models.vectors[0], expected)
    np.testing.assert_allclose(models.vectors[1], (a + 1) / np.linalg.norm(a + 1))
    assert models.n_utterances.tolist() == [2, 1]


PLDA = Plda(np.full(4, 0.1), np.eye(4), np.array([3.0, 2.0, 1.0, 0.5]))


@pytest.mark.parametrize("average", [False, True])
def test_plda_models_are_enrolled_by_the_book_or_averaged(rng, average):
    embeddings = rng.standard_normal((5, 4))
    scorer = PldaScorer(PLDA, average_enrolment=average)
    vectors = scorer.prepare(embeddings)
    np.testing.assert_allclose(vectors, embeddings - 0.1)
    models = scorer.enrol(vectors, [np.array([0, 1, 2]), np.array([4])])
    found = scorer.block(models, vectors)
    mean = vectors[:3].mean(axis=0)[None]
    oracle = PLDA.llr(mean, vectors, 1 if average else 3)
    np.testing.assert_allclose(found[:1], oracle)
    np.testing.assert_allclose(found[1:], PLDA.llr(vectors[4:], vectors))


def test_psi_normalised_models_know_their_number_of_utterances(rng):
    """Kaldi: the mean of n is scaled by sqrt(K / sum(u^2 / (psi + 1/n)))."""
    scorer = PldaScorer(PLDA, length_norm="psi")
    vectors = scorer.prepare(rng.standard_normal((5, 4)))
    models = scorer.enrol(vectors, [np.array([0, 1, 2])])
    mean = vectors[:3].mean(axis=0)
    scaled = mean * np.sqrt(4 / np.sum(mean**2 / (PLDA.psi + 1 / 3)))
    np.testing.assert_allclose(models.vectors[0], scaled)
    tests = np.stack([v * np.sqrt(4 / np.sum(v**2 / (PLDA.psi + 1))) for v in vectors])
    oracle = PLDA.llr(scaled[None], tests, 3)
    np.testing.assert_allclose(scorer.block(models, vectors), oracle)


@pytest.mark.parametrize("scorer", [CosineScorer(), PldaScorer(PLDA, "psi")])
def test_factors_are_the_scores(rng, scorer):
    vectors = scorer.prepare(rng.standard_normal((6, 4)))
    models = scorer.enrol(vectors, [np.array([0, 1]), np.array([2, 3])])
    left, right = scorer.factors(models, vectors)
    np.testing.assert_allclose(left @ right.T, scorer.block(models, vectors))
