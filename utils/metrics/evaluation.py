"""All metrics of a scored trial list at once."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from utils.metrics.costs import (
    OperatingPoint,
    Preset,
    equalising_weights,
    min_cost,
    parse_point,
)
from utils.metrics.detection import area_under
from utils.metrics.error_rates import (
    Corners,
    Shares,
    convex_hull,
    cumulative_share,
    equal_rate,
    equal_shares,
    find_corners,
    nearest_threshold,
    rates_at_corners,
    split_scores,
)
from utils.metrics.likelihood_ratios import bits, least_cross_entropy_curve


class SortedScores(NamedTuple):
    """Scores of a trial list, sorted once to be evaluated with many weights.

    Attributes
    ----------
    targets, nontargets : ndarray
        Sorted scores of each kind.
    corners : Corners
    target_bits, nontarget_bits : ndarray
        Bits that each score loses as a likelihood ratio.
    """

    targets: np.ndarray
    nontargets: np.ndarray
    corners: Corners
    target_bits: np.ndarray
    nontarget_bits: np.ndarray


def sorted_scores(targets: np.ndarray, nontargets: np.ndarray) -> SortedScores:
    """Prepare the sorted scores of each kind for evaluation."""
    corners = find_corners(targets, nontargets)
    return SortedScores(targets, nontargets, corners, bits(-targets), bits(nontargets))


def evaluate(
    scores: np.ndarray,
    is_target: np.ndarray,
    p_targets: Sequence[str],
    weights: np.ndarray | None = None,
) -> dict:
    """Compute all metrics.

    Parameters
    ----------
    scores : ndarray of shape (n_trials,)
        For ``act_dcf`` and ``cllr``, natural-log likelihood ratios.
    is_target : ndarray of bool, shape (n_trials,)
    p_targets : sequence of str
        Priors, or ``C_miss,C_fa,P_target``: the texts are the keys of the result.
    weights : ndarray of shape (n_trials,), optional
        How much each trial counts within its kind; all alike by default.

    Returns
    -------
    dict
        See `evaluate_sorted`; and ``n_target``, ``n_nontarget``.

    Raises
    ------
    ValueError
        See `utils.metrics.error_rates.split_scores`; or a prior out of range.

    Example
    -------
    >>> scores, is_target = np.array([3.0, 1.0, 2.0]), np.array([True, True, False])
    >>> evaluate(scores, is_target, ["0.5"])["min_dcf"]
    {'0.5': 0.5}
    """
    kinds = split_scores(scores, is_target)
    counts = len(kinds[0]), len(kinds[1])
    if weights is None:
        targets, nontargets = map(np.sort, kinds)
        shares = equal_shares(*counts)
    else:
        orders = [np.argsort(kind) for kind in kinds]
        targets, nontargets = (k[o] for k, o in zip(kinds, orders, strict=True))
        parts = zip(split_scores(weights, is_target), orders, strict=True)
        shares = Shares(*(cumulative_share(part[order]) for part, order in parts))
    metrics = evaluate_sorted(sorted_scores(targets, nontargets), shares, p_targets)
    return metrics | {"n_target": counts[0], "n_nontarget": counts[1]}


def primary_cost(
    scores: np.ndarray,
    is_target: np.ndarray,
    preset: Preset,
    partition: np.ndarray | None = None,
) -> dict[str, float]:
    """Compute the primary cost of an evaluation.

    Parameters
    ----------
    scores : ndarray of shape (n_trials,)
        Natural-log likelihood ratios, for the actual cost.
    is_target : ndarray of bool, shape (n_trials,)
    preset : Preset
        One of `utils.metrics.costs.PRESETS`.
    partition : ndarray of shape (n_trials,), optional
        Label of each trial's partition; all partitions then count alike.

    Returns
    -------
    dict
        ``min`` and ``act``: means over the operating points.

    Example
    -------
    >>> from utils.metrics.costs import PRESETS
    >>> scores, is_target = np.array([9.0, 0.0, -9.0]), np.array([True, True, False])
    >>> primary_cost(scores, is_target, PRESETS["voxsrc"])
    {'min': 0.0, 'act': 0.5}
    """
    weights = None if partition is None else equalising_weights(is_target, partition)
    metrics = evaluate(scores, is_target, preset.names, weights)
    return {
        kind: float(np.mean(list(metrics[f"{kind}_dcf"].values())))
        for kind in ("min", "act")
    }


def evaluate_sorted(
    scores: SortedScores, shares: Shares, p_targets: Sequence[str]
) -> dict:
    """Compute the metrics of sorted scores that count differently.

    Parameters
    ----------
    scores : SortedScores
    shares : Shares
    p_targets : sequence of str

    Returns
    -------
    dict
        ``eer``, ``eer_rocch``, ``min_dcf`` and ``act_dcf`` (by prior), ``cllr``,
        ``min_cllr``, ``auc``, ``threshold_eer``.
    """
    points = {text: parse_point(text) for text in p_targets}
    rates = rates_at_corners(scores.corners, shares)
    hull = convex_hull(rates)
    return {
        "eer": equal_rate(rates),
        "eer_rocch": equal_rate(hull),
        "min_dcf": {key: min_cost(rates, point) for key, point in points.items()},
        "act_dcf": {
            key: _act_cost(scores, shares, point) for key, point in points.items()
        },
        "cllr": _cllr(scores, shares),
        "min_cllr": float(least_cross_entropy_curve(hull, np.zeros(1))[0]),
        "auc": area_under(rates),
        "threshold_eer": nearest_threshold(scores.targets, scores.nontargets, shares),
    }


def _act_cost(scores: SortedScores, shares: Shares, point: OperatingPoint) -> float:
    missed = np.searchsorted(scores.targets, point.bayes_threshold)
    rejected = np.searchsorted(scores.nontargets, point.bayes_threshold)
    return float(point.cost(shares.missed[missed], 1 - shares.rejected[rejected]))


def _cllr(scores: SortedScores, shares: Shares) -> float:
    misses = scores.target_bits @ np.diff(shares.missed)
    alarms = scores.nontarget_bits @ np.diff(shares.rejected)
    return float((misses + alarms) / 2)
