import numpy as np
import pytest
from scipy.stats import multivariate_normal, spearmanr

from utils.backend.plda.learning import (
    collect_statistics,
    fit_plda,
    initial_parameters,
    log_likelihood,
)
from utils.backend.plda.model import Plda, diagonalise
from utils.metrics.detection import equal_error_rate


def random_covariance(rng, n_dims):
    root = rng.standard_normal((n_dims, n_dims))
    return root @ root.T / n_dims + 0.2 * np.eye(n_dims)


def draw(rng, between, within, counts, mean=0.0):
    """Draw embeddings of speakers with so many utterances each."""
    speakers = np.repeat(np.arange(len(counts)), counts)
    n_dims = len(within)
    centres = rng.multivariate_normal(np.zeros(n_dims), between, size=len(counts))
    noise = rng.multivariate_normal(np.zeros(n_dims), within, size=len(speakers))
    return mean + centres[speakers] + noise, speakers


def joint_llr(enrol, test, mean, between, within):
    """Compare the joint Gaussian of one speaker with that of two."""
    n, n_dims = len(enrol), len(mean)
    everything = np.concatenate([enrol, test[None]]).ravel()
    same = np.kron(np.ones((n + 1, n + 1)), between) + np.kron(np.eye(n + 1), within)
    apart = same.copy()
    apart[: n * n_dims, n * n_dims :] = 0
    apart[n * n_dims :, : n * n_dims] = 0
    means = np.tile(mean, n + 1)
    logs = [multivariate_normal(means, c).logpdf(everything) for c in (same, apart)]
    return logs[0] - logs[1]


@pytest.mark.parametrize("n_enrol", [1, 2, 5, 10])
@pytest.mark.parametrize("n_dims", [1, 4])
def test_llr_against_the_joint_gaussian(rng, n_enrol, n_dims):
    between, within = (random_covariance(rng, n_dims) for _ in range(2))
    mean = rng.standard_normal(n_dims)
    model = diagonalise(mean, np.linalg.cholesky(between), within)
    enrol = mean + 2 * rng.standard_normal((3, n_enrol, n_dims))
    tests = mean + 2 * rng.standard_normal((4, n_dims))
    found = model.llr(model.project(enrol.mean(axis=1)), model.project(tests), n_enrol)
    for row, utterances in enumerate(enrol):
        for column, test in enumerate(tests):
            oracle = joint_llr(utterances, test, mean, between, within)
            assert found[row, column] == pytest.approx(oracle, abs=1e-8)


def test_models_of_different_sizes_in_one_call(rng):
    model = Plda(np.zeros(3), np.eye(3), np.array([2.0, 1.0, 0.5]))
    enrol, test = rng.standard_normal((2, 3)), rng.standard_normal((5, 3))
    together = model.llr(enrol, test, np.array([1, 7]))
    np.testing.assert_allclose(together[:1], model.llr(enrol[:1], test, 1))
    np.testing.assert_allclose(together[1:], model.llr(enrol[1:], test, 7))


def test_covariances_come_back(rng):
    between, within = (random_covariance(rng, 5) for _ in range(2))
    model = diagonalise(np.zeros(5), np.linalg.cholesky(between), within)
    np.testing.assert_allclose(model.covariances()[0], between, atol=1e-10)
    np.testing.assert_allclose(model.covariances()[1], within, atol=1e-10)
    assert (np.diff(model.psi) <= 0).all()


def test_log_likelihood_against_the_joint_gaussian(rng):
    between, within = (random_covariance(rng, 3) for _ in range(2))
    counts = [1, 2, 4, 1]
    embeddings, speakers = draw(rng, between, within, counts, mean=1.0)
    mean = np.full(3, 0.7)
    oracle = 0.0
    for speaker, n in enumerate(counts):
        joint = np.kron(np.ones((n, n)), between) + np.kron(np.eye(n), within)
        own = embeddings[speakers == speaker].ravel()
        oracle += multivariate_normal(np.tile(mean, n), joint).logpdf(own)
    data = collect_statistics(embeddings, speakers)
    assert log_likelihood(data, mean, between, within) == pytest.approx(oracle)


@pytest.mark.parametrize("rank", [None, 2])
def test_likelihood_never_falls(rng, rank):
    between, within = (random_covariance(rng, 6) for _ in range(2))
    counts = rng.integers(1, 6, size=50)
    embeddings, speakers = draw(rng, between, within, counts)
    _, training = fit_plda(embeddings, speakers, 30, rank, 0.05)
    steps = np.diff(training.log_likelihoods)
    assert (steps >= -1e-12).all() and steps[0] > 0
    assert training.n_single == np.sum(counts == 1)


