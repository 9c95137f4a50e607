"""Error rates of a detector that gives every trial a score.

Conventions
-----------
A higher score speaks for a target trial (the same speaker). A trial is accepted
when its score is at or above the threshold. Equal scores form one threshold;
accepting all and rejecting all are thresholds too. Rates are fractions in [0, 1].

Metrics
-------
`equal_error_rate`, `equal_error_rate_rocch`, `min_dcf`, `act_dcf`, `auc` and
`partial_auc`. See also `utils.metrics.thresholds`, `utils.metrics.likelihood_ratios`,
`utils.metrics.identification` for ranks, `utils.metrics.intervals` and
`utils.metrics.evaluation` for all at once.
"""

import numpy as np

from utils.metrics.costs import OperatingPoint, min_cost
from utils.metrics.error_rates import ErrorRates, convex_hull, equal_rate, error_rates
from utils.metrics.thresholds import rates_at


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
        See `utils.metrics.error_rates.split_scores`.

    Example
    -------
    >>> equal_error_rate(np.array([2.0, 1.0]), np.array([True, False]))
    0.0
    >>> equal_error_rate(np.array([1.0, 1.0]), np.array([True, False]))
    0.5
    """
    return equal_rate(error_rates(scores, is_target))


def equal_error_rate_rocch(scores: np.ndarray, is_target: np.ndarray) -> float:
    """Equal error rate on the convex hull of the error trade-off.

    See `utils.metrics.error_rates.convex_hull`. Never above `equal_error_rate`.

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
    >>> scores = np.array([1.0, 2.0, 3.0, 4.0])
    >>> is_target = np.array([False, True, False, True])
    >>> equal_error_rate(scores, is_target)
    0.5
    >>> equal_error_rate_rocch(scores, is_target)
    0.25
    """
    return equal_rate(convex_hull(error_rates(scores, is_target)))


def min_dcf(
    scores: np.ndarray,
    is_target: np.ndarray,
    p_target: float,
    c_miss: float = 1.0,
    c_fa: float = 1.0,
) -> float:
    """Normalised detection cost at the best threshold.

    min over thresholds of (C_miss P_miss p + C_fa P_fa (1 - p)), divided by
    min(C_miss p, C_fa (1 - p)): see `utils.metrics.costs.OperatingPoint.cost`.

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
        See `utils.metrics.error_rates.split_scores`; or a prior or cost out of range.

    Example
    -------
    >>> scores, is_target = np.array([3.0, 1.0, 2.0]), np.array([True, True, False])
    >>> min_dcf(scores, is_target, p_target=0.5)
    0.5
    """
    point = OperatingPoint(p_target, c_miss, c_fa)
    return min_cost(error_rates(scores, is_target), point)


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
    point = OperatingPoint(p_target, c_miss, c_fa)
    return float(point.cost(*rates_at(llrs, is_target, point.bayes_threshold)))


def auc(scores: np.ndarray, is_target: np.ndarray) -> float:
    """Area under the ROC curve: how often a target scores above a non-target.

    Ties count half: D. Hand and R. Till, Machine Learning 45 (2001), equation 3.

    Parameters
    ----------
    scores : ndarray of shape (n_trials,)
    is_target : ndarray of bool, shape (n_trials,)

    Returns
    -------
    float
        In [0, 1]; 0.5 is chance.

    Example
    -------
    >>> auc(np.array([2.0, 1.0, 1.0]), np.array([True, True, False]))
    0.75
    """
    return area_under(error_rates(scores, is_target))


def partial_auc(scores: np.ndarray, is_target: np.ndarray, max_far: float) -> float:
    """Area under the ROC curve up to a false-alarm rate, divided by that rate.

    Parameters
    ----------
    scores : ndarray of shape (n_trials,)
    is_target : ndarray of bool, shape (n_trials,)
    max_far : float
        In (0, 1].

    Returns
    -------
    float
        In [0, 1]: the mean hit rate over the false-alarm rates up to ``max_far``.

    Example
    -------
    >>> scores, is_target = np.array([3.0, 1.0, 2.0]), np.array([True, True, False])
    >>> partial_auc(scores, is_target, max_far=0.1)
    0.5
    """
    if not 0 < max_far <= 1:
        raise ValueError(f"max_far must lie in (0, 1], not {max_far}")
    return area_under(error_rates(scores, is_target), max_far)


def area_under(rates: ErrorRates, max_far: float = 1.0) -> float:
    """Return the mean hit rate over the false-alarm rates up to ``max_far``."""
    p_fa, p_hit = rates.p_fa[::-1], 1 - rates.p_miss[::-1]  # both rise
    inside = p_fa <= max_far
    n_inside = int(np.count_nonzero(inside))
    if n_inside < len(p_fa):
        rise = (max_far - p_fa[n_inside - 1]) / (p_fa[n_inside] - p_fa[n_inside - 1])
        step = rise * (p_hit[n_inside] - p_hit[n_inside - 1])
        p_hit = np.append(p_hit[:n_inside], p_hit[n_inside - 1] + step)
        p_fa = np.append(p_fa[:n_inside], max_far)
    return float(np.trapezoid(p_hit, p_fa) / max_far)
