"""What a threshold accepts, and the rates given with it, by counting."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.metrics.test_detection import brute_force_rates, trial_lists
from utils.backend.calibration import decision_thresholds
from utils.metrics.bootstrap import ScoredTrials, Speakers, bootstrap
from utils.metrics.evaluation import evaluate
from utils.metrics.slices import fairness
from utils.metrics.thresholds import (
    rates_at,
    threshold_at_eer,
    threshold_at_far,
    threshold_at_frr,
)
from utils.report.tables import metrics_table


def counted(scores, is_target, threshold, weights=None):
    """Miss and false-alarm rate at a threshold, one trial after the other."""
    weights = np.ones(len(scores)) if weights is None else weights
    wrong, totals = [0.0, 0.0], [0.0, 0.0]
    for score, target, weight in zip(scores, is_target, weights, strict=True):
        kind = 0 if target else 1
        totals[kind] += weight
        wrong[kind] += weight * (score < threshold if target else score >= threshold)
    return wrong[0] / totals[0], wrong[1] / totals[1]


def gap_at(scores, is_target, threshold, weights=None):
    p_miss, p_fa = counted(scores, is_target, threshold, weights)
    return abs(p_miss - p_fa)


def assert_nearest(scores, is_target, threshold, weights=None):
    assert threshold in scores
    gaps = [gap_at(scores, is_target, score, weights) for score in scores]
    found = gap_at(scores, is_target, threshold, weights)
    assert found == pytest.approx(min(gaps), abs=1e-9)


@settings(max_examples=400, deadline=None)
@given(trial_lists())
def test_the_rates_at_the_eer_threshold_are_the_nearest(trials):
    assert_nearest(*trials, threshold_at_eer(*trials))
    assert evaluate(*trials, [])["threshold_eer"] == threshold_at_eer(*trials)


@settings(max_examples=200, deadline=None)
@given(trial_lists(), st.integers(0, 2**32 - 1))
def test_with_weights_too(trials, seed):
    weights = np.random.default_rng(seed).integers(1, 4, len(trials[0])).astype(float)
    threshold = evaluate(*trials, [], weights)["threshold_eer"]
    assert_nearest(*trials, threshold, weights)


@pytest.mark.parametrize(
    ("targets", "nontargets", "threshold"),
    [
        ([5, 5, 5, 0], [0, 0, 0, 0], 5),
        ([0.9, 0.3, 0.8], [0.1, 0.4, -0.2], 0.4),
        ([4, 3, 2], [2, 1, 0], 2),  # FAR 1/3, FRR 0; above 2, 0 and 1/3
        ([2, 3], [0, 1], 2),  # apart: FAR and FRR are 0
        ([0, 1], [2, 3], 2),  # the wrong way round: both are 1
        ([1, 1], [1, 1, 1], 1),  # all equal: accept all, as good as none
        ([1.0, np.nextafter(1.0, 2)], [1.0, 1.0], np.nextafter(1.0, 2)),
        ([3], [1, 2, 4], 3),  # FAR 1/3, FRR 0; at 4, 1/3 and 1
        ([-1e300, 1e300], [0, -1e300], 0),
    ],
)
def test_lists_worked_by_hand(targets, nontargets, threshold):
    scores = np.array([*targets, *nontargets])
    is_target = np.arange(len(scores)) < len(targets)
    assert threshold_at_eer(scores, is_target) == threshold
    assert_nearest(scores, is_target, threshold)


@pytest.mark.parametrize("dtype", ["float16", "float32", "int64"])
@pytest.mark.parametrize("rate", [0, 0.1, 0.5, 1])
def test_scores_of_other_types(rng, dtype, rate):
    is_target = np.arange(60) < 20
    scores = (3 * rng.normal(is_target, 1)).astype(dtype)
    assert_nearest(scores.tolist(), is_target, threshold_at_eer(scores, is_target))
    far = threshold_at_far(scores, is_target, rate)
    frr = threshold_at_frr(scores, is_target, rate)
    assert counted(scores.tolist(), is_target, far)[1] <= rate
    assert counted(scores.tolist(), is_target, frr)[0] <= rate
    assert rates_at(scores, is_target, far) == counted(scores.tolist(), is_target, far)


@settings(max_examples=200, deadline=None)
@given(trial_lists(), st.sampled_from([0.0, 0.1, 0.29, 0.5, 1.0]))
def test_thresholds_at_a_rate_against_brute_force(trials, rate):
    scores, is_target = trials
    far = rates_at(*trials, threshold_at_far(*trials, rate))[1]
    frr = rates_at(*trials, threshold_at_frr(*trials, rate))[0]
    p_miss, p_fa = brute_force_rates(*trials)
    assert far == max(p for p in p_fa if p <= rate + 1e-9)
    assert frr == max(p for p in p_miss if p <= rate + 1e-9)


@settings(max_examples=200, deadline=None)
@given(trial_lists(), st.sampled_from([0.0, 0.1, 0.25, 0.5, 1.0]))
def test_thresholds_at_a_rate_are_accepted_scores_where_any_is(trials, rate):
    scores, is_target = trials
    far, frr = threshold_at_far(*trials, rate), threshold_at_frr(*trials, rate)
    assert far in scores or counted(*trials, scores.max())[1] > rate
    assert frr in scores or rate == 1
    for threshold in (far, frr):
        assert np.isfinite(threshold)
        assert rates_at(*trials, threshold) == counted(*trials, threshold)


def test_of_every_resample(rng):
    is_target = np.array([True] * 6 + [False] * 15)
    pairs = [(s, s) for s in range(6)]
    pairs += [(a, b) for a in range(6) for b in range(a + 1, 6)]
    enrol, test = np.array(pairs).T
    scores = np.round(rng.normal(is_target, 1), 1)
    system = ScoredTrials(scores, is_target, Speakers(enrol, test, 6))
    counts = rng.integers(0, 3, (50, 6)).astype(np.float32)
    counts[:, :2] = 1  # a trial of each kind is left
    (samples,) = bootstrap([system], [], counts)
    for row, threshold in zip(counts, samples["threshold_eer"], strict=True):
        weights = np.where(is_target, row[enrol], row[enrol] * row[test])
        assert_nearest(scores, is_target, threshold, weights)


def test_of_slices(rng):
    import pandas as pd

    is_target = np.arange(40) < 15
    scores = np.round(rng.normal(is_target, 1), 1)
    labels = pd.Series(list("fm") * 20, dtype="category")
    threshold = threshold_at_eer(scores, is_target)
    found = fairness(scores, is_target, labels, threshold)
    for label in "fm":
        inside = (labels == label).to_numpy()
        frr, far = counted(scores[inside], is_target[inside], threshold)
        assert found["frr"]["rates"][label] == pytest.approx(frr)
        assert found["far"]["rates"][label] == pytest.approx(far)


def test_that_a_calibration_stores(rng):
    is_target = np.arange(300) < 100
    llrs = rng.normal(np.where(is_target, 2, -2), 2)
    found = json.loads(json.dumps(decision_thresholds(llrs, is_target, 0.1, [0, 0.05])))
    for rate in (0, 0.05):
        threshold = found[f"far {rate:g}"]
        assert threshold in llrs
        rates = [counted(llrs, is_target, score)[1] for score in llrs]
        best = max(rate_of for rate_of in rates if rate_of <= rate)
        assert counted(llrs, is_target, threshold)[1] == best


def test_as_it_is_printed(rng):
    """Read again, the printed number accepts the same trials."""
    is_target = np.arange(2000) < 600
    scores = 0.5 + 1e-9 * rng.normal(is_target, 1)
    results = evaluate(scores, is_target, [])
    threshold = threshold_at_far(scores, is_target, 0.01)
    frr, far = rates_at(scores, is_target, threshold)
    point = {"at": "far 0.01", "threshold": threshold, "far": far, "frr": frr}
    table = metrics_table(results | {"operating": [point]})
    lines = dict(line.split("  ", 1) for line in table.splitlines())
    printed = float(lines["threshold at EER"])
    assert printed == results["threshold_eer"]
    number, rates = lines["at far 0.01"].split(maxsplit=1)
    p_miss, p_fa = counted(scores, is_target, float(number))
    assert rates == f"FAR {100 * p_fa:.4f} %, FRR {100 * p_miss:.4f} %"
