"""Likelihood ratios as evidence: against lir, closed forms and by hand."""

import numpy as np
import pytest

from utils.metrics.likelihood_ratios import (
    cllr,
    cross_entropy_curve,
    least_cross_entropy_curve,
    llr_hull,
    min_cllr,
)
from utils.metrics.lr_validation import (
    LN_10,
    calibration_loss,
    dev_pav,
    elub,
    misleading_rates,
    pav_llrs,
    tippett,
)

SEEDS = range(50)
LOG_ODDS = np.linspace(-2.5, 2.5, 11) * LN_10


def drawn(seed):
    """Draw ratios (log10) and labels: of all sizes, well and badly calibrated."""
    rng = np.random.default_rng(seed)
    labels = np.arange(rng.integers(20, 400)) < rng.integers(3, 15)
    rng.shuffle(labels)
    apart, scale, shift = rng.uniform(0, 4), rng.uniform(0.2, 3), rng.normal()
    llrs = scale * rng.normal(np.where(labels, apart / 2, -apart / 2)) + shift
    if seed % 3 == 0:  # ties, away from the steps of the bounds
        llrs = np.round(llrs * 4) / 4 + 0.0031
    return llrs, labels


def with_lir():
    """Return lir's own functions by name, of ratios in log10."""
    pytest.importorskip("lir")
    from lir import metrics
    from lir.algorithms.bayeserror import elub as lir_elub
    from lir.data.models import LLRData
    from lir.metrics.devpav import devpav

    def of(function):
        return lambda llrs, labels: function(LLRData(features=llrs, labels=labels))

    return {
        "cllr": of(metrics.cllr),
        "min": of(metrics.cllr_min),
        "cal": of(metrics.cllr_cal),
        "devpav": devpav,
        "elub": lambda llrs, labels: lir_elub(llrs.copy(), labels),
    }


def ours(llrs, labels):
    natural = llrs * LN_10
    return {
        "cllr": cllr(natural, labels),
        "min": min_cllr(natural, labels),
        "cal": calibration_loss(natural, labels),
        "devpav": dev_pav(natural, labels),
        "elub": np.array(elub(natural, labels)) / LN_10,
    }


@pytest.mark.parametrize("seed", SEEDS)
def test_numbers_are_those_of_lir(seed):
    reference = with_lir()
    llrs, labels = drawn(seed)
    for name, value in ours(llrs, labels).items():
        expected = reference[name](llrs, labels.astype(int))
        np.testing.assert_allclose(value, expected, rtol=0, atol=1e-6, err_msg=name)


@pytest.mark.parametrize("seed", SEEDS)
def test_cross_entropy_is_that_of_lir(seed):
    pytest.importorskip("lir")
    from lir.algorithms.isotonic_regression import IsotonicCalibrator
    from lir.plotting.expected_calibration_error import calculate_ece

    llrs, labels = drawn(seed)
    numbers, prior = labels.astype(int), 1 / (1 + np.exp(-LOG_ODDS))
    expected = calculate_ece(10**llrs, numbers, prior)
    found = cross_entropy_curve(llrs * LN_10, labels, LOG_ODDS)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-6)
    calibrated = IsotonicCalibrator().fit_transform(llrs, numbers)
    with np.errstate(invalid="ignore", divide="ignore"):
        expected = calculate_ece(10**calibrated, numbers, prior)
    least = least_cross_entropy_curve(llr_hull(llrs, labels), LOG_ODDS)
    np.testing.assert_allclose(least, expected, rtol=0, atol=1e-6)


@pytest.mark.parametrize("seed", SEEDS)
def test_best_calibration_is_that_of_lir(seed):
    pytest.importorskip("lir")
    from lir.algorithms.isotonic_regression import IsotonicCalibrator

    llrs, labels = drawn(seed)
    expected = IsotonicCalibrator().fit_transform(llrs, labels.astype(int)) * LN_10
    np.testing.assert_allclose(pav_llrs(llrs, labels), expected, rtol=0, atol=1e-6)


