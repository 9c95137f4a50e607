"""Error rates of a detector that gives every trial a score.

Conventions
-----------
A higher score speaks for a target trial (the same speaker). A trial is accepted
when its score is at or above the threshold. Equal scores form one threshold;
accepting all and rejecting all are thresholds too. Rates are fractions in [0, 1].

Metrics
-------
`equal_error_rate`, `equal_error_rate_rocch`, `min_dcf`, `act_dcf`, `cllr`,
`min_cllr`, `threshold_at_eer`, and `evaluate` for all of them at once.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy.optimize import isotonic_regression
from scipy.special import logit


class ErrorRates(NamedTuple):
    """Corners of the detection error trade-off, from accept all to reject all.

    Attributes
    ----------
    threshold : ndarray of shape (n_corners,)
        Not falling. Of two corners at one score the first accepts it, the second
        does not.
    p_miss, p_fa : ndarray of shape (n_corners,)
        Miss rate (not falling) and false-alarm rate (not rising).
    """

    threshold: np.ndarray
    p_miss: np.ndarray
    p_fa: np.ndarray


def split_scores(
    scores: np.ndarray, is_target: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the sorted scores of target and of non-target trials.

    Parameters
    ----------
    scores : ndarray of shape (n_trials,)
    is_target : ndarray of bool, shape (n_trials,)

    Raises
    ------
    ValueError
        Shapes differ, a score is not finite, or a class is missing.
    """
    scores = np.asarray(scores)
    is_target = np.asarray(is_target, dtype=bool)
    if scores.shape != is_target.shape or scores.ndim != 1:
        raise ValueError(
            f"scores {scores.shape} and labels {is_target.shape} must be two vectors "
            "of equal length"
        )
    if not np.isfinite(scores).all():
        raise ValueError("scores must be finite: there are NaN or infinite ones")
    targets, nontargets = np.sort(scores[is_target]), np.sort(scores[~is_target])
    if len(targets) == 0 or len(nontargets) == 0:
        kind = "target" if len(targets) == 0 else "nontarget"
        raise ValueError(f"no {kind} trials: error rates need both kinds")
    return targets, nontargets


def error_rates(scores: np.ndarray, is_target: np.ndarray) -> ErrorRates:
    """Find the corners of the error trade-off in O(N log N).

    Between the scores of two targets the miss rate stands still, so the rates at
    the targets' scores, accepted and not, say all.

    Parameters
    ----------
    scores : ndarray of shape (n_trials,)
    is_target : ndarray of bool, shape (n_trials,)

    Returns
    -------
    ErrorRates

    Example
    -------
    >>> rates = error_rates(np.array([3.0, 1.0, 2.0]), np.array([True, True, False]))
    >>> rates.p_miss.tolist(), rates.p_fa.tolist()
    ([0.0, 0.0, 0.5, 0.5, 1.0, 1.0], [1.0, 1.0, 1.0, 0.0, 0.0, 0.0])
    """
    targets, nontargets = split_scores(scores, is_target)
    return _corners(targets, nontargets)


def _corners(targets: np.ndarray, nontargets: np.ndarray) -> ErrorRates:
    levels, counts = np.unique(targets, return_counts=True)
    n_missed = np.concatenate([[0], np.cumsum(counts)])
    n_below = np.searchsorted(nontargets, levels, side="left")
    n_up_to = np.searchsorted(nontargets, levels, side="right")
    n_rejected = np.column_stack([n_below, n_up_to]).ravel()
    p_miss = np.repeat(n_missed, 2)[1:-1] / len(targets)
    p_fa = 1 - n_rejected / len(nontargets)
    lowest = min(targets[0], nontargets[0])
    return ErrorRates(
        np.concatenate([[lowest], np.repeat(levels, 2), [np.inf]]),
        np.concatenate([[0.0], p_miss, [1.0]]),
        np.concatenate([[1.0], p_fa, [0.0]]),
    )


def _crossing(rates: ErrorRates) -> tuple[float, float]:
    """Return the rate and the threshold at which both errors are equal."""
    gap = rates.p_miss - rates.p_fa  # rises from -1 to 1
    after = int(np.argmax(gap >= 0))
    before = max(after - 1, 0)
    rise = gap[after] - gap[before]
    share = 0.0 if rise == 0 else -gap[before] / rise
    eer = rates.p_miss[before] + share * (rates.p_miss[after] - rates.p_miss[before])
    threshold = min(rates.threshold[after], rates.threshold[-2])  # not infinite
    return float(eer), float(threshold)


def equal_error_rate(scores: np.ndarray, is_target: np.ndarray) -> float:
    """Rate at which misses and false alarms are equal.

    The trade-off is linearly interpolated between its corners.

    Parameters
    ----------
    scores : ndarray of shape (n_trials,)
        Higher means more likely the same speaker; any scale.
    is_target : ndarray of bool, shape (n_trials,)
        True for target trials. Both kinds must occur.

    Returns
    -------
    float
        Fraction in [0, 1], not percent.

    Raises
    ------
    ValueError
        See `split_scores`.

    Example
    -------
    >>> equal_error_rate(np.array([2.0, 1.0]), np.array([True, False]))
    0.0
    >>> equal_error_rate(np.array([1.0, 1.0]), np.array([True, False]))
    0.5
    """
    return _crossing(error_rates(scores, is_target))[0]


