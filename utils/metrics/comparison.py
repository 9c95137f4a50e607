"""Two systems on the same trials: differences, their intervals and p-values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from utils.metrics.bootstrap import Resampling, bootstrap, flat_metrics
from utils.metrics.evaluation import evaluate
from utils.metrics.intervals import p_value

if TYPE_CHECKING:
    import pandas as pd

Pair = tuple[float, float]

_NO_ERROR = ("threshold_eer",)  # on a scale of each system's own


def compare_systems(
    scores: Sequence[np.ndarray],
    is_target: np.ndarray,
    p_targets: Sequence[str],
    resampling: Resampling,
) -> dict[str, dict]:
    """Compare two systems on the same trials and the same resamples of speakers.

    Parameters
    ----------
    scores : pair of ndarray of shape (n_trials,)
        System A and system B.
    is_target : ndarray of bool, shape (n_trials,)
    p_targets : sequence of str
        See `utils.metrics.evaluation.evaluate`.
    resampling : Resampling

    Returns
    -------
    dict of dict
        See `compare_samples`.
    """
    whole = [flat_metrics(evaluate(own, is_target, p_targets)) for own in scores]
    systems = [resampling.trials(own, is_target) for own in scores]
    samples = bootstrap(systems, p_targets, resampling.counts, resampling.nj)
    return compare_samples(whole, samples)


def compare_samples(
    whole: Sequence[dict], samples: Sequence[pd.DataFrame]
) -> dict[str, dict]:
    """Compare the metrics of two systems.

    Parameters
    ----------
    whole : pair of dict
        Metrics of each system on all trials, by name.
    samples : pair of DataFrame
        Metrics of each on the same resamples, a row each.

    Returns
    -------
    dict of dict
        For each metric ``a``, ``b``, ``difference`` (B minus A), ``ci`` (its 95 %
        interval) and ``p_value``.

    Example
    -------
    >>> import pandas as pd
    >>> samples = [pd.DataFrame({"eer": [0.2, 0.3]}), pd.DataFrame({"eer": [0.1, 0.2]})]
    >>> found = compare_samples([{"eer": 0.25}, {"eer": 0.15}], samples)["eer"]
    >>> round(found["difference"], 6), [round(end, 6) for end in found["ci"]]
    (-0.1, [-0.1, -0.1])
    """
    results = {}
    for name in samples[0]:
        if name in _NO_ERROR:
            continue
        differences = (samples[1][name] - samples[0][name]).to_numpy()
        low, high = np.quantile(differences, [0.025, 0.975])
        results[name] = {
            "a": whole[0][name],
            "b": whole[1][name],
            "difference": whole[1][name] - whole[0][name],
            "ci": [float(low), float(high)],
            "p_value": p_value(differences),
        }
    return results


def relative_gain(
    eers: Pair, samples: Sequence[pd.DataFrame]
) -> tuple[float, list[float]] | None:
    """Return the share of a baseline's errors that a system avoids.

    Parameters
    ----------
    eers : pair of float
        Equal error rates of the system and of the baseline.
    samples : pair of DataFrame
        What `utils.metrics.bootstrap.bootstrap` returned for each, on the same
        resamples; perhaps empty.

    Returns
    -------
    gain : float
        Below 0 where the system makes more errors.
    interval : list of float
        Its 95 % interval; empty without resamples.

    None where the baseline makes no errors.

    Example
    -------
    >>> import pandas as pd
    >>> samples = [pd.DataFrame({"eer": [0.1, 0.3]}), pd.DataFrame({"eer": [0.2, 0.4]})]
    >>> gain, interval = relative_gain((0.2, 0.4), samples)
    >>> gain, [round(end, 3) for end in interval]
    (0.5, [0.256, 0.494])
    """
    own, baseline = eers
    if not baseline:
        return None
    gain = 1 - own / baseline
    if samples[0].empty or samples[1].empty:
        return gain, []
    rates = [sample["eer"].to_numpy() for sample in samples]
    is_wrong = rates[1] > 0
    gains = 1 - rates[0][is_wrong] / rates[1][is_wrong]
    return gain, [float(end) for end in np.quantile(gains, [0.025, 0.975])]
