"""How good the ratios of a case's system are, on speakers who are not the case's."""

from typing import NamedTuple

import numpy as np

from utils.forensic.comparing import CaseTrials
from utils.metrics.bootstrap import Speakers, draw_counts
from utils.metrics.detection import equal_error_rate
from utils.metrics.likelihood_ratios import bits, cllr, min_cllr
from utils.metrics.lr_validation import (
    Bounds,
    calibration_loss,
    dev_pav,
    elub,
    misleading_rates,
)

_DRAWS = 50  # of trials that depend on each other no more than they must


class Validation(NamedTuple):
    """Metrics of cross-validated ratios.

    Attributes
    ----------
    n_speakers, n_target, n_nontarget : int
    cllr, cllr_low, cllr_high : float
        In bits; the interval, 95 %, resamples speakers.
    min_cllr, cllr_cal : float
        What discrimination and what calibration lose.
    dev_pav : float
        In log10.
    eer : float
    misleading_targets, misleading_nontargets : float
        Shares of targets below 1, and of nontargets above 1.
    bounds : Bounds
        ELUB of independent trials, see `supported_bounds`.
    bounds_of_all : Bounds
        ELUB of all trials, as if they were independent.
    bounded_cllr : float
        That of the ratios within ``bounds``.
    beyond_targets, beyond_nontargets : float
        Shares of targets at the lower bound or below, of nontargets at the upper one
        or above: as misleading as it gets.
    """

    n_speakers: int
    n_target: int
    n_nontarget: int
    cllr: float
    cllr_low: float
    cllr_high: float
    min_cllr: float
    cllr_cal: float
    dev_pav: float
    eer: float
    misleading_targets: float
    misleading_nontargets: float
    bounds: Bounds
    bounds_of_all: Bounds
    bounded_cllr: float
    beyond_targets: float
    beyond_nontargets: float


def validate(llrs: np.ndarray, trials: CaseTrials, seed: int = 0) -> Validation:
    """Measure ratios (n_trials,) of a population's trials."""
    is_target, speakers = trials.is_target, trials.speakers
    low, high = cllr_interval(llrs, speakers, seed)
    bounds = supported_bounds(llrs, speakers, seed)
    misleading = misleading_rates(llrs, is_target)
    return Validation(
        n_speakers=speakers.n_speakers,
        n_target=int(is_target.sum()),
        n_nontarget=int((~is_target).sum()),
        cllr=cllr(llrs, is_target),
        cllr_low=low,
        cllr_high=high,
        min_cllr=min_cllr(llrs, is_target),
        cllr_cal=calibration_loss(llrs, is_target),
        dev_pav=dev_pav(llrs, is_target),
        eer=equal_error_rate(llrs, is_target),
        misleading_targets=misleading[0],
        misleading_nontargets=misleading[1],
        bounds=bounds,
        bounds_of_all=elub(llrs, is_target),
        bounded_cllr=cllr(bounds(llrs), is_target),
        beyond_targets=float(np.mean(llrs[is_target] <= bounds.lower)),
        beyond_nontargets=float(np.mean(llrs[~is_target] >= bounds.upper)),
    )


def supported_bounds(llrs: np.ndarray, speakers: Speakers, seed: int = 0) -> Bounds:
    """Return the bounds that independent trials support.

    `elub` counts trials, and those of the same speakers say the same again. So one
    target trial of each speaker and one nontarget trial of each pair of speakers are
    drawn, many times; the bounds are the medians of theirs.

    Parameters
    ----------
    llrs : ndarray of shape (n_trials,)
    speakers : Speakers
    seed : int

    Example
    -------
    >>> enrol, test = np.divmod(np.arange(400) % 100, 10)
    >>> llrs = np.where(enrol == test, 9.0, -9.0)  # four times the same
    >>> speakers = Speakers(enrol, test, 10)
    >>> bounds = supported_bounds(llrs, speakers)  # 10 speakers, 45 pairs of them
    >>> [round(float(np.exp(bound)), 2) for bound in bounds]
    [0.09, 41.69]
    """
    one = np.minimum(speakers.enrol, speakers.test).astype(np.int64)
    pair = one * speakers.n_speakers + np.maximum(speakers.enrol, speakers.test)
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(_DRAWS):
        order = rng.permutation(len(llrs))
        rows = order[np.unique(pair[order], return_index=True)[1]]
        found.append(elub(llrs[rows], speakers.are_same[rows]))
    return Bounds(*map(float, np.median(found, axis=0)))


def cllr_interval(
    llrs: np.ndarray, speakers: Speakers, seed: int, n_resamples: int = 400
) -> tuple[float, float]:
    """Return the 95 % interval of Cllr; speakers are resampled."""
    costs = bits(np.where(speakers.are_same, -llrs, llrs))
    size = speakers.n_speakers
    pair = speakers.enrol.astype(np.int64) * size + speakers.test
    totals = np.bincount(pair, costs, size**2).reshape(size, size)
    trials = np.bincount(pair, minlength=size**2).reshape(size, size)
    off = ~np.eye(size, dtype=bool)
    counts = draw_counts(size, n_resamples, seed).astype(float)  # (n, n_speakers)
    with np.errstate(invalid="ignore"):  # resamples without a pair
        of_targets = (counts @ np.diag(totals)) / (counts @ np.diag(trials))
        of_others = ((counts @ (totals * off)) * counts).sum(1) / (
            (counts @ (trials * off)) * counts
        ).sum(1)
    low, high = np.nanquantile((of_targets + of_others) / 2, [0.025, 0.975])
    return float(low), float(high)
