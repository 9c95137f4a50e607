import numpy as np
import pytest
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression

from utils.backend.calibration import PENALTY, fit_fusion, fit_pav
from utils.metrics.detection import act_dcf, equal_error_rate, min_dcf
from utils.metrics.likelihood_ratios import cllr, min_cllr


@pytest.fixture
def trials(rng):
    """Two systems of unlike scale, and the labels of 6000 trials."""
    is_target = rng.random(6000) < 0.2
    shared = rng.standard_normal(6000)
    first = 0.1 * (2 * is_target + shared + rng.standard_normal(6000)) + 3
    second = 40 * (2 * is_target + shared + rng.standard_normal(6000)) - 9
    return np.column_stack([first, second]), is_target


@pytest.mark.parametrize("prior", [0.01, 0.5])
@pytest.mark.parametrize("columns", [[0], [0, 1]])
def test_against_scikit_learn(trials, prior, columns):
    scores, is_target = trials[0][:, columns], trials[1]
    fusion = fit_fusion(scores, is_target, prior)
    weights = np.where(
        is_target, prior / is_target.sum(), (1 - prior) / (~is_target).sum()
    )
    centre, spread = scores.mean(axis=0), scores.std(axis=0)
    oracle = LogisticRegression(C=np.inf, tol=1e-10, max_iter=1000)
    oracle.fit((scores - centre) / spread, is_target, sample_weight=6000 * weights)
    log_odds = oracle.decision_function((scores - centre) / spread)
    np.testing.assert_allclose(
        fusion(scores), log_odds - np.log(prior / (1 - prior)), atol=2e-3
    )


def test_gaussian_scores_become_their_true_ratios(rng):
    is_target = np.arange(200_000) < 100_000
    scores = rng.normal(np.where(is_target, 1.0, -1.0), 1.0)[:, None]
    fusion = fit_fusion(scores, is_target, 0.5)
    assert fusion.weights[0] == pytest.approx(2, abs=0.03)
    assert fusion.offset == pytest.approx(0, abs=0.02)


def test_calibrated_scores_cost_little_more_than_the_least(trials):
    scores, is_target = trials
    half = np.arange(6000) < 3000
    fusion = fit_fusion(scores[half][:, :1], is_target[half], 0.05)
    llrs, labels = fusion(scores[~half][:, :1]), is_target[~half]
    assert cllr(scores[~half, 0], labels) > 2 * cllr(llrs, labels)
    assert cllr(llrs, labels) < 1.1 * min_cllr(llrs, labels)
    assert act_dcf(llrs, labels, 0.05) < 1.15 * min_dcf(llrs, labels, 0.05)


def test_fusion_beats_its_parts(trials):
    scores, is_target = trials
    fused = fit_fusion(scores, is_target, 0.05)(scores)
    parts = [equal_error_rate(scores[:, k], is_target) for k in (0, 1)]
    assert equal_error_rate(fused, is_target) < 0.95 * min(parts)


def test_a_quality_measure_shifts_the_threshold(rng):
    is_target = rng.random(20_000) < 0.5
    duration = rng.uniform(0, 3, 20_000)
    scores = rng.normal(2 * is_target + duration, 1)
    plain = fit_fusion(scores[:, None], is_target, 0.05)
    both = np.column_stack([scores, duration])
    measured = fit_fusion(both, is_target, 0.05)
    assert measured.weights[1] == pytest.approx(-measured.weights[0], rel=0.05)
    assert cllr(measured(both), is_target) < 0.9 * cllr(
        plain(scores[:, None]), is_target
    )


def test_a_penalty_keeps_separable_scores_finite():
    scores, is_target = np.array([[0.0], [1.0]]), np.array([False, True])
    fusion = fit_fusion(scores, is_target, 0.5, penalty=1e-3)
    assert 1 < fusion.weights[0] < 100


OUTLIERS = [
    {0: -1e3}, {0: -1e4}, {0: -1e6}, {0: -1e9}, {0: -1e4, 1: -1e6, 2: -500.0},
    {-1: 1e4}, {0: -1e6, -1: 1e6}, {0: -3.4e38}, {0: -1e30, -1: 1e300},
]  # fmt: skip


@pytest.fixture
def list_of_scores(rng):
    """Scores of 1500 nontarget, then 500 target trials."""
    is_target = np.arange(2000) >= 1500
    return rng.normal(3 * is_target, 1) - 1, is_target


