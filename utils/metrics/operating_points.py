"""Thresholds that are asked for, and the error rates at each."""

from collections.abc import Sequence

import numpy as np

from utils.metrics.thresholds import rates_at, threshold_at_far, threshold_at_frr


def operating_points(
    scores: np.ndarray,
    is_target: np.ndarray,
    thresholds: Sequence[float] = (),
    far: Sequence[float] = (),
    frr: Sequence[float] = (),
) -> list[dict]:
    """Return the error rates at thresholds, and at those of rates.

    Parameters
    ----------
    scores : ndarray of shape (n_trials,)
    is_target : ndarray of bool, shape (n_trials,)
    thresholds : sequence of float
    far, frr : sequence of float
        Highest false-alarm and miss rates, in [0, 1], whose thresholds to find.

    Returns
    -------
    list of dict
        ``at`` (what was asked for), ``threshold``, ``far`` and ``frr``.

    Example
    -------
    >>> scores, is_target = np.array([1.0, 2.0, 3.0]), np.array([False, False, True])
    >>> operating_points(scores, is_target, far=[0.5])
    [{'at': 'far 0.5', 'threshold': 2.0, 'far': 0.5, 'frr': 0.0}]
    """
    wanted = [("threshold", value, value) for value in thresholds]
    wanted += [("far", r, threshold_at_far(scores, is_target, r)) for r in far]
    wanted += [("frr", r, threshold_at_frr(scores, is_target, r)) for r in frr]
    points = []
    for name, value, threshold in wanted:
        p_miss, p_fa = rates_at(scores, is_target, threshold)
        point = {"threshold": float(threshold), "far": p_fa, "frr": p_miss}
        points.append({"at": f"{name} {value:g}"} | point)
    return points


def in_distances(results: dict) -> dict:
    """Give the thresholds in results of negated distances as distances.

    A trial is accepted at or below them.

    Parameters
    ----------
    results : dict
        Perhaps with dicts and lists of dicts inside.

    Example
    -------
    >>> in_distances({"threshold_eer": -0.5, "ci": {"threshold_eer": [-2, -1]}})
    {'threshold_eer': 0.5, 'ci': {'threshold_eer': [1, 2]}}
    """
    turned: dict = {}
    for name, value in results.items():
        if isinstance(value, dict):
            turned[name] = in_distances(value)
        elif name == "operating":
            turned[name] = [in_distances(point) for point in value]
        elif name in ("threshold", "threshold_eer"):
            is_pair = isinstance(value, list)
            turned[name] = [-end for end in value[::-1]] if is_pair else -value
        else:
            turned[name] = value
    if str(results.get("at", "")).startswith("threshold"):
        turned["at"] = f"threshold {turned['threshold']:g}"
    return turned
