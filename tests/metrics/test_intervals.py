import numpy as np
import pytest

from tests.metrics.test_bootstrap import N_SPEAKERS, speaker_scores
from utils.metrics.bootstrap import ScoredTrials, bootstrap, draw_counts
from utils.metrics.detection import equal_error_rate
from utils.metrics.intervals import det_band, intervals, p_value


@pytest.mark.slow
def test_intervals_cover_the_true_rate(rng):
    """95 % intervals of speakers hold the EER of endless data about so often."""
    big = np.random.default_rng(9)
    truth = equal_error_rate(
        np.concatenate([big.normal(2, np.sqrt(2), 10**6), big.normal(0, 1, 10**6)]),
        np.arange(2 * 10**6) < 10**6,
    )
    hits = 0
    for seed in range(60):
        trials = ScoredTrials(*speaker_scores(np.random.default_rng(seed)))
        counts = draw_counts(N_SPEAKERS, 200, seed)
        low, high = intervals(bootstrap([trials], [], counts)[0])["eer"]
        hits += low <= truth <= high
    assert 0.8 <= hits / 60 <= 1  # few speakers: somewhat below 0.95


def test_paired_comparison(rng):
    scores, is_target, speakers = speaker_scores(rng)
    better = scores + 1.0 * is_target
    systems = [ScoredTrials(s, is_target, speakers) for s in (scores, better, scores)]
    counts = draw_counts(N_SPEAKERS, 500, seed=0)
    a, b, again = bootstrap(systems, [], counts)
    assert p_value((b["eer"] - a["eer"]).to_numpy()) < 0.01
    assert p_value((again["eer"] - a["eer"]).to_numpy()) == 1.0


def test_det_band_holds_the_curve(rng):
    scores, is_target, speakers = speaker_scores(rng)
    trials = ScoredTrials(scores, is_target, speakers)
    p_fa, low, high = det_band(trials, draw_counts(N_SPEAKERS, 100, seed=0))
    assert (low <= high).all() and (np.diff(p_fa) > 0).all()
    threshold = np.quantile(scores[~is_target], 0.9)
    miss = np.mean(scores[is_target] < threshold)
    assert np.interp(0.1, p_fa, low) <= miss <= np.interp(0.1, p_fa, high)
