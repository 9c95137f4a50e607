"""What resamples say: intervals, a band around a curve, and p-values."""

import numpy as np
import pandas as pd

from utils.metrics.bootstrap import ScoredTrials
from utils.metrics.error_rates import rates_at_corners


def intervals(samples: pd.DataFrame, level: float = 0.95) -> dict:
    """Return the percentile interval of every metric.

    B. Efron and R. Tibshirani, "An Introduction to the Bootstrap" (1993), chapter 13.

    Parameters
    ----------
    samples : DataFrame
        What `bootstrap` returned for a system.
    level : float

    Returns
    -------
    dict
        Pairs ``[low, high]`` by metric; of the costs, by metric and prior.

    Example
    -------
    >>> samples = pd.DataFrame({"eer": range(101), "min_dcf 0.01": range(101)})
    >>> intervals(samples, level=0.5)
    {'eer': [25.0, 75.0], 'min_dcf': {'0.01': [25.0, 75.0]}}
    """
    tail = (1 - level) / 2
    limits: dict = {}
    for name, values in samples.items():
        metric, _, prior = name.partition(" ")
        low, high = np.quantile(values, [tail, 1 - tail])
        pair = [float(low), float(high)]
        if prior:
            limits.setdefault(metric, {})[prior] = pair
        else:
            limits[metric] = pair
    return limits


def det_band(
    system: ScoredTrials, counts: np.ndarray, n_points: int = 60, level: float = 0.95
) -> np.ndarray:
    """Return a pointwise confidence band of the error trade-off.

    Parameters
    ----------
    system : ScoredTrials
    counts : ndarray of shape (n_resamples, n_speakers)
    n_points : int
    level : float

    Returns
    -------
    ndarray of shape (3, n_points)
        False-alarm rates, and the limits of the miss rate at each.
    """
    from scipy.stats import norm

    p_fa = norm.cdf(np.linspace(norm.ppf(5e-4), norm.ppf(0.7), n_points))
    misses = []
    for row in counts:
        shares = system.shares(row)
        if shares is not None:
            rates = rates_at_corners(system.scores.corners, shares)
            misses.append(np.interp(p_fa, rates.p_fa[::-1], rates.p_miss[::-1]))
    tail = (1 - level) / 2
    return np.vstack([p_fa, np.quantile(misses, [tail, 1 - tail], axis=0)])


def p_value(differences: np.ndarray) -> float:
    """Return the two-sided p-value of a difference being 0.

    Twice the smaller share of resamples on either side of 0, both counted with one
    more, so that it is never 0: A. Davison and D. Hinkley, "Bootstrap Methods and
    Their Application" (1997), section 4.2.

    Example
    -------
    >>> p_value(np.ones(99))
    0.02
    """
    n = len(differences) + 1
    smaller = min(np.sum(differences <= 0) + 1, np.sum(differences >= 0) + 1)
    return float(min(1.0, 2 * smaller / n))
