import numpy as np
import pytest
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

from utils.backend import LinearTransform, fit_lda, fit_mean
from utils.metrics import equal_error_rate
from utils.scoring import length_normalise, score_cosine


@pytest.fixture
def training(rng):
    """300 embeddings of 30 speakers that differ in 5 of 20 dimensions."""
    speakers = np.repeat(np.arange(30), 10)
    means = np.zeros((30, 20))
    means[:, :5] = rng.standard_normal((30, 5))
    noise = rng.standard_normal((300, 20)) * np.linspace(0.5, 2, 20)
    return means[speakers] + noise + 1.0, speakers


def eer_of(embeddings, speakers):
    left, right = np.triu_indices(len(embeddings), 1)
    scores = score_cosine(embeddings, embeddings, left, right)
    return equal_error_rate(scores, speakers[left] == speakers[right])


def test_the_mean_is_subtracted(training):
    centred = fit_mean(training[0])(training[0])
    np.testing.assert_allclose(centred.mean(axis=0), 0, atol=1e-9)


def test_lda_spans_the_space_that_scikit_learn_finds(training):
    embeddings, speakers = length_normalise(training[0]), training[1]
    ours = fit_lda(embeddings, speakers, 5, 1e-9)(embeddings)
    oracle = LinearDiscriminantAnalysis(solver="eigen", n_components=5)
    theirs = oracle.fit(embeddings, speakers).transform(embeddings)
    for column in range(5):
        correlation = np.corrcoef(ours[:, column], theirs[:, column])[0, 1]
        assert abs(correlation) == pytest.approx(1, abs=1e-6)


def test_the_projected_within_covariance_is_the_identity(training):
    embeddings, speakers = length_normalise(training[0]), training[1]
    projected = fit_lda(embeddings, speakers, 20, 1e-9)(embeddings)
    means = np.stack([projected[speakers == s].mean(0) for s in range(30)])
    deviations = projected - means[speakers]
    within = deviations.T @ deviations / len(projected)
    np.testing.assert_allclose(within, np.eye(20), atol=1e-5)


def test_lda_helps_new_speakers(training, rng):
    speakers = np.repeat(np.arange(20), 10)
    means = np.zeros((20, 20))
    means[:, :5] = rng.standard_normal((20, 5))
    noise = rng.standard_normal((200, 20)) * np.linspace(0.5, 2, 20)
    test = means[speakers] + noise + 1.0
    lda = fit_lda(*training, n_dims=5, shrinkage=0.1)
    assert eer_of(lda(test), speakers) < eer_of(test, speakers) - 0.05


@pytest.mark.parametrize("n_dims", [1, 29, 100])
def test_dimensions_are_clamped(training, n_dims):
    lda = fit_lda(*training, n_dims, 0.1)
    assert lda.projection.shape == (20, min(n_dims, 20))
    few = fit_lda(training[0][:40], training[1][:40], n_dims, 0.1)  # 4 speakers
    assert few.projection.shape == (20, min(n_dims, 3))


def test_degenerate_data_give_no_nan(rng):
    speakers = np.repeat(np.arange(4), 2)
    embeddings = np.zeros((8, 50))  # constant dimensions, and fewer rows than columns
    embeddings[:, :3] = rng.standard_normal((8, 3)) + 3
    lda = fit_lda(embeddings, speakers, 3, 0.1)
    assert np.isfinite(lda(embeddings)).all()


@pytest.mark.parametrize(
    ("speakers", "shrinkage", "message"),
    [
        ([0, 0, 0, 0], 0.1, "two speakers or more"),
        ([0, 1, 2, 3], 0.1, "no speaker has two different embeddings"),
        ([0, 0, 1, 1], 0.0, "shrinkage must lie in"),
    ],
)
def test_useless_data_are_refused(rng, speakers, shrinkage, message):
    with pytest.raises(ValueError, match=message):
        fit_lda(rng.standard_normal((4, 3)), np.array(speakers), 2, shrinkage)


def test_transforms_are_linear(rng):
    transform = LinearTransform(rng.standard_normal(4), rng.standard_normal((4, 2)))
    a, b = rng.standard_normal((2, 3, 4))
    np.testing.assert_allclose(
        transform((a + b) / 2), (transform(a) + transform(b)) / 2
    )
