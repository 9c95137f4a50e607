"""Decision thresholds, and the error rates at a threshold.

A trial is accepted when its score is at or above the threshold. Rates are fractions in
[0, 1]. See `utils.metrics.detection` for the conventions.
"""

import numpy as np

from utils.metrics.error_rates import equal_shares, nearest_threshold, split_scores


def threshold_at_eer(scores: np.ndarray, is_target: np.ndarray) -> float:
    """Score of a trial at which miss and false-alarm rate are equal, or nearest.

    See `utils.metrics.error_rates.nearest_threshold`.

    Parameters
    ----------
    scores : ndarray of shape (n_trials,)
    is_target : ndarray of bool, shape (n_trials,)

    Example
    -------
    >>> scores = np.array([0.9, 0.3, 0.8, 0.1, 0.4, -0.2])
    >>> is_target = np.array([True, True, True, False, False, False])
    >>> threshold_at_eer(scores, is_target)
    0.4
    """
    targets, nontargets = map(np.sort, split_scores(scores, is_target))
    shares = equal_shares(len(targets), len(nontargets))
    return nearest_threshold(targets, nontargets, shares)


def rates_at(
    scores: np.ndarray, is_target: np.ndarray, threshold: float
) -> tuple[float, float]:
    """Return miss rate (FRR) and false-alarm rate (FAR) at a threshold.

    Parameters
    ----------
    scores : ndarray of shape (n_trials,)
    is_target : ndarray of bool, shape (n_trials,)
    threshold : float
        Trials at or above it are accepted.

    Example
    -------
    >>> rates_at(np.array([1.0, 2.0]), np.array([True, False]), threshold=2.0)
    (1.0, 1.0)
    """
    targets, nontargets = split_scores(scores, is_target)
    return float(np.mean(targets < threshold)), float(np.mean(nontargets >= threshold))


def threshold_at_far(scores: np.ndarray, is_target: np.ndarray, far: float) -> float:
    """Return the lowest score that, as a threshold, keeps the FAR at or below ``far``.

    Parameters
    ----------
    scores : ndarray of shape (n_trials,)
    is_target : ndarray of bool, shape (n_trials,)
    far : float
        In [0, 1].

    Returns
    -------
    float
        A trial's score, which is accepted; just above all where none may be.

    Example
    -------
    >>> scores, is_target = np.array([1.0, 2.0, 3.0]), np.array([False, False, True])
    >>> threshold_at_far(scores, is_target, far=0.5)
    2.0
    """
    _check_rate(far)
    scores = np.asarray(scores)
    nontargets = np.sort(split_scores(scores, is_target)[1])
    n_accepted = _whole(far * len(nontargets))
    if n_accepted == len(nontargets):
        return float(scores.min())
    highest_rejected = nontargets[len(nontargets) - n_accepted - 1]
    accepted = scores[scores > highest_rejected]
    return float(accepted.min()) if len(accepted) else _above(highest_rejected)


def threshold_at_frr(scores: np.ndarray, is_target: np.ndarray, frr: float) -> float:
    """Return the highest threshold whose miss rate is at most ``frr``.

    Parameters
    ----------
    scores : ndarray of shape (n_trials,)
    is_target : ndarray of bool, shape (n_trials,)
    frr : float
        In [0, 1].

    Returns
    -------
    float
        A target's score; just above all scores for a rate of 1.

    Example
    -------
    >>> scores, is_target = np.array([1.0, 2.0, 3.0]), np.array([True, True, False])
    >>> threshold_at_frr(scores, is_target, frr=0.5)
    2.0
    """
    _check_rate(frr)
    targets = np.sort(split_scores(scores, is_target)[0])
    n_missed = _whole(frr * len(targets))
    if n_missed == len(targets):
        return _above(np.max(scores))
    return float(targets[n_missed])


def _above(score: np.floating) -> float:
    """Return the next higher number of the same precision."""
    return float(np.nextafter(score, np.inf))


def _whole(count: float) -> int:
    """Round down a count, but 0.29 * 100 to 29."""
    return int(count * (1 + 1e-12))


def _check_rate(rate: float) -> None:
    if not 0 <= rate <= 1:
        raise ValueError(f"a rate must lie in [0, 1], not {rate}")
