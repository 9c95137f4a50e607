"""How good likelihood ratios are as evidence: calibration, bounds, misleading ones.

Conventions
-----------
Ratios are natural logarithms; an infinite one counts as such. A target trial is of one
person: the first proposition. Numbers are those of `lir` (Netherlands Forensic
Institute), whose ratios are logarithms to base 10.

Metrics
-------
`calibration_loss`; `pav_llrs` and `dev_pav`; `elub`, the bounds beyond which data do
not support a ratio; `tippett`; `misleading_rates`. Cllr and the empirical cross-entropy
are in `utils.metrics.likelihood_ratios`.
"""

from typing import NamedTuple

import numpy as np

from utils.metrics.error_rates import target_labels
from utils.metrics.likelihood_ratios import cllr, llr_hull, min_cllr, split_llrs

LN_10 = float(np.log(10.0))
_STEP = 0.01  # of the bounds, in log10
_EXTREME = 9.0  # in log10: what is farther counts as this far for the bounds


class Bounds(NamedTuple):
    """The interval of ratios that data support.

    Attributes
    ----------
    lower, upper : float
        Natural logarithms, not above and not below 0.
    """

    lower: float
    upper: float

    def __call__(self, llrs: np.ndarray) -> np.ndarray:
        """Bring ratios (n,) into the interval.

        Example
        -------
        >>> Bounds(-1.0, 2.0)(np.array([-5.0, 1.0, 5.0])).tolist()
        [-1.0, 1.0, 2.0]
        """
        return np.clip(llrs, self.lower, self.upper)


class Tippett(NamedTuple):
    """Shares of ratios at or above levels.

    Attributes
    ----------
    levels : ndarray of shape (n_levels,)
        Natural logarithms.
    targets, nontargets : ndarray of shape (n_levels,)
        Share of each kind at or above a level.
    """

    levels: np.ndarray
    targets: np.ndarray
    nontargets: np.ndarray


def calibration_loss(llrs: np.ndarray, is_target: np.ndarray) -> float:
    """Return Cllr_cal, what calibration loses: Cllr less the least Cllr.

    N. Bruemmer and J. du Preez, "Application-independent evaluation of speaker
    detection", Computer Speech and Language 20 (2006).

    Example
    -------
    >>> calibration_loss(np.array([0.0, 0.0]), np.array([True, False]))
    0.0
    """
    return cllr(llrs, is_target) - min_cllr(llrs, is_target)


def pav_llrs(llrs: np.ndarray, is_target: np.ndarray) -> np.ndarray:
    """Return the ratios of the best monotone calibration (pool adjacent violators).

    Parameters
    ----------
    llrs : ndarray of shape (n_trials,)
        Natural-log likelihood ratios.
    is_target : ndarray of bool, shape (n_trials,)

    Returns
    -------
    ndarray of shape (n_trials,)
        Infinite where trials of one kind alone lie beyond all of the other.

    Example
    -------
    >>> pav_llrs(np.array([1.0, 2.0, 3.0]), np.array([False, True, False])).tolist()
    [-inf, 0.6931471805599453, 0.6931471805599453]
    """
    hull = llr_hull(llrs, is_target)
    d_miss, d_alarm = np.diff(hull.p_miss), -np.diff(hull.p_fa)  # (n_steps,)
    with np.errstate(divide="ignore"):
        steps = np.log(d_miss) - np.log(d_alarm)
    is_target = target_labels(is_target)
    n_target = int(is_target.sum())
    below = hull.trials_below(n_target, len(is_target) - n_target)
    counts = np.diff(below)  # trials on each step
    order = np.argsort(llrs, kind="stable")
    found = np.empty(len(order))
    found[order] = np.repeat(steps, counts)
    return found


def dev_pav(llrs: np.ndarray, is_target: np.ndarray) -> float:
    """Return how far ratios lie from their best monotone calibration, in log10.

    The mean distance of the curve of `pav_llrs`, joined by straight lines, from the
    identity, over the range in which it is finite: P. Vergeer, Y. van Schaik
    and M. Sjerps, "Measuring calibration of likelihood-ratio systems: a comparison of
    four metrics, including a new metric devPAV", Forensic Science International 321
    (2021).

    Parameters
    ----------
    llrs, is_target
        See `pav_llrs`.

    Returns
    -------
    float
        0 for perfect calibration; infinite where an infinite ratio has a finite one
        after calibration; NaN where the kinds do not overlap.

    Example
    -------
    >>> labels = np.array([True, True, False, False])
    >>> round(dev_pav(np.array([1.0, -1.0, 1.0, -1.0]), labels) * LN_10, 6)
    0.5
    >>> dev_pav(np.array([2.0, 1.0, -1.0, -2.0]), labels)
    nan
    """
    values = np.unique(np.stack([llrs, pav_llrs(llrs, is_target)]), axis=1)
    x, y = values[:, np.isfinite(values[1])] / LN_10
    if len(x) == 0:
        return float("nan")
    if not np.isfinite(x).all():
        return float("inf")
    away = y - x
    if len(x) == 1:
        return float(abs(away[0]))
    left, right, width = away[:-1], away[1:], np.diff(x)
    total = np.abs(left) + np.abs(right)
    # a line that crosses the identity leaves two triangles, else a trapezium
    crossed = (left**2 + right**2) / np.where(total > 0, total, 1)
    heights = np.where(left * right < 0, crossed, total) / 2
    return float(heights @ width / width.sum())


