"""How well scores are calibrated as log-likelihood ratios: Cllr, PAV, ROCCH."""

import numpy as np
from scipy.optimize import isotonic_regression
from scipy.special import logit

from utils.metrics import ErrorRates, equal_error_point, split_scores


def cllr(llrs: np.ndarray, is_target: np.ndarray) -> float:
    """Cost of log-likelihood ratios, over all operating points.

    [mean log2(1 + exp(-llr)) of targets + mean log2(1 + exp(llr)) of non-targets]
    / 2: N. Bruemmer and J. du Preez, "Application-independent evaluation of speaker
    detection", Computer Speech and Language 20 (2006).

    Parameters
    ----------
    llrs : ndarray of shape (n_trials,)
        Natural-log likelihood ratios.
    is_target : ndarray of bool, shape (n_trials,)

    Returns
    -------
    float
        In bits; 1 for scores that say nothing.

    Example
    -------
    >>> cllr(np.array([0.0, 0.0]), np.array([True, False]))
    1.0
    """
    return _cllr(*split_scores(llrs, is_target))


def _cllr(targets: np.ndarray, nontargets: np.ndarray) -> float:
    misses = np.mean(np.logaddexp(0, -targets))
    alarms = np.mean(np.logaddexp(0, nontargets))
    return float((misses + alarms) / (2 * np.log(2)))


def min_cllr(scores: np.ndarray, is_target: np.ndarray) -> float:
    """Cost of log-likelihood ratios after the best monotone calibration (PAV).

    Parameters
    ----------
    scores : ndarray of shape (n_trials,)
        Any scale.
    is_target : ndarray of bool, shape (n_trials,)

    Returns
    -------
    float
        In [0, 1], not above `cllr`.

    Example
    -------
    >>> min_cllr(np.array([2.0, 1.0]), np.array([True, False]))
    0.0
    """
    posterior, n_targets, n_nontargets = _pool_adjacent_violators(scores, is_target)
    prior = n_targets.sum() / (n_targets.sum() + n_nontargets.sum())
    with np.errstate(divide="ignore"):
        llrs = logit(posterior) - logit(prior)
    has_target, has_nontarget = n_targets > 0, n_nontargets > 0
    misses = np.average(
        np.logaddexp(0, -llrs[has_target]), weights=n_targets[has_target]
    )
    alarms = np.average(
        np.logaddexp(0, llrs[has_nontarget]), weights=n_nontargets[has_nontarget]
    )
    return float((misses + alarms) / (2 * np.log(2)))


def equal_error_rate_rocch(scores: np.ndarray, is_target: np.ndarray) -> float:
    """Equal error rate on the convex hull of the error trade-off.

    The hull's corners are the blocks of PAV: N. Bruemmer, "Measuring, refining and
    calibrating speaker and language information extracted from speech", PhD thesis,
    Stellenbosch (2010). Never above `equal_error_rate`.

    Parameters
    ----------
    scores : ndarray of shape (n_trials,)
    is_target : ndarray of bool, shape (n_trials,)

    Returns
    -------
    float
        Fraction in [0, 1].

    Example
    -------
    >>> equal_error_rate_rocch(np.array([2.0, 1.0]), np.array([True, False]))
    0.0
    """
    posterior, n_targets, n_nontargets = _pool_adjacent_violators(scores, is_target)
    _, block = np.unique(posterior, return_inverse=True)
    missed = np.cumsum(np.bincount(block, weights=n_targets))
    rejected = np.cumsum(np.bincount(block, weights=n_nontargets))
    p_miss = np.concatenate([[0.0], missed / missed[-1]])
    p_fa = 1 - np.concatenate([[0.0], rejected / rejected[-1]])
    return equal_error_point(ErrorRates(np.zeros_like(p_miss), p_miss, p_fa))[0]


def _pool_adjacent_violators(
    scores: np.ndarray, is_target: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return for each different score: posterior, number of targets, non-targets."""
    targets, nontargets = split_scores(scores, is_target)
    levels = np.unique(np.concatenate([targets, nontargets]))
    n_targets = np.bincount(np.searchsorted(levels, targets), minlength=len(levels))
    n_all = n_targets + np.bincount(
        np.searchsorted(levels, nontargets), minlength=len(levels)
    )
    fit = isotonic_regression(n_targets / n_all, weights=n_all.astype(float))
    return fit.x, n_targets, n_all - n_targets
