import numpy as np
import pytest

from utils.metrics.bootstrap import ScoredTrials, Speakers, draw_counts
from utils.verification.rates import measure_rates, shortage


def scored_pairs(rng, n_speakers=12, each=5):
    """All pairs of utterances: scores that overlap, and their speakers."""
    who = np.repeat(np.arange(n_speakers), each)
    left, right = np.triu_indices(len(who), 1)
    speakers = Speakers(who[left], who[right], n_speakers)
    means = np.where(speakers.enrol == speakers.test, 1.5, -1.5)
    return rng.normal(means, 1.0), speakers


def test_rates_are_the_shares_of_errors(rng):
    scores, speakers = scored_pairs(rng)
    is_target = speakers.enrol == speakers.test
    rates = measure_rates(scores, speakers, 0.3, draw_counts(12, 200, 0))
    assert rates.far.value == pytest.approx(np.mean(scores[~is_target] >= 0.3))
    assert rates.frr.value == pytest.approx(np.mean(scores[is_target] < 0.3))
    assert (rates.n_target, rates.n_nontarget) == (120, 1650)
    for rate in (rates.far, rates.frr):
        assert rate.low <= rate.value <= rate.high


def test_resamples_are_those_of_the_bootstrap(rng):
    """Counted by pairs of speakers, or trial by trial: the same intervals."""
    scores, speakers = scored_pairs(rng)
    is_target = speakers.enrol == speakers.test
    counts = draw_counts(12, 300, 1)
    trials = ScoredTrials(scores, is_target, speakers)
    far, frr = [], []
    for row in counts:
        shares = trials.shares(row)
        if shares is None:
            continue
        weights = row[speakers.enrol] * np.where(is_target, 1, row[speakers.test])
        errors = np.where(is_target, scores < 0.3, scores >= 0.3)
        for kind, rates in ((~is_target, far), (is_target, frr)):
            rates.append(np.average(errors[kind], weights=weights[kind]))
    found = measure_rates(scores, speakers, 0.3, counts)
    for rate, expected in ((found.far, far), (found.frr, frr)):
        np.testing.assert_allclose(rate[1:], np.quantile(expected, [0.025, 0.975]))


def test_intervals_hold_the_true_rate(rng):
    """Nearly 95 % of the intervals, of many samples of speakers, hold the true rate."""
    from scipy.stats import norm

    held = 0
    for _ in range(200):
        scores, speakers = scored_pairs(rng, n_speakers=30, each=3)
        rates = measure_rates(scores, speakers, 0.0, draw_counts(30, 200, 0))
        held += rates.far.low <= norm.cdf(-1.5) <= rates.far.high
    assert held >= 0.85 * 200


def test_no_error_is_not_certainty():
    who = np.repeat(np.arange(10), 2)
    left, right = np.triu_indices(len(who), 1)
    speakers = Speakers(who[left], who[right], 10)
    scores = np.where(speakers.enrol == speakers.test, 1.0, -1.0)
    rates = measure_rates(scores, speakers, 0.0, draw_counts(10, 100, 0))
    assert rates.frr.value == 0
    assert rates.frr.high == pytest.approx(1 - 0.025 ** (1 / 10))
    assert rates.far.high == pytest.approx(1 - 0.025 ** (1 / 45))
    all_wrong = measure_rates(-scores, speakers, 0.0, draw_counts(10, 100, 0))
    assert all_wrong.far.low == pytest.approx(0.025 ** (1 / 45))


def test_both_kinds_are_needed():
    speakers = Speakers(np.zeros(3, int), np.zeros(3, int), 1)
    with pytest.raises(ValueError, match="target and nontarget"):
        measure_rates(np.zeros(3), speakers, 0.0, draw_counts(1, 10, 0))


@pytest.mark.parametrize("far", [0.1, 0.05, 0.01, 0.001])
def test_what_is_asked_for_is_enough_and_less_is_not(far):
    needed = next(n for n in range(2, 1000) if not shortage(far, n, 50 * n))
    assert needed * (needed - 1) / 2 >= 1 / far - 1e-6
    assert (needed - 1) * (needed - 2) / 2 < 1 / far - 1e-6
    assert f"{needed} speakers, 1 more" in shortage(far, needed - 1, 50 * needed)
    alone = shortage(far, needed, needed)
    each = int(alone.split(": ")[1].split()[0])
    assert not shortage(far, needed, each * needed)
    assert shortage(far, needed, (each - 1) * needed)