def threshold_at_eer(scores: np.ndarray, is_target: np.ndarray) -> float:
    """Score of a trial at which misses and false alarms are equal, or nearly so."""
    return _crossing(error_rates(scores, is_target))[1]


def _norm_cost(p_target: float, c_miss: float, c_fa: float) -> float:
    """Cost of the better of accepting all and rejecting all."""
    if not 0 < p_target < 1:
        raise ValueError(f"p_target must lie between 0 and 1, not {p_target}")
    if c_miss <= 0 or c_fa <= 0:
        raise ValueError("costs must be above 0")
    return min(c_miss * p_target, c_fa * (1 - p_target))


def min_dcf(
    scores: np.ndarray,
    is_target: np.ndarray,
    p_target: float,
    c_miss: float = 1.0,
    c_fa: float = 1.0,
) -> float:
    """Normalised detection cost at the best threshold.

    min over thresholds of (C_miss P_miss p + C_fa P_fa (1 - p)), divided by
    min(C_miss p, C_fa (1 - p)), as in the NIST speaker recognition evaluation
    plans since 2008.

    Parameters
    ----------
    scores : ndarray of shape (n_trials,)
    is_target : ndarray of bool, shape (n_trials,)
    p_target : float
        Prior probability of a target trial, in (0, 1).
    c_miss, c_fa : float
        Costs of a miss and of a false alarm.

    Returns
    -------
    float
        In [0, 1].

    Raises
    ------
    ValueError
        See `split_scores`; or a prior or cost out of range.

    Example
    -------
    >>> scores, is_target = np.array([3.0, 1.0, 2.0]), np.array([True, True, False])
    >>> min_dcf(scores, is_target, p_target=0.5)
    0.5
    """
    norm = _norm_cost(p_target, c_miss, c_fa)
    _, p_miss, p_fa = error_rates(scores, is_target)
    costs = c_miss * p_target * p_miss + c_fa * (1 - p_target) * p_fa
    return float(costs.min() / norm)


def act_dcf(
    llrs: np.ndarray,
    is_target: np.ndarray,
    p_target: float,
    c_miss: float = 1.0,
    c_fa: float = 1.0,
) -> float:
    """Normalised detection cost at the Bayes threshold.

    The scores are taken for natural-log likelihood ratios, and a trial is accepted
    at or above ln(C_fa (1 - p) / (C_miss p)).

    Parameters
    ----------
    llrs : ndarray of shape (n_trials,)
    is_target : ndarray of bool, shape (n_trials,)
    p_target, c_miss, c_fa : float
        See `min_dcf`.

    Returns
    -------
    float
        Not below `min_dcf`; above 1 where the scores mislead.

    Example
    -------
    >>> act_dcf(np.array([5.0, -5.0]), np.array([True, False]), p_target=0.5)
    0.0
    """
    norm = _norm_cost(p_target, c_miss, c_fa)
    targets, nontargets = split_scores(llrs, is_target)
    threshold = np.log(c_fa * (1 - p_target) / (c_miss * p_target))
    p_miss = np.mean(targets < threshold)
    p_fa = np.mean(nontargets >= threshold)
    cost = c_miss * p_target * p_miss + c_fa * (1 - p_target) * p_fa
    return float(cost / norm)


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
    return _crossing(ErrorRates(np.zeros_like(p_miss), p_miss, p_fa))[0]


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


def evaluate(
    scores: np.ndarray, is_target: np.ndarray, p_targets: Sequence[str]
) -> dict:
    """Compute all metrics.

    Parameters
    ----------
    scores : ndarray of shape (n_trials,)
        For ``act_dcf`` and ``cllr``, natural-log likelihood ratios.
    is_target : ndarray of bool, shape (n_trials,)
    p_targets : sequence of str
        Priors, as text: they are the keys of the result.

    Returns
    -------
    dict
        ``eer``, ``eer_rocch``, ``min_dcf`` and ``act_dcf`` (by prior), ``cllr``,
        ``min_cllr``, ``threshold_eer``, ``n_target``, ``n_nontarget``.
    """
    n_target = int(np.sum(is_target))
    return {
        "eer": equal_error_rate(scores, is_target),
        "eer_rocch": equal_error_rate_rocch(scores, is_target),
        "min_dcf": {p: min_dcf(scores, is_target, float(p)) for p in p_targets},
        "act_dcf": {p: act_dcf(scores, is_target, float(p)) for p in p_targets},
        "cllr": cllr(scores, is_target),
        "min_cllr": min_cllr(scores, is_target),
        "threshold_eer": threshold_at_eer(scores, is_target),
        "n_target": n_target,
        "n_nontarget": len(scores) - n_target,
    }
