from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.interpolate import interp1d
from scipy.optimize import brentq
from sklearn.isotonic import IsotonicRegression
from sklearn.metrics import roc_auc_score, roc_curve

from utils.metrics.detection import (
    act_dcf,
    auc,
    equal_error_rate,
    equal_error_rate_rocch,
    min_dcf,
    partial_auc,
)
from utils.metrics.error_rates import convex_hull, error_rates
from utils.metrics.evaluation import evaluate
from utils.metrics.likelihood_ratios import cllr, min_cllr
from utils.trials.lists import read_trials
from utils.trials.scores import join_scores, read_scores

PRIORS = (0.001, 0.01, 0.05, 0.5, 0.99)


@st.composite
def trial_lists(draw):
    """Short lists with many ties."""
    values = st.integers(-4, 4).map(lambda n: n / 2)
    targets = draw(st.lists(values, min_size=1, max_size=12))
    nontargets = draw(st.lists(values, min_size=1, max_size=12))
    scores = np.array(targets + nontargets)
    is_target = np.arange(len(scores)) < len(targets)
    order = draw(st.permutations(range(len(scores))))
    return scores[list(order)], is_target[list(order)]


def brute_force_rates(scores, is_target):
    """Error rates at every threshold, by counting."""
    levels = np.concatenate([[-np.inf], np.unique(scores), [np.inf]])
    p_miss = [np.mean(scores[is_target] < level) for level in levels]
    p_fa = [np.mean(scores[~is_target] >= level) for level in levels]
    return np.array(p_miss), np.array(p_fa)


def brute_force_eer(scores, is_target):
    """Cross the polyline through the rates at all thresholds with the diagonal."""
    p_miss, p_fa = brute_force_rates(scores, is_target)
    for n in range(len(p_miss) - 1):
        before, after = p_miss[n] - p_fa[n], p_miss[n + 1] - p_fa[n + 1]
        if before <= 0 <= after:
            share = 0 if after == before else -before / (after - before)
            return p_miss[n] + share * (p_miss[n + 1] - p_miss[n])
    raise AssertionError


@settings(max_examples=300, deadline=None)
@given(trial_lists())
def test_eer_and_min_dcf_against_brute_force(trials):
    p_miss, p_fa = brute_force_rates(*trials)
    assert equal_error_rate(*trials) == pytest.approx(brute_force_eer(*trials))
    for prior in PRIORS:
        cost = np.min(prior * p_miss + (1 - prior) * p_fa) / min(prior, 1 - prior)
        assert min_dcf(*trials, prior) == pytest.approx(cost)
        assert 0 <= min_dcf(*trials, prior) <= 1


@settings(max_examples=200, deadline=None)
@given(trial_lists())
def test_areas_against_scikit_learn(trials):
    scores, is_target = trials
    assert auc(*trials) == pytest.approx(roc_auc_score(is_target, scores))
    assert partial_auc(*trials, 1.0) == pytest.approx(auc(*trials))
    p_fa, p_hit, _ = roc_curve(is_target, scores, drop_intermediate=False)
    for most in (0.05, 0.3):
        inner = np.linspace(0, most, 200_001)
        oracle = np.interp(inner, p_fa, p_hit).mean()
        assert partial_auc(*trials, most) == pytest.approx(oracle, abs=1e-4)


@settings(max_examples=200, deadline=None)
@given(trial_lists())
def test_hull_against_scipy(trials):
    """The hull's corners are those of the point set of all thresholds."""
    p_miss, p_fa = brute_force_rates(*trials)
    hull = convex_hull(error_rates(*trials))
    corners = set(zip(hull.p_fa.round(9), hull.p_miss.round(9), strict=True))
    assert corners <= set(zip(p_fa.round(9), p_miss.round(9), strict=True))
    below = np.interp(p_fa, hull.p_fa[::-1], hull.p_miss[::-1])
    assert (below <= p_miss + 1e-9).all()  # no threshold is better than the hull
    slopes = -np.diff(hull.p_miss) * np.diff(hull.p_fa)
    assert (slopes >= 0).all()