def test_known_covariances_are_recovered(rng):
    between, within = (random_covariance(rng, 4) for _ in range(2))
    embeddings, speakers = draw(rng, between, within, np.full(6000, 4), mean=2.0)
    model, _ = fit_plda(embeddings, speakers, 30, None, 0.0)
    for found, true in zip(model.covariances(), (between, within), strict=True):
        assert np.abs(found - true).max() < 0.06 * np.abs(true).max()
    np.testing.assert_allclose(model.mean, 2.0, atol=0.06)


def test_a_low_rank_is_recovered(rng):
    loading = rng.standard_normal((8, 2))
    within = random_covariance(rng, 8)
    embeddings, speakers = draw(rng, loading @ loading.T, within, np.full(3000, 4))
    model, _ = fit_plda(embeddings, speakers, 40, 2, 0.0)
    truth = diagonalise(np.zeros(8), loading, within)
    np.testing.assert_allclose(model.psi, truth.psi, rtol=0.1)
    assert model.transform.shape == (2, 8)
    x = rng.standard_normal((20, 8))
    scores = [m.llr(m.project(x), m.project(x)).ravel() for m in (model, truth)]
    assert np.corrcoef(*scores)[0, 1] > 0.99


@pytest.mark.parametrize("case", ["few", "constant", "copies", "single"])
def test_degenerate_data_give_no_nan(rng, case):
    embeddings, speakers = draw(rng, np.eye(20), np.eye(20), [3, 1, 2, 1])
    if case == "constant":
        embeddings[:, :5] = 7.0
    elif case == "copies":
        embeddings = embeddings[speakers * 2 % 7]  # no variance within speakers
    elif case == "single":
        speakers = np.array([0, 0, 1, 2, 3, 4, 5])
    model, training = fit_plda(embeddings, speakers, 20, None, 0.05)
    projected = model.project(embeddings)
    assert np.isfinite(model.llr(projected, projected)).all()
    assert np.isfinite(model.llr(model.normalise_length(projected), projected)).all()
    assert np.isfinite(training.condition_number)


def test_it_beats_the_cosine_where_deviations_have_a_direction(rng):
    within = np.diag([25.0] * 3 + [1.0] * 9)
    embeddings, speakers = draw(rng, 2 * np.eye(12), within, np.full(300, 5))
    model, _ = fit_plda(embeddings[:1000], speakers[:1000], 20, None, 0.05)
    test, labels = embeddings[1000:], speakers[1000:]
    left, right = np.triu_indices(len(test), k=1)
    is_target = labels[left] == labels[right]
    projected = model.project(test)
    plda = equal_error_rate(model.llr(projected, projected)[left, right], is_target)
    unit = test / np.linalg.norm(test, axis=1, keepdims=True)
    assert plda < 0.7 * equal_error_rate((unit @ unit.T)[left, right], is_target)


@pytest.mark.parametrize(
    ("embeddings", "speakers", "message"),
    [
        (np.ones((2, 3)), [0, 1], "some with two embeddings"),
        (np.ones((2, 3)), [0, 0], "two speakers or more"),
        (np.ones((4, 3)), [0, 0, 1, 1], "all embeddings are equal"),
        (np.full((4, 3), np.nan), [0, 0, 1, 1], "finite"),
    ],
)
def test_bad_input(embeddings, speakers, message):
    with pytest.raises(ValueError, match=message):
        fit_plda(embeddings, np.array(speakers), 20, None, 0.05)


def test_real_x_vectors_with_mostly_one_utterance_a_speaker(reference):
    """1000 vectors of 512 dimensions, 632 speakers: the published ranking, no NaN."""
    path = reference / "speechbrain_plda" / "plda_voxceleb_xvectors.npz"
    with np.load(path, allow_pickle=False) as stored:
        data = dict(stored)
    model, training = fit_plda(
        data["train_embeddings"], data["train_model"], 5, 150, 0.0
    )
    assert np.isfinite(training.log_likelihoods).all() and training.n_single == 388
    sides = data["enrol_embeddings"], data["test_embeddings"]
    scores = model.llr(*(model.project(side) for side in sides))
    published = data["expected_scores"]
    same = data["enrol_model"][:, None] == data["test_model"]
    assert same.sum() == 3
    assert scores[same].min() > 0 > scores[~same].max()
    assert published[same].min() > 0 > published[~same].max()
    # scores that the publication has within 0.1 % of each other may change places
    assert spearmanr(scores.ravel(), published.ravel()).statistic > 0.98


def test_what_the_rank_leaves_over_is_variance_within(rng):
    """The moments of a model of lower rank add up to those of the data."""
    speakers = np.repeat(np.arange(200), 4)
    embeddings = rng.standard_normal((200, 6))[speakers] * np.arange(6, 0, -1)
    embeddings += rng.standard_normal(embeddings.shape)
    data = collect_statistics(embeddings, speakers)
    mean, loading, within = initial_parameters(data, 2)
    assert loading.shape == (6, 2)
    centred = data.means - mean
    total = centred.T @ centred / 200 + data.scatter / 800
    np.testing.assert_allclose(loading @ loading.T + within, total)
