"""Miss and false-alarm rates at every threshold: what the metrics are made of.

Conventions
-----------
A higher score speaks for a target trial (the same speaker). A trial is accepted
when its score is at or above the threshold. Equal scores form one threshold;
accepting all and rejecting all are thresholds too. Rates are fractions in [0, 1].
"""

from bisect import bisect_left
from typing import NamedTuple

import numpy as np


class ErrorRates(NamedTuple):
    """Corners of the detection error trade-off, from accept all to reject all.

    Attributes
    ----------
    p_miss, p_fa : ndarray of shape (n_corners,)
        Miss rate (not falling) and false-alarm rate (not rising).
    """

    p_miss: np.ndarray
    p_fa: np.ndarray

    def trials_below(self, n_target: int, n_nontarget: int) -> np.ndarray:
        """Count the trials that are rejected at each corner: int, (n_corners,)."""
        missed, rejected = self.p_miss * n_target, (1 - self.p_fa) * n_nontarget
        return np.rint(missed + rejected).astype(int)


class Corners(NamedTuple):
    """Where the corners of the trade-off lie in the sorted scores.

    Between the scores of two targets the miss rate stands still, so the rates at
    the targets' L different scores, accepted and not, say all.

    Attributes
    ----------
    n_missed : ndarray of int, shape (L + 1,)
        Targets below each level; last, all targets.
    n_below, n_up_to : ndarray of int, shape (L,)
        Non-targets below each level, and below or at it.
    """

    n_missed: np.ndarray
    n_below: np.ndarray
    n_up_to: np.ndarray


def target_labels(labels: np.ndarray, start: int = 0) -> np.ndarray:
    """Return labels as booleans, and refuse what is no label.

    Parameters
    ----------
    labels : ndarray
        Booleans, or numbers 1 and 0.
    start : int
        Position of the first one, for the message.

    Raises
    ------
    ValueError
        A label is another one, such as NaN, 2 or text.

    Example
    -------
    >>> target_labels(np.array([1.0, 0.0])).tolist()
    [True, False]
    """
    labels = np.asarray(labels)
    if labels.dtype == bool:
        return labels
    is_target = labels == 1
    is_label = is_target | (labels == 0)
    if not np.all(is_label):
        place = int(np.argmin(is_label))
        raise ValueError(
            f"labels must be 1 (target) or 0: number {start + place} is "
            f"{labels.ravel()[place : place + 1].tolist()[0]!r}"
        )
    return np.asarray(is_target, dtype=bool)