@settings(max_examples=200, deadline=None)
@given(trial_lists())
def test_invariances(trials):
    scores, is_target = trials
    rates = evaluate(scores, is_target, ["0.01"])
    mapped = evaluate(np.exp(3 * scores) - 7, is_target, ["0.01"])
    twice = evaluate(np.tile(scores, 2), np.tile(is_target, 2), ["0.01"])
    swapped = equal_error_rate(-scores, ~is_target)
    reordered = evaluate(scores[::-1], is_target[::-1], ["0.01"])
    for key in ("eer", "eer_rocch", "min_cllr"):
        assert mapped[key] == pytest.approx(rates[key])
        assert twice[key] == pytest.approx(rates[key])
        assert reordered[key] == rates[key]
    assert mapped["min_dcf"]["0.01"] == pytest.approx(rates["min_dcf"]["0.01"])
    assert reordered["min_dcf"] == rates["min_dcf"]
    assert swapped == pytest.approx(rates["eer"])


@settings(max_examples=200, deadline=None)
@given(trial_lists())
def test_orders_of_the_metrics(trials):
    scores, is_target = trials
    assert equal_error_rate_rocch(*trials) <= equal_error_rate(*trials) + 1e-12
    assert min_cllr(*trials) <= cllr(*trials) + 1e-12
    for prior in PRIORS:
        assert min_dcf(*trials, prior) <= act_dcf(*trials, prior) + 1e-12


@settings(max_examples=100, deadline=None)
@given(trial_lists())
def test_min_cllr_against_scikit_learn(trials):
    scores, is_target = trials
    levels, inverse, counts = np.unique(scores, return_inverse=True, return_counts=True)
    share = np.bincount(inverse, weights=is_target) / counts
    fit = IsotonicRegression().fit_transform(levels, share, sample_weight=counts)
    posterior = fit[inverse]
    with np.errstate(divide="ignore"):
        llrs = np.log(posterior / (1 - posterior)) - np.log(
            is_target.mean() / (1 - is_target.mean())
        )
        misses = np.log2(1 + np.exp(-llrs[is_target])).mean()
        alarms = np.log2(1 + np.exp(llrs[~is_target])).mean()
    assert min_cllr(*trials) == pytest.approx((misses + alarms) / 2)


def test_eer_against_scikit_learn(rng):
    is_target = rng.random(2000) < 0.3
    scores = rng.normal(is_target * 1.5, 1)
    p_fa, p_hit, _ = roc_curve(is_target, scores, drop_intermediate=False)
    oracle = brentq(lambda x: 1 - x - interp1d(p_fa, p_hit)(x), 0, 1)
    assert equal_error_rate(scores, is_target) == pytest.approx(oracle, abs=1e-9)


def test_worked_by_hand():
    scores = np.array([4.0, 3.0, 2.0, 2.0, 1.0, 0.0])
    is_target = np.array([True, True, False, True, False, False])
    # at 2: no miss, one of three false alarms; above 2: one miss of three, none
    assert equal_error_rate(scores, is_target) == pytest.approx(1 / 6)
    assert min_dcf(scores, is_target, 0.5) == pytest.approx(1 / 3)
    rates = error_rates(scores, is_target)
    assert (np.diff(rates.p_miss) >= 0).all() and (np.diff(rates.p_fa) <= 0).all()


def test_extremes():
    scores, is_target = np.array([2.0, 1.0]), np.array([True, False])
    assert equal_error_rate(scores, is_target) == 0.0
    assert equal_error_rate(-scores, is_target) == 1.0
    assert min_dcf(-scores, is_target, 0.01) == 1.0
    assert equal_error_rate(np.ones(2), is_target) == 0.5
    assert min_dcf(np.ones(2), is_target, 0.99) == 1.0
    assert cllr(np.array([1000.0, -1000.0]), is_target) == 0.0
    assert cllr(np.array([-1000.0, 1000.0]), is_target) == pytest.approx(
        1000 / np.log(2)
    )


