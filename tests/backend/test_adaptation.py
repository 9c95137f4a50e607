import numpy as np
import pytest

from tests.backend.test_plda import random_covariance
from utils.backend.adaptation import adapt_coral_plus, adapt_kaldi, adapt_mean, coral
from utils.backend.plda.model import diagonalise


@pytest.fixture
def model(rng):
    between, within = (random_covariance(rng, 4) for _ in range(2))
    return diagonalise(rng.standard_normal(4), np.linalg.cholesky(between), within)


@pytest.fixture
def foreign(rng):
    """Embeddings of a domain that is wider in two directions and moved."""
    scale = np.diag([3.0, 2.0, 0.5, 0.2])
    return 5 + rng.standard_normal((500, 4)) @ scale @ rng.standard_normal((4, 4))


def test_mean(model, foreign):
    found = adapt_mean(model, foreign)
    np.testing.assert_allclose(found.mean, foreign.mean(axis=0))
    np.testing.assert_array_equal(found.psi, model.psi)


def kaldi_step_by_step(model, x, within_scale, between_scale, mean_scale):
    """Follow Kaldi's procedure in its own space; return B and W."""
    mean = x.mean(axis=0)
    shift = mean - model.mean
    variance = np.cov(x.T, bias=True) + mean_scale * np.outer(shift, shift)
    whiten = model.transform / np.sqrt(1 + model.psi)[:, None]
    values, vectors = np.linalg.eigh(whiten @ variance @ whiten.T)
    within = vectors.T @ np.diag(1 / (1 + model.psi)) @ vectors
    between = vectors.T @ np.diag(model.psi / (1 + model.psi)) @ vectors
    for i, value in enumerate(values):
        if value > 1:
            within[i, i] += within_scale * (value - 1)
            between[i, i] += between_scale * (value - 1)
    back = np.linalg.inv(vectors.T @ whiten)
    return back @ between @ back.T, back @ within @ back.T


@pytest.mark.parametrize("scales", [(0.3, 0.7, 1.0), (0.75, 0.25, 0.0)])
def test_kaldi(model, foreign, scales):
    found = adapt_kaldi(model, foreign, *scales)
    oracle = kaldi_step_by_step(model, foreign, *scales)
    np.testing.assert_allclose(found.mean, foreign.mean(axis=0))
    for part, expected in zip(found.covariances(), oracle, strict=True):
        np.testing.assert_allclose(part, expected, rtol=1e-6, atol=1e-8)


def test_the_adapted_model_covers_the_new_variance(model, foreign):
    found = adapt_kaldi(model, foreign, 0.3, 0.7)
    total = sum(found.covariances())
    assert np.linalg.eigvalsh(total - np.cov(foreign.T, bias=True)).min() > -1e-6


def test_no_excess_changes_nothing_but_the_mean(model, rng):
    narrow = model.mean + 1e-3 * rng.standard_normal((100, 4))
    before, after = model.covariances(), adapt_kaldi(model, narrow).covariances()
    for part, expected in zip(after, before, strict=True):
        np.testing.assert_allclose(part, expected, atol=1e-8)


def test_coral_gives_the_targets_covariance(rng, foreign):
    source = rng.standard_normal((300, 4)) @ rng.standard_normal((4, 4))
    moved = source @ coral(source, foreign, 0.0)
    np.testing.assert_allclose(np.cov(moved.T), np.cov(foreign.T), rtol=0.01)
    with pytest.raises(ValueError, match="singular"):
        coral(np.ones((10, 4)), foreign, 0.0)
    assert np.isfinite(coral(source[:2], foreign, shrinkage=0.1)).all()


def test_coral_plus_only_widens(model, foreign):
    before, after = model.covariances(), adapt_coral_plus(model, foreign).covariances()
    for part, expected in zip(after, before, strict=True):
        assert np.linalg.eigvalsh(part - expected).min() > -1e-8
    nothing = adapt_coral_plus(model, foreign, 0.0, 0.0).covariances()
    for part, expected in zip(nothing, before, strict=True):
        np.testing.assert_allclose(part, expected, atol=1e-8)


def test_bad_scales(model, foreign):
    with pytest.raises(ValueError, match="negative"):
        adapt_kaldi(model, foreign, -1)
    with pytest.raises(ValueError, match="sum to 1"):
        adapt_kaldi(model, foreign, 0.8, 0.8)