def split_scores(
    scores: np.ndarray, is_target: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the scores of target and of non-target trials.

    Parameters
    ----------
    scores : ndarray of shape (n_trials,)
    is_target : ndarray of bool, shape (n_trials,)

    Raises
    ------
    ValueError
        Shapes differ, a score is not finite, a label is not 0 or 1, or a class is
        missing.
    """
    scores = np.asarray(scores)
    is_target = target_labels(is_target)
    if scores.shape != is_target.shape or scores.ndim != 1:
        raise ValueError(
            f"scores {scores.shape} and labels {is_target.shape} must be two vectors "
            "of equal length"
        )
    if not np.isfinite(scores).all():
        raise ValueError("scores must be finite: there are NaN or infinite ones")
    targets, nontargets = scores.compress(is_target), scores.compress(~is_target)
    if len(targets) == 0 or len(nontargets) == 0:
        kind = "target" if len(targets) == 0 else "nontarget"
        raise ValueError(f"no {kind} trials: error rates need both kinds")
    return targets, nontargets


def find_corners(targets: np.ndarray, nontargets: np.ndarray) -> Corners:
    """Find the corners of the trade-off.

    Parameters
    ----------
    targets, nontargets : ndarray
        Scores of each kind, sorted.
    """
    is_new = np.concatenate([[True], targets[1:] != targets[:-1]])
    n_missed = np.flatnonzero(np.concatenate([is_new, [True]]))
    level = targets[n_missed[:-1]]
    n_below = np.searchsorted(nontargets, level, side="left")
    n_up_to = n_below.copy()
    beside = nontargets[np.minimum(n_below, len(nontargets) - 1)]
    tied = np.flatnonzero(beside == level)
    n_up_to[tied] = np.searchsorted(nontargets, level[tied], side="right")
    return Corners(n_missed, n_below, n_up_to)


class Shares(NamedTuple):
    """How much of each kind the lowest scores make up.

    Attributes
    ----------
    missed, rejected : ndarray of shape (n_targets + 1,), (n_nontargets + 1,)
        Share of the targets, and of the non-targets, that the 0, 1, 2, ... lowest
        scores of the kind make up: from 0 to 1.
    """

    missed: np.ndarray
    rejected: np.ndarray


def equal_shares(n_targets: int, n_nontargets: int) -> Shares:
    """Return the shares of trials that all count alike.

    Example
    -------
    >>> equal_shares(2, 1).missed.tolist()
    [0.0, 0.5, 1.0]
    """
    return Shares(*(np.arange(n + 1) / n for n in (n_targets, n_nontargets)))


def cumulative_share(weights: np.ndarray) -> np.ndarray:
    """Return the share of the first 0, 1, 2, ... weights in their sum.

    Example
    -------
    >>> cumulative_share(np.array([1.0, 3.0])).tolist()
    [0.0, 0.25, 1.0]
    """
    total = np.zeros(len(weights) + 1)
    np.cumsum(weights, dtype=float, out=total[1:])
    return total / total[-1]


def rates_at_corners(corners: Corners, shares: Shares) -> ErrorRates:
    """Turn corners into rates."""
    p_miss = np.repeat(shares.missed[corners.n_missed], 2)
    p_fa = np.empty_like(p_miss)
    p_fa[0], p_fa[-1] = 1.0, 0.0
    p_fa[1:-1:2] = 1 - shares.rejected[corners.n_below]
    p_fa[2:-1:2] = 1 - shares.rejected[corners.n_up_to]
    return ErrorRates(p_miss, p_fa)


def error_rates(scores: np.ndarray, is_target: np.ndarray) -> ErrorRates:
    """Find the corners of the error trade-off in O(N log N).

    Parameters
    ----------
    scores : ndarray of shape (n_trials,)
    is_target : ndarray of bool, shape (n_trials,)

    Returns
    -------
    ErrorRates

    Raises
    ------
    ValueError
        See `split_scores`.

    Example
    -------
    >>> rates = error_rates(np.array([3.0, 1.0, 2.0]), np.array([True, True, False]))
    >>> rates.p_miss.tolist(), rates.p_fa.tolist()
    ([0.0, 0.0, 0.5, 0.5, 1.0, 1.0], [1.0, 1.0, 1.0, 0.0, 0.0, 0.0])
    """
    targets, nontargets = map(np.sort, split_scores(scores, is_target))
    corners = find_corners(targets, nontargets)
    return rates_at_corners(corners, equal_shares(len(targets), len(nontargets)))


def equal_rate(rates: ErrorRates) -> float:
    """Return the rate at which both errors are equal.

    The trade-off is linearly interpolated between its corners.
    """
    gap = rates.p_miss - rates.p_fa  # rises from -1 to 1
    after = int(np.argmax(gap >= 0))
    before = max(after - 1, 0)
    rise = gap[after] - gap[before]
    share = 0.0 if rise == 0 else -gap[before] / rise
    step = rates.p_miss[after] - rates.p_miss[before]
    return float(rates.p_miss[before] + share * step)


def nearest_threshold(
    targets: np.ndarray, nontargets: np.ndarray, shares: Shares
) -> float:
    """Return the score at which, as a threshold, both error rates are nearest.

    Of two that are as near, the one with fewer errors, or else the lower.

    Parameters
    ----------
    targets, nontargets : ndarray
        Scores of each kind, sorted.
    shares : Shares

    Example
    -------
    >>> targets, nontargets = np.array([0.0, 5, 5, 5]), np.zeros(4)
    >>> nearest_threshold(targets, nontargets, equal_shares(4, 4))
    5.0
    """

    def rates(threshold: float) -> tuple[float, float]:
        missed = shares.missed[np.searchsorted(targets, threshold)]
        return missed, 1 - shares.rejected[np.searchsorted(nontargets, threshold)]

    def gap(threshold: float) -> float:  # rises with the threshold
        p_miss, p_fa = rates(threshold)
        return p_miss - p_fa

    def preference(threshold: float) -> tuple[float, float, float]:
        p_miss, p_fa = rates(threshold)
        return round(abs(p_miss - p_fa), 12), round(p_miss + p_fa, 12), threshold

    candidates: list[float] = []
    for kind in (targets, nontargets):
        place = bisect_left(kind, 0.0, key=gap)
        candidates += kind[max(place - 1, 0) : place + 1].tolist()
    return min(candidates, key=preference)


def convex_hull(rates: ErrorRates) -> ErrorRates:
    """Return the lower convex hull of the trade-off (ROCCH).

    Its edges are the blocks that the pool-adjacent-violators algorithm finds for
    the posterior of a target: N. Bruemmer, "Measuring, refining and calibrating
    speaker and language information extracted from speech", PhD thesis,
    Stellenbosch (2010), section 6.3.

    Parameters
    ----------
    rates : ErrorRates

    Returns
    -------
    ErrorRates
        The corners of the hull, from accept all to reject all.
    """
    moves = np.diff(rates.p_miss) - np.diff(rates.p_fa) > 0
    corner = np.flatnonzero(np.concatenate([[True], moves]))
    while True:
        d_miss, d_alarm = np.diff(rates.p_miss[corner]), -np.diff(rates.p_fa[corner])
        posterior = d_miss / (d_miss + d_alarm)  # of a target, on each edge
        is_kept = np.concatenate([[True], np.diff(posterior) > 0, [True]])
        if is_kept.all():
            return ErrorRates(*(values[corner] for values in rates))
        corner = corner[is_kept]  # neighbours that violate the order are pooled
