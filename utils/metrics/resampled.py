"""Metrics of a trial list and of its parts, with intervals where speakers are known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from utils.metrics.bootstrap import Resampling, bootstrap, primary_cost_samples
from utils.metrics.costs import Preset
from utils.metrics.evaluation import evaluate, primary_cost
from utils.metrics.intervals import intervals
from utils.metrics.slices import fairness
from utils.metrics.thresholds import threshold_at_eer

if TYPE_CHECKING:
    import pandas as pd


def evaluate_resampled(
    scores: np.ndarray,
    is_target: np.ndarray,
    p_targets: Sequence[str],
    resampling: Resampling | None = None,
) -> dict:
    """Compute all metrics, with 95 % intervals if there are resamples.

    Parameters
    ----------
    scores : ndarray of shape (n_trials,)
    is_target : ndarray of bool, shape (n_trials,)
    p_targets : sequence of str
        See `utils.metrics.evaluation.evaluate`.
    resampling : Resampling, optional

    Returns
    -------
    dict
        What `evaluate` returns, perhaps with ``ci`` and ``n_speakers``; the numbers
        of trials alone where they are of one kind.

    Example
    -------
    >>> evaluate_resampled(np.array([1.0, 2.0]), np.array([True, True]), ["0.01"])
    {'n_target': 2, 'n_nontarget': 0}
    """
    n_target = int(np.count_nonzero(is_target))
    if n_target in (0, len(scores)):
        return {"n_target": n_target, "n_nontarget": len(scores) - n_target}
    return evaluate_with_samples(scores, is_target, p_targets, resampling)[0]


def evaluate_with_samples(
    scores: np.ndarray,
    is_target: np.ndarray,
    p_targets: Sequence[str],
    resampling: Resampling | None = None,
) -> tuple[dict, pd.DataFrame]:
    """Compute all metrics, and those of every resample.

    Parameters
    ----------
    scores, is_target, p_targets, resampling
        See `evaluate_resampled`; there are trials of both kinds.

    Returns
    -------
    results : dict
        See `evaluate_resampled`.
    samples : DataFrame
        See `utils.metrics.bootstrap.bootstrap`; empty without resamples.
    """
    import pandas as pd

    results = evaluate(scores, is_target, p_targets)
    if resampling is None:
        return results, pd.DataFrame()
    system = resampling.trials(scores, is_target)
    samples = bootstrap([system], p_targets, resampling.counts, resampling.nj)[0]
    results["ci"] = intervals(samples)
    enrol, test, _ = resampling.speakers
    results["n_speakers"] = len(np.union1d(enrol, test))
    return results, samples


def evaluate_slices(
    scores: np.ndarray,
    is_target: np.ndarray,
    labels: pd.Series,
    p_targets: Sequence[str],
    resampling: Resampling | None = None,
) -> dict:
    """Evaluate every slice, and compare them at the threshold of the whole list.

    Parameters
    ----------
    scores, is_target, p_targets, resampling
        See `evaluate_resampled`.
    labels : Series of category, shape (n_trials,)
        What `utils.metrics.slices.slice_trials` returned.

    Returns
    -------
    dict
        ``parts`` (metrics by slice), ``threshold`` and ``fairness``.
    """
    parts = {}
    for label in labels.cat.categories:
        inside = (labels == label).to_numpy()
        own = None if resampling is None else resampling.take(inside)
        parts[str(label)] = evaluate_resampled(
            scores[inside], is_target[inside], p_targets, own
        )
    threshold = threshold_at_eer(scores, is_target)
    compared = fairness(scores, is_target, labels, threshold)
    return {"parts": parts, "threshold": threshold, "fairness": compared}


def primary_costs(
    scores: np.ndarray,
    is_target: np.ndarray,
    presets: Mapping[str, Preset],
    partition: np.ndarray | None = None,
    resampling: Resampling | None = None,
) -> dict[str, dict]:
    """Compute primary costs, with 95 % intervals if there are resamples.

    Parameters
    ----------
    scores, is_target, partition
        See `utils.metrics.evaluation.primary_cost`.
    presets : dict of Preset
        By the name for the result.
    resampling : Resampling, optional

    Returns
    -------
    dict of dict
        ``min``, ``act`` and perhaps ``ci``, by name.
    """
    costs: dict[str, dict] = {
        name: dict(primary_cost(scores, is_target, preset, partition))
        for name, preset in presets.items()
    }
    if resampling is not None:
        points = sorted({name for preset in presets.values() for name in preset.names})
        system = resampling.trials(scores, is_target, partition)
        samples = bootstrap([system], points, resampling.counts, resampling.nj)[0]
        for name, preset in presets.items():
            costs[name]["ci"] = intervals(primary_cost_samples(samples, preset))
    return costs