def test_gaussian_scores_have_the_closed_form(rng):
    from scipy.stats import norm

    is_target = np.arange(400_000) < 200_000
    scores = rng.normal(np.where(is_target, 1.0, -1.0), 1.0)
    assert equal_error_rate(scores, is_target) == pytest.approx(norm.cdf(-1), abs=2e-3)


@pytest.mark.parametrize(
    ("scores", "is_target", "message"),
    [
        ([1.0, np.nan], [True, False], "finite"),
        ([1.0, np.inf], [True, False], "finite"),
        ([1.0, 2.0], [True, True], "no nontarget trials"),
        ([1.0, 2.0], [False, False], "no target trials"),
        ([1.0, 2.0], [True], "equal length"),
        ([], [], "no target trials"),
    ],
)
def test_useless_input_is_refused(scores, is_target, message):
    with pytest.raises(ValueError, match=message):
        equal_error_rate(np.array(scores), np.array(is_target, dtype=bool))


@pytest.mark.parametrize("prior", [0.0, 1.0, -0.1, 2.0])
def test_priors_are_checked(prior):
    with pytest.raises(ValueError, match="p_target must lie between"):
        min_dcf(np.array([1.0, 0.0]), np.array([True, False]), prior)


@pytest.mark.parametrize("max_far", [0.0, -0.1, 1.1])
def test_a_partial_area_needs_a_width(max_far):
    with pytest.raises(ValueError, match=r"max_far must lie in \(0, 1\]"):
        partial_auc(np.array([1.0, 0.0]), np.array([True, False]), max_far)


def test_stored_scores():
    """Values computed once with exact fractions over all thresholds."""
    folder = Path(__file__).parents[1] / "data"
    trials = read_trials(folder / "trials.txt")
    scores = join_scores(trials, read_scores(folder / "scores.txt"))
    found = evaluate(scores, trials["target"].to_numpy(), ["0.01", "0.05"])
    assert (found["n_target"], found["n_nontarget"]) == (150, 850)
    assert found["eer"] == pytest.approx(0.03294117647058824, abs=1e-12)
    assert found["min_dcf"]["0.01"] == pytest.approx(0.3466666666666667, abs=1e-12)
    assert found["min_dcf"]["0.05"] == pytest.approx(0.2964705882352941, abs=1e-12)
    assert found["auc"] == pytest.approx(0.995556862745098, abs=1e-12)
    assert found["cllr"] == pytest.approx(0.7818664226165956, abs=1e-12)


def test_published_scores_of_voxsrc2023(reference):
    folder = reference / "voxsrc2023"
    trials = read_trials(folder / "VoxSRC2023_val.txt")
    values = join_scores(trials, read_scores(folder / "VoxSRC2023_val_score.txt"))
    is_target = trials["target"].to_numpy()
    assert (is_target.sum(), (~is_target).sum()) == (25_645, 24_342)
    assert round(100 * equal_error_rate(values, is_target), 4) == 4.0948
    assert round(min_dcf(values, is_target, 0.05), 4) == 0.2142


@pytest.mark.parametrize(
    ("name", "n_trials"), [("veri_test", 37_720), ("veri_test2", 37_611)]
)
def test_voxceleb_lists_are_read(reference, name, n_trials):
    path = reference / "voxceleb1" / f"{name}.txt"
    trials = read_trials(path)
    assert len(trials) == n_trials
    speakers = {text.split("/")[0] for text in trials["test"].cat.categories}
    assert len(speakers) == 40
    assert trials["target"].sum() == sum(
        line.startswith("1 ") for line in path.read_text().splitlines()
    )


@pytest.mark.parametrize(("part", "eer"), [("dev", 2.4259), ("eval", 2.4581)])
def test_published_scores_of_asvspoof2019(reference, part, eer):
    (path,) = (reference / "asvspoof2019").glob(f"*.{part}.*")
    trials = pd.read_csv(path, sep=" ", header=None)
    trials = trials[trials[1].isin(["target", "nontarget"])]
    is_target = (trials[1] == "target").to_numpy()
    found = 100 * equal_error_rate(trials[2].to_numpy(), is_target)
    assert round(found, 4) == eer
