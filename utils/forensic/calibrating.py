"""Likelihood ratios of scores: learnt on a population, never on a trial's speakers."""

from typing import NamedTuple

import numpy as np

from utils.backend.calibration import PENALTY, LinearFusion, fit_fusion
from utils.forensic.comparing import CaseTrials
from utils.metrics.bootstrap import draw_counts

PRIOR = 0.5  # that the calibration is learnt for: the middle of the ratios
_FOLDS = 10
_N_RESAMPLES = 400  # as `lir` has it
_MOST, _MOST_RESAMPLED = 20_000, 4_000  # nontarget trials of a fit
_TAIL = 0.025


class Calibrated(NamedTuple):
    """Calibrations of a population's scores.

    Attributes
    ----------
    fusion : LinearFusion
        The one of all its speakers.
    resampled : ndarray of shape (n_resamples, 2)
        Weight and offset of each resample of the speakers.
    llrs : ndarray of shape (n_trials,)
        Those of the population's trials, by speakers who are in neither fold of theirs.
    """

    fusion: LinearFusion
    resampled: np.ndarray
    llrs: np.ndarray

    def interval(self, score: float) -> tuple[float, float, float]:
        """Return the natural-log ratio of a score, and the ends of its interval.

        The 95 % of the resamples in the middle; see `calibrate`.
        """
        llrs = self.resampled @ np.array([score, 1.0])
        low, high = np.quantile(llrs, [_TAIL, 1 - _TAIL])
        llr = float(self.fusion(np.array([[score]]))[0])
        return llr, min(float(low), llr), max(float(high), llr)


def calibrate(trials: CaseTrials, seed: int = 0) -> Calibrated:
    """Learn calibrations: of all, without each fold of speakers, and resampled.

    Logistic regression on the score: N. Bruemmer and J. du Preez, Computer Speech and
    Language 20 (2006); G. S. Morrison, "Tutorial on logistic-regression calibration and
    fusion", Australian Journal of Forensic Sciences 45 (2013). Speakers are resampled,
    not trials (`utils.metrics.bootstrap`).

    Parameters
    ----------
    trials : CaseTrials
    seed : int
        For folds and resamples.

    Raises
    ------
    ValueError
        See `utils.backend.calibration.fit_fusion`.
    """
    fusion = _fit(trials, np.ones(len(trials.scores), bool))
    return Calibrated(fusion, _resampled(trials, seed), cross_validated(trials, seed))


def cross_validated(trials: CaseTrials, seed: int) -> np.ndarray:
    """Return each trial's ratio by a calibration that has not met its speakers.

    Speakers are divided into ten folds; a trial of speakers of the folds a and b is
    calibrated on the speakers of the other folds.
    """
    speakers = trials.speakers
    n_folds = min(_FOLDS, speakers.n_speakers)
    order = np.random.default_rng(seed).permutation(speakers.n_speakers)
    fold = np.empty(speakers.n_speakers, int)
    fold[order] = np.arange(speakers.n_speakers) % n_folds
    one, other = fold[speakers.enrol], fold[speakers.test]
    llrs = np.empty(len(trials.scores))
    for a in range(n_folds):
        for b in range(a, n_folds):
            is_own = ((one == a) & (other == b)) | ((one == b) & (other == a))
            if not is_own.any():
                continue
            rest = ~np.isin(one, (a, b)) & ~np.isin(other, (a, b))
            llrs[is_own] = _fit(trials, rest)(trials.scores[is_own, None])
    return llrs


def _fit(trials: CaseTrials, kept: np.ndarray) -> LinearFusion:
    """Calibrate on some trials; of many nontarget ones, on every n-th."""
    rows = np.flatnonzero(kept)
    is_target = trials.is_target[rows]
    step = max(1, int((~is_target).sum()) // _MOST)
    rows = np.concatenate([rows[is_target], rows[~is_target][::step]])
    return fit_fusion(trials.scores[rows, None], trials.is_target[rows], PRIOR, PENALTY)


def _resampled(trials: CaseTrials, seed: int) -> np.ndarray:
    """Fit on resamples of the speakers: weights and offsets (n, 2).

    As `fit_fusion`, by Newton's method from its solution, with weighted trials.
    """
    speakers, is_target = trials.speakers, trials.is_target
    start = _fit(trials, np.ones(len(is_target), bool))
    step = max(1, int((~is_target).sum()) // _MOST_RESAMPLED)
    rows = np.concatenate(
        [np.flatnonzero(is_target), np.flatnonzero(~is_target)[::step]]
    )
    scores, is_target = trials.scores[rows], is_target[rows]
    enrol, test = speakers.enrol[rows], speakers.test[rows]
    centre, spread = scores.mean(), scores.std()
    weight = start.weights[0]
    first = np.array([weight * spread, start.offset + weight * centre])
    found = []
    for counts in draw_counts(speakers.n_speakers, _N_RESAMPLES, seed):
        weights = np.where(is_target, counts[enrol], counts[enrol] * counts[test])
        if not (weights[is_target].any() and weights[~is_target].any()):
            continue
        shares = np.where(is_target, weights / weights[is_target].sum(), 0)
        shares = np.where(is_target, shares, weights / weights[~is_target].sum()) / 2
        slope, offset = _newton((scores - centre) / spread, is_target, shares, first)
        found.append((slope / spread, offset - slope * centre / spread))
    return np.array(found)


def _newton(
    x: np.ndarray, is_target: np.ndarray, shares: np.ndarray, start: np.ndarray
) -> np.ndarray:
    """Minimise weighted cross-entropy of slope and offset, with the usual penalty."""
    design = np.column_stack([x, np.ones(len(x))])  # (n, 2)
    ridge = np.diag([PENALTY, 0.0])
    found = start.copy()
    for _ in range(25):
        p = 1 / (1 + np.exp(-np.clip(design @ found, -500, 500)))
        gradient = design.T @ (shares * (p - is_target)) + ridge @ found
        curvature = (design * (shares * p * (1 - p))[:, None]).T @ design + ridge
        change = np.linalg.solve(curvature + 1e-9 * np.eye(2), gradient)
        change *= min(1.0, 3.0 / max(np.abs(change).max(), 1e-12))
        found = found - change
        if np.abs(change).max() < 1e-6:
            break
    return found
