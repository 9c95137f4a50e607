"""How well scores are calibrated as natural-log likelihood ratios.

Metrics
-------
`cllr`, `min_cllr`; over all priors `bayes_error_curve`, `cross_entropy_curve` and
the least values that monotone maps of the scores can give them,
`least_bayes_error_curve` and `least_cross_entropy_curve`.
"""

import numpy as np

from utils.metrics.error_rates import (
    ErrorRates,
    convex_hull,
    error_rates,
    split_scores,
    target_labels,
)


def split_llrs(
    llrs: np.ndarray, is_target: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the ratios of target and of non-target trials; they may be infinite.

    Raises
    ------
    ValueError
        A ratio is NaN; or see `utils.metrics.error_rates.split_scores`.

    Example
    -------
    >>> targets, nontargets = split_llrs(np.array([np.inf, 0.0]), np.array([1, 0]))
    >>> targets.tolist(), nontargets.tolist()
    ([inf], [0.0])
    """
    llrs, is_target = np.asarray(llrs, dtype=np.float64), target_labels(is_target)
    split_scores(_ranks(llrs), is_target)
    return llrs[is_target], llrs[~is_target]


def _ranks(llrs: np.ndarray) -> np.ndarray:
    """Replace ratios by finite numbers of their order, with their ties."""
    if np.isnan(llrs).any():
        raise ValueError("ratios must be numbers: there are NaN")
    return np.unique(llrs, return_inverse=True)[1].reshape(llrs.shape).astype(float)


def llr_hull(llrs: np.ndarray, is_target: np.ndarray) -> ErrorRates:
    """Return the convex hull of the error trade-off of ratios, infinite ones as well.

    Raises
    ------
    ValueError
        See `split_llrs`.
    """
    ranks = _ranks(np.asarray(llrs, dtype=np.float64))
    return convex_hull(error_rates(ranks, is_target))


def cllr(llrs: np.ndarray, is_target: np.ndarray) -> float:
    """Cost of log-likelihood ratios, over all operating points.

    [mean log2(1 + exp(-llr)) of targets + mean log2(1 + exp(llr)) of non-targets]
    / 2: N. Bruemmer and J. du Preez, "Application-independent evaluation of speaker
    detection", Computer Speech and Language 20 (2006).

    Parameters
    ----------
    llrs : ndarray of shape (n_trials,)
        Natural-log likelihood ratios; infinite ones as well.
    is_target : ndarray of bool, shape (n_trials,)

    Returns
    -------
    float
        In bits; 1 for scores that say nothing, infinite where an infinite ratio is
        misleading.

    Example
    -------
    >>> cllr(np.array([0.0, 0.0]), np.array([True, False]))
    1.0
    """
    targets, nontargets = split_llrs(llrs, is_target)
    return float((bits(-targets).mean() + bits(nontargets).mean()) / 2)


def bits(x: np.ndarray) -> np.ndarray:
    """Return log2(1 + exp(x)) without overflow.

    Example
    -------
    >>> bits(np.array([0.0, -1e9])).tolist()
    [1.0, 0.0]
    """
    return np.logaddexp(0, x) / np.log(2)


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
    hull = llr_hull(scores, is_target)
    return float(least_cross_entropy_curve(hull, np.zeros(1))[0])


def probability(log_odds: np.ndarray) -> np.ndarray:
    """Return the probability of natural-log odds: 1 / (1 + exp(-log_odds)).

    Example
    -------
    >>> probability(np.array([-1000.0, 0.0])).tolist()
    [0.0, 0.5]
    """
    return np.exp(-np.logaddexp(0, -log_odds))


def bayes_error_curve(
    llrs: np.ndarray, is_target: np.ndarray, log_odds: np.ndarray
) -> np.ndarray:
    """Normalised Bayes error at many priors: the actDCF of an APE plot.

    Parameters
    ----------
    llrs : ndarray of shape (n_trials,)
        Natural-log likelihood ratios.
    is_target : ndarray of bool, shape (n_trials,)
    log_odds : ndarray of shape (n_priors,)
        Natural-log odds of a target trial.

    Returns
    -------
    ndarray of shape (n_priors,)
        Cost of decisions at the Bayes threshold, divided by that of the better
        constant decision; 1 for a detector that says nothing.

    Example
    -------
    >>> llrs, is_target = np.array([2.0, -2.0]), np.array([True, False])
    >>> bayes_error_curve(llrs, is_target, np.array([-3.0, 0.0])).tolist()
    [1.0, 0.0]
    """
    targets, nontargets = map(np.sort, split_llrs(llrs, is_target))
    p_miss = np.searchsorted(targets, -log_odds) / len(targets)
    p_fa = 1 - np.searchsorted(nontargets, -log_odds) / len(nontargets)
    prior = probability(log_odds)
    return (prior * p_miss + (1 - prior) * p_fa) / np.minimum(prior, 1 - prior)


def cross_entropy_curve(
    llrs: np.ndarray, is_target: np.ndarray, log_odds: np.ndarray
) -> np.ndarray:
    """Empirical cross-entropy of the posteriors at many priors.

    D. Ramos and J. Gonzalez-Rodriguez, "Reliable support: measuring calibration of
    likelihood ratios", Forensic Science International 230 (2013).

    Parameters
    ----------
    llrs, is_target, log_odds
        See `bayes_error_curve`.

    Returns
    -------
    ndarray of shape (n_priors,)
        In bits; at equal priors it is `cllr`.

    Example
    -------
    >>> llrs, is_target = np.array([2.0, -1.0]), np.array([True, False])
    >>> curve = cross_entropy_curve(llrs, is_target, np.array([0.0]))
    >>> bool(np.isclose(curve[0], cllr(llrs, is_target)))
    True
    """
    targets, nontargets = split_llrs(llrs, is_target)
    misses = np.array([bits(-targets - odds).mean() for odds in log_odds])
    alarms = np.array([bits(nontargets + odds).mean() for odds in log_odds])
    prior = probability(log_odds)
    return prior * misses + (1 - prior) * alarms


def least_bayes_error_curve(rates: ErrorRates, log_odds: np.ndarray) -> np.ndarray:
    """Normalised Bayes error at the best thresholds: the minDCF of an APE plot.

    Parameters
    ----------
    rates : ErrorRates
        The trade-off, or its convex hull.
    log_odds : ndarray of shape (n_priors,)

    Returns
    -------
    ndarray of shape (n_priors,)
        Each in [0, 1].
    """
    prior = probability(log_odds)[:, None]
    costs = prior * rates.p_miss + (1 - prior) * rates.p_fa  # (n_priors, n_corners)
    return costs.min(axis=1) / np.minimum(prior, 1 - prior)[:, 0]


def least_cross_entropy_curve(hull: ErrorRates, log_odds: np.ndarray) -> np.ndarray:
    """Empirical cross-entropy after the best monotone calibration (PAV).

    Scores on one edge of the hull share a likelihood ratio: the edge's slope.

    Parameters
    ----------
    hull : ErrorRates
        What `utils.metrics.error_rates.convex_hull` returns.
    log_odds : ndarray of shape (n_priors,)

    Returns
    -------
    ndarray of shape (n_priors,)
        In bits.
    """
    d_miss, d_alarm = np.diff(hull.p_miss), -np.diff(hull.p_fa)
    with np.errstate(divide="ignore"):
        llrs = np.log(d_miss) - np.log(d_alarm)
    has_miss, has_alarm = d_miss > 0, d_alarm > 0
    odds = log_odds[:, None]
    misses = bits(-llrs[has_miss] - odds) @ d_miss[has_miss]
    alarms = bits(llrs[has_alarm] + odds) @ d_alarm[has_alarm]
    prior = probability(log_odds)
    return prior * misses + (1 - prior) * alarms