EDGES = {
    "apart": ([3.0, 2.0, -1.0, -2.0], [1, 1, 0, 0]),
    "one block": ([0.2, 0.2, 0.2], [1, 0, 0]),
    "all wrong": ([-1.0, -2.0, 1.0, 2.0], [1, 1, 0, 0]),
    "infinite and right": ([np.inf, 1.0, -0.5, 0.3, -np.inf], [1, 1, 1, 0, 0]),
    "infinite and of both": ([np.inf, np.inf, 1.0, -np.inf, 0.5], [1, 0, 1, 0, 0]),
    "beyond the extremes": ([50.0, 1.0, 2.0, -50.0], [1, 1, 0, 0]),
}


@pytest.mark.parametrize("name", EDGES)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # of lir, at infinite ratios
def test_edges_are_those_of_lir(name):
    reference = with_lir()
    llrs, labels = (np.array(own) for own in EDGES[name])
    for metric, value in ours(llrs, labels == 1).items():
        expected = reference[metric](llrs, labels)
        np.testing.assert_allclose(value, expected, rtol=0, atol=1e-6, err_msg=metric)


def test_ratios_that_are_true_lose_nothing():
    """Normal scores of unit variance at +-d/2 have the ratio d times the score."""
    rng, d = np.random.default_rng(0), 2.0
    labels = np.arange(40_000) < 20_000
    llrs = d * rng.normal(np.where(labels, d / 2, -d / 2))
    assert calibration_loss(llrs, labels) < 4e-3
    assert dev_pav(llrs, labels) < 0.2 < 2.0 < dev_pav(3 * llrs, labels)
    low, high = elub(llrs, labels)
    assert low < -4 and 4 < high
    assert -elub(3 * llrs, labels).lower < -low  # overstated ratios are cut earlier


def test_distance_to_the_best_calibration_is_an_integral():
    llrs, labels = drawn(1)
    natural = llrs * LN_10
    x, y = np.unique(np.stack([natural, pav_llrs(natural, labels)]), axis=1)
    x, y = x[np.isfinite(y)], y[np.isfinite(y)]
    grid = np.linspace(x[0], x[-1], 400_001)
    expected = np.abs(np.interp(grid, x, y) - grid).mean() / LN_10
    assert dev_pav(natural, labels) == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize("n", [10, 100, 1000])
def test_bounds_grow_with_the_trials_alone(n):
    llrs = np.repeat([-20.0, 20.0], n)
    low, high = np.array(elub(llrs, llrs > 0)) / LN_10
    # a threshold t costs (1 + t) / (n + 1): less than 1 below n
    assert [-low, high] == pytest.approx([np.log10(n)] * 2, abs=0.0101)


def test_useless_ratios_have_no_bounds_but_one():
    labels = np.array([True, False] * 50)
    llrs = np.random.default_rng(0).normal(size=100) * 20
    assert elub(llrs, labels) == pytest.approx((0, 0), abs=0.35)


def test_shares_of_misleading_ratios():
    llrs = np.array([-1.0, 2.0, 3.0, -4.0, 1.0])
    labels = np.array([True, True, True, False, False])
    assert misleading_rates(llrs, labels) == pytest.approx((1 / 3, 1 / 2))
    curve = tippett(llrs, labels, np.array([-10.0, 0.0, 2.0, 10.0]))
    np.testing.assert_allclose(curve.targets, [1, 2 / 3, 2 / 3, 0])
    np.testing.assert_allclose(curve.nontargets, [1, 1 / 2, 0, 0])


def test_infinite_ratios_that_mislead_cost_everything():
    labels = np.array([True, False])
    assert cllr(np.array([-np.inf, 0.0]), labels) == np.inf
    assert cllr(np.array([np.inf, -np.inf]), labels) == 0


@pytest.mark.parametrize("function", [cllr, dev_pav, elub, pav_llrs, misleading_rates])
@pytest.mark.parametrize(
    ("llrs", "labels", "message"),
    [
        ([np.nan, 1.0], [True, False], "NaN"),
        ([1.0, 2.0], [True, True], "no nontarget trials"),
        ([1.0], [True, False], "equal length"),
        ([1.0, 2.0], [2, 0], "labels must be 1"),
    ],
)
def test_useless_input_is_refused(function, llrs, labels, message):
    with pytest.raises(ValueError, match=message):
        function(np.array(llrs), np.array(labels))
