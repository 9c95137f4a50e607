"""Ratios of drawn scores: against closed forms, repeated trials and other fits."""

import numpy as np
import pytest

from utils.backend.calibration import PENALTY, fit_fusion
from utils.forensic.calibrating import calibrate, cross_validated
from utils.forensic.comparing import CaseTrials
from utils.forensic.validating import cllr_interval, supported_bounds, validate
from utils.metrics.bootstrap import Speakers, draw_counts
from utils.metrics.likelihood_ratios import cllr
from utils.metrics.lr_validation import LN_10, elub


def drawn(n_speakers=40, each=3, apart=3.0, seed=0):
    """Draw scores of unit variance, means ``apart`` away: LLR = apart * score."""
    rng = np.random.default_rng(seed)
    enrol, test = np.divmod(np.arange(n_speakers**2).repeat(each), n_speakers)
    means = np.where(enrol == test, apart / 2, -apart / 2)
    scores = rng.normal(means)
    return CaseTrials(scores, Speakers(enrol, test, n_speakers), 1.0)


def test_drawn_scores_have_the_ratio_of_their_densities():
    trials = drawn(n_speakers=60)
    found = calibrate(trials)
    assert found.fusion.weights[0] == pytest.approx(3.0, rel=0.15)
    llr, low, high = found.interval(1.0)
    assert low < 3.0 < high
    assert low < llr < high < low + 2
    assert cllr(found.llrs, trials.is_target) == pytest.approx(
        cllr(3 * trials.scores, trials.is_target), abs=0.01
    )


def test_no_trial_meets_its_own_speakers():
    """Scores of one speaker, changed, change no ratio of theirs but by the score."""
    trials = drawn(n_speakers=12)
    before = cross_validated(trials, seed=0)
    is_own = (trials.speakers.enrol == 3) | (trials.speakers.test == 3)
    scores = trials.scores + np.where(is_own, 100.0, 0.0)
    after = cross_validated(trials._replace(scores=scores), seed=0)
    slope = (after - before)[is_own] / 100  # of each trial's own calibration: the same
    expected = []
    for score in (0.0, 1.0):
        moved = trials.scores.copy()
        moved[is_own] = score
        expected.append(cross_validated(trials._replace(scores=moved), seed=0)[is_own])
    np.testing.assert_allclose(slope, expected[1] - expected[0], rtol=1e-3)


def test_resampled_fits_are_those_of_repeated_trials():
    trials = drawn(n_speakers=15)
    found = calibrate(trials, seed=7).resampled
    counts = draw_counts(15, len(found), seed=7)
    is_target, speakers = trials.is_target, trials.speakers
    for row in range(3):
        of = counts[row].astype(int)
        times = np.where(
            is_target, of[speakers.enrol], of[speakers.enrol] * of[speakers.test]
        )
        rows = np.repeat(np.arange(len(times)), times)
        own = fit_fusion(trials.scores[rows, None], is_target[rows], 0.5, PENALTY)
        assert found[row] == pytest.approx([own.weights[0], own.offset], rel=1e-3)


@pytest.mark.parametrize("n_speakers", [12, 40])
def test_bounds_grow_with_the_speakers_not_with_their_recordings(n_speakers):
    few, many = (drawn(n_speakers, each, apart=12.0) for each in (1, 8))
    found = [supported_bounds(12.0 * own.scores, own.speakers) for own in (few, many)]
    assert found[0] == pytest.approx(found[1], abs=0.1 * LN_10)
    assert found[1].lower == pytest.approx(-np.log(n_speakers), abs=0.03 * LN_10)
    all_of = elub(12.0 * many.scores, many.is_target)
    assert all_of.lower < found[1].lower - 2  # as if all were independent


def test_validation_of_true_ratios():
    trials = drawn(n_speakers=60)
    own = validate(3 * trials.scores, trials)
    assert own.min_cllr <= own.cllr and own.cllr_cal == own.cllr - own.min_cllr
    assert own.cllr_low < own.cllr < own.cllr_high
    # a normal density of unit variance beyond the middle, 1.5 away
    assert own.eer == pytest.approx(0.0668, abs=0.02)
    assert own.misleading_nontargets == pytest.approx(0.0668, abs=0.01)
    assert own.n_target == 180 and own.n_nontarget == 60 * 59 * 3


def test_interval_of_the_cost_is_of_speakers():
    """With every trial many times over, the interval stays as wide."""
    trials = drawn(n_speakers=25, each=1)
    llrs, speakers = 3 * trials.scores, trials.speakers
    again = Speakers(np.tile(speakers.enrol, 9), np.tile(speakers.test, 9), 25)
    expected = cllr_interval(llrs, speakers, seed=0)
    assert cllr_interval(np.tile(llrs, 9), again, seed=0) == pytest.approx(expected)
    assert expected[1] - expected[0] > 0.03