@pytest.mark.parametrize("outliers", OUTLIERS, ids=str)
def test_outliers_leave_the_calibration_as_it_is(list_of_scores, outliers):
    """They say nothing new: clear nontargets far below, clear targets far above."""
    scores, is_target = list_of_scores
    plain = fit_fusion(scores[:, None], is_target, 0.05, penalty=PENALTY)
    spoilt = scores.copy()
    spoilt[list(outliers)] = list(outliers.values())
    found = fit_fusion(spoilt[:, None], is_target, 0.05, penalty=PENALTY)
    oracle = fit_fusion(spoilt[:, None], is_target, 0.05, penalty=0.0)
    assert found.weights[0] == pytest.approx(oracle.weights[0], rel=2e-3)
    assert found.weights[0] == pytest.approx(plain.weights[0], rel=0.02)
    assert found.offset == pytest.approx(oracle.offset, abs=0.01)
    rest = cllr(found(scores[:, None]), is_target)
    assert rest == pytest.approx(cllr(plain(scores[:, None]), is_target), rel=1e-3)


@pytest.mark.parametrize("value", [-1e4, -1e6])
def test_outliers_leave_fusion_and_quality_measures_as_they_are(rng, value):
    is_target = np.arange(2000) >= 1500
    quality = rng.uniform(0, 3, 2000)
    first, second = (rng.normal(2 * is_target + quality, 1) for _ in range(2))
    columns = np.column_stack([first, second, quality])
    spoilt = columns.copy()
    spoilt[0, :2] = value
    found = fit_fusion(spoilt, is_target, 0.05, penalty=PENALTY)
    oracle = fit_fusion(spoilt, is_target, 0.05, penalty=0.0)
    np.testing.assert_allclose(found.weights, oracle.weights, rtol=5e-3)
    plain = fit_fusion(columns, is_target, 0.05, penalty=PENALTY)
    np.testing.assert_allclose(found.weights, plain.weights, rtol=0.02)
    spoilt[0] = [*columns[0, :2], -value]  # a broken measure, of a clear nontarget
    spoilt[0, :2] = -50
    found = fit_fusion(spoilt, is_target, 0.05, penalty=PENALTY)
    oracle = fit_fusion(spoilt, is_target, 0.05, penalty=0.0)
    np.testing.assert_allclose(found.weights, oracle.weights, rtol=5e-3)


def test_tied_scores_hide_no_outlier(rng):
    """More than half are equal, as where scores are clipped."""
    is_target = np.arange(2000) >= 1500
    scores = np.maximum(rng.normal(3 * is_target, 1), 1.0)
    scores[0] = -1e6
    found = fit_fusion(scores[:, None], is_target, 0.05, penalty=PENALTY)
    oracle = fit_fusion(scores[:, None], is_target, 0.05, penalty=0.0)
    assert found.weights[0] == pytest.approx(oracle.weights[0], rel=5e-3)


def test_pav_against_scikit_learn(rng):
    is_target = rng.random(500) < 0.4
    scores = np.round(rng.normal(is_target, 1), 1)
    calibrate = fit_pav(scores, is_target)
    posterior = IsotonicRegression().fit_transform(scores, is_target.astype(float))
    order = np.argsort(posterior, kind="stable")
    llrs = calibrate(scores)[order]
    is_same = np.diff(posterior[order]) == 0
    assert (np.diff(llrs)[is_same] == 0).all()  # a block has one ratio
    assert (np.diff(llrs) >= 0).all()  # and they rise with the posterior
    assert len(np.unique(llrs)) >= 0.8 * len(np.unique(posterior))
    assert np.isfinite(calibrate.llrs).all() and (np.diff(calibrate.llrs) >= 0).all()
    assert cllr(calibrate(scores), is_target) < 1.1 * min_cllr(scores, is_target)


@pytest.mark.parametrize(
    ("scores", "is_target", "options", "message"),
    [
        ([[1.0], [np.nan]], [True, False], {}, "finite"),
        ([[1.0], [2.0]], [True, True], {}, "target and nontarget"),
        ([[1.0], [1.0]], [True, False], {}, "column 0 of the scores is constant"),
        ([[1.0], [2.0]], [True, False], {"prior": 1.0}, "prior must lie"),
        ([1.0, 2.0], [True, False], {}, "must be \\(trials, systems\\)"),
    ],
)
def test_bad_input(scores, is_target, options, message):
    with pytest.raises(ValueError, match=message):
        fit_fusion(np.array(scores), np.array(is_target), **{"prior": 0.05} | options)


def test_scores_must_fit_the_weights(trials):
    fusion = fit_fusion(*trials, 0.05)
    with pytest.raises(ValueError, match="do not fit 2 weights"):
        fusion(trials[0][:, :1])