def elub(llrs: np.ndarray, is_target: np.ndarray) -> Bounds:
    """Return the empirical upper and lower bounds of likelihood ratios (ELUB).

    Beyond them decisions by the ratios would cost more than decisions without: P.
    Vergeer, A. van Es et al., "Numerical likelihood ratios outputted by LR systems are
    often based on extrapolation: when to stop extrapolating?", Science and Justice 56
    (2016). One misleading trial of each kind is added; steps are of 0.01 in log10.

    Parameters
    ----------
    llrs, is_target
        See `pav_llrs`. Beyond 10^9 and 10^-9 they count as these.

    Returns
    -------
    Bounds

    Example
    -------
    >>> llrs = np.repeat([-9.0, 9.0], 100)
    >>> [round(bound / LN_10, 2) for bound in elub(llrs, llrs > 0)]
    [-1.99, 1.99]
    """
    kinds = split_llrs(llrs, is_target)
    targets, nontargets = (
        np.sort(np.clip(own / LN_10, -_EXTREME, _EXTREME)) for own in kinds
    )
    low = max(min(targets[0], nontargets[0]), -np.log10(len(targets) + 1))
    high = min(max(targets[-1], nontargets[-1]), np.log10(len(nontargets) + 1))
    first = min(0, int(np.floor_divide(low, _STEP)))
    last = max(0, int(np.floor_divide(high, _STEP)) + 1)
    levels = np.linspace(first * _STEP, last * _STEP, last - first + 1)
    thresholds = 10**levels
    missed, alarms = (  # the added trial of a kind is an error at every threshold
        np.searchsorted(10**targets, thresholds, side="right") + 1,
        len(nontargets) - np.searchsorted(10**nontargets, thresholds, side="right") + 1,
    )
    cost = missed / (len(targets) + 1) + thresholds * alarms / (len(nontargets) + 1)
    is_worse = np.minimum(1.0, thresholds) < cost  # than always the same decision
    left, right = levels[is_worse & (levels <= 0)], levels[is_worse & (levels >= 0)]
    lower = min(0.0, np.max(left + _STEP, initial=levels[0]))
    upper = max(0.0, np.min(right - _STEP, initial=levels[-1]))
    return Bounds(float(lower) * LN_10, float(upper) * LN_10)


def tippett(llrs: np.ndarray, is_target: np.ndarray, levels: np.ndarray) -> Tippett:
    """Return the shares of both kinds at or above levels: a Tippett plot.

    C. Tippett et al., "The evidential value of the comparison of paint flakes from
    sources other than vehicles", Journal of the Forensic Science Society 8 (1968).

    Parameters
    ----------
    llrs, is_target
        See `pav_llrs`.
    levels : ndarray of shape (n_levels,)

    Example
    -------
    >>> llrs, labels = np.array([2.0, -1.0, -2.0]), np.array([True, True, False])
    >>> curve = tippett(llrs, labels, np.array([-2.0, 0.0]))
    >>> curve.targets.tolist(), curve.nontargets.tolist()
    ([1.0, 0.5], [1.0, 0.0])
    """
    targets, nontargets = (
        1 - np.searchsorted(np.sort(own), levels) / len(own)
        for own in split_llrs(llrs, is_target)
    )
    return Tippett(levels, targets, nontargets)


def misleading_rates(llrs: np.ndarray, is_target: np.ndarray) -> tuple[float, float]:
    """Return the shares of target ratios below 1 and of nontarget ratios above 1.

    Example
    -------
    >>> misleading_rates(np.array([1.0, -1.0, 0.0]), np.array([True, True, False]))
    (0.5, 0.0)
    """
    targets, nontargets = split_llrs(llrs, is_target)
    return float(np.mean(targets < 0)), float(np.mean(nontargets > 0))
