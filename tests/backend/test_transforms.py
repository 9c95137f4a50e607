import numpy as np
import pytest
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

from utils.backend.transforms import (
    Affine,
    Lda,
    LengthNorm,
    Mean,
    Wccn,
    Whitening,
    scatter,
)
from utils.backend.vectors import length_normalise
from utils.metrics.detection import equal_error_rate


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
    units = length_normalise(embeddings)
    scores = np.sum(units[left] * units[right], axis=1)
    return equal_error_rate(scores, speakers[left] == speakers[right])


def test_the_mean_is_subtracted(training):
    centred = Mean().fit(*training)(training[0])
    np.testing.assert_allclose(centred.mean(axis=0), 0, atol=1e-9)


def test_lda_spans_the_space_that_scikit_learn_finds(training):
    embeddings, speakers = length_normalise(training[0]), training[1]
    ours = Lda(5, 1e-9).fit(embeddings, speakers)(embeddings)
    oracle = LinearDiscriminantAnalysis(solver="eigen", n_components=5)
    theirs = oracle.fit(embeddings, speakers).transform(embeddings)
    for column in range(5):
        correlation = np.corrcoef(ours[:, column], theirs[:, column])[0, 1]
        assert abs(correlation) == pytest.approx(1, abs=1e-6)


def test_the_projected_within_covariance_is_the_identity(training):
    embeddings, speakers = length_normalise(training[0]), training[1]
    projected = Lda(20, 1e-9).fit(embeddings, speakers)(embeddings)
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
    lda = Lda(5, 0.1).fit(*training)
    assert eer_of(lda(test), speakers) < eer_of(test, speakers) - 0.05


@pytest.mark.parametrize("n_dims", [1, 29, 100])
def test_dimensions_are_clamped(training, n_dims):
    lda = Lda(n_dims, 0.1).fit(*training)
    assert lda.matrix.shape == (20, min(n_dims, 20))
    few = Lda(n_dims, 0.1).fit(training[0][:40], training[1][:40])  # 4 speakers
    assert few.matrix.shape == (20, min(n_dims, 3))
    assert ("the data allow no more" in few.note) == (n_dims > 3)


def test_degenerate_data_give_no_nan(rng):
    speakers = np.repeat(np.arange(4), 2)
    embeddings = np.zeros((8, 50))  # constant dimensions, and fewer rows than columns
    embeddings[:, :3] = rng.standard_normal((8, 3)) + 3
    for settings in (
        Lda(3, 0.1),
        Wccn(0.1),
        Whitening("zca", 0.1),
        Whitening("pca", 0.1, 5),
    ):
        transform = settings.fit(embeddings, speakers)
        assert np.isfinite(transform(embeddings)).all()
    for settings in (Wccn(0.0), Whitening("zca", 0.0)):
        with pytest.raises(ValueError, match="singular: use shrinkage above 0"):
            settings.fit(embeddings, speakers)


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
        Lda(2, shrinkage).fit(rng.standard_normal((4, 3)), np.array(speakers))


@pytest.mark.parametrize("method", ["zca", "pca"])
def test_whitened_embeddings_have_the_identity_as_covariance(training, method):
    whitened = Whitening(method, 0.0).fit(*training)(training[0])
    np.testing.assert_allclose(whitened.mean(axis=0), 0, atol=1e-9)
    np.testing.assert_allclose(np.cov(whitened.T, bias=True), np.eye(20), atol=1e-9)


def test_zca_stays_close_and_pca_sorts(training):
    matrix = Whitening("zca", 0.0).fit(*training).matrix
    np.testing.assert_allclose(matrix, matrix.T, atol=1e-9)
    few = Whitening("pca", 0.0, 3).fit(*training).matrix
    oracle = np.linalg.svd(training[0] - training[0].mean(axis=0))[2][:3]
    directions = few / np.linalg.norm(few, axis=0)
    np.testing.assert_allclose(np.abs(np.sum(directions.T * oracle, axis=1)), 1)


def test_wccn_makes_the_within_covariance_the_identity(training):
    transformed = Wccn(0.0).fit(*training)(training[0])
    _, _, within = scatter(transformed, training[1])
    np.testing.assert_allclose(within, np.eye(20), atol=1e-9)
    # C C^T is the inverse of W, as in the paper
    matrix = Wccn(0.0).fit(*training).matrix
    inverse = np.linalg.inv(scatter(*training)[2])
    np.testing.assert_allclose(matrix @ matrix.T, inverse, rtol=1e-9)


def test_scatter_adds_up_to_the_covariance(training):
    mean, between, within = scatter(*training)
    np.testing.assert_allclose(mean, training[0].mean(axis=0))
    np.testing.assert_allclose(between + within, np.cov(training[0].T, bias=True))


def test_lengths_are_normalised(training):
    unit = LengthNorm().fit(*training)(training[0])
    np.testing.assert_allclose(np.linalg.norm(unit, axis=1), 1)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"method": "svd"}, "zca or pca, not 'svd'"),
        ({"method": "zca", "n_dims": 3}, "zca keeps all dimensions"),
    ],
)
def test_settings_that_mean_nothing_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        Whitening(**settings, shrinkage=0.05)


def test_transforms_are_linear(rng):
    transform = Affine(rng.standard_normal(4), rng.standard_normal((4, 2)))
    a, b = rng.standard_normal((2, 3, 4))
    np.testing.assert_allclose(
        transform((a + b) / 2), (transform(a) + transform(b)) / 2
    )
