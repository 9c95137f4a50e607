"""Error rates of a detector that gives every trial a score.

Conventions
-----------
A higher score speaks for a target trial (the same speaker). A trial is accepted
when its score is at or above the threshold. Equal scores form one threshold;
accepting all and rejecting all are thresholds too. Rates are fractions in [0, 1].

Metrics
-------
`equal_error_rate`, `threshold_at_eer`, `min_dcf`, `act_dcf`; see also
`utils.calibration`, and `utils.evaluation` for all of them at once.
"""

from typing import NamedTuple

import numpy as np


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


def equal_error_point(rates: ErrorRates) -> tuple[float, float]:
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
    return equal_error_point(error_rates(scores, is_target))[0]


def threshold_at_eer(scores: np.ndarray, is_target: np.ndarray) -> float:
    """Score of a trial at which misses and false alarms are equal, or nearly so."""
    return equal_error_point(error_rates(scores, is_target))[1]


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
