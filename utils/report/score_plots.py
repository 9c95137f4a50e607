"""Pictures of scores: error trade-offs, histograms, calibration and ranks."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy.stats import norm

from utils.metrics.costs import OperatingPoint
from utils.metrics.error_rates import (
    ErrorRates,
    convex_hull,
    equal_rate,
    error_rates,
    split_scores,
)
from utils.metrics.likelihood_ratios import (
    bayes_error_curve,
    cross_entropy_curve,
    least_bayes_error_curve,
    least_cross_entropy_curve,
)
from utils.metrics.thresholds import threshold_at_eer
from utils.report.plots import save_figure

_TICKS = np.array([0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.4, 0.6])
_LOG_ODDS = np.linspace(-8, 8, 161)


def det_curve(
    systems: dict[str, ErrorRates],
    p_targets: Sequence[str] = (),
    bands: dict[str, np.ndarray] | None = None,
) -> Figure:
    """Draw detection error trade-offs on normal-deviate axes.

    A. Martin et al., "The DET curve in assessment of detection task performance",
    Eurospeech 1997.

    Parameters
    ----------
    systems : dict of ErrorRates
        By the name for the legend.
    p_targets : sequence of str
        Priors whose points of lowest cost are marked.
    bands : dict of ndarray of shape (3, n), optional
        False-alarm rates of each system, and the lowest and highest miss rate
        there.
    """
    figure, axes = plt.subplots(figsize=(5.5, 5.5), layout="constrained")
    low, high = norm.ppf([_TICKS[0] / 2, 0.7])
    for name, rates in systems.items():
        eer = equal_rate(rates)
        (line,) = axes.plot(
            *_thinned(_deviates(rates.p_fa, rates.p_miss)),
            label=f"{name}: EER {100 * eer:.2f} %",
        )
        axes.plot(*_deviates(eer, eer), "o", color=line.get_color(), markersize=5)
        for prior, marker in zip(p_targets, "s^vD*", strict=False):
            cost = OperatingPoint(float(prior)).cost(rates.p_miss, rates.p_fa)
            best = int(cost.argmin())
            axes.plot(
                *_deviates(rates.p_fa[best], rates.p_miss[best]), marker,
                color=line.get_color(), markersize=5, clip_on=False,
                label=f"minDCF {prior}: {cost[best]:.3f}",
            )  # fmt: skip
        if bands and name in bands:
            p_fa, lowest, highest = bands[name]
            limits = _deviates(lowest, highest)
            axes.fill_between(
                norm.ppf(p_fa), *limits, color=line.get_color(), alpha=0.15, linewidth=0
            )
    axes.plot([low, high], [low, high], color="grey", linewidth=0.5)
    labels = [f"{100 * tick:g}" for tick in _TICKS]
    axes.set_xticks(norm.ppf(_TICKS), labels)
    axes.set_yticks(norm.ppf(_TICKS), labels)
    axes.set(xlim=(low, high), ylim=(low, high))
    axes.set(xlabel="false alarms (%)", ylabel="misses (%)")
    axes.grid(linewidth=0.3)
    axes.legend(fontsize="small")
    return figure


def _deviates(*rates: np.ndarray | float) -> np.ndarray:
    """Map rates to normal deviates, the ends to what lies outside of the picture."""
    return np.clip(norm.ppf(np.array(rates)), -6, 6)


def _thinned(points: np.ndarray, resolution: float = 0.01) -> np.ndarray:
    """Leave out points (2, N) of a curve that nobody could see apart."""
    rounded = np.round(points / resolution)
    moves = np.abs(np.diff(rounded, axis=1, prepend=np.inf)).sum(axis=0) > 0
    return points[:, moves]


def score_histogram(scores: np.ndarray, is_target: np.ndarray) -> Figure:
    """Draw how the scores of both kinds are distributed, each to an area of 1."""
    figure, axes = plt.subplots(figsize=(6, 4), layout="constrained")
    edges = np.histogram_bin_edges(scores, bins=100)
    kinds = zip(("target", "nontarget"), split_scores(scores, is_target), strict=True)
    for name, values in kinds:
        label = f"{name} ({len(values)})"
        axes.hist(values, bins=edges.tolist(), density=True, alpha=0.5, label=label)
    threshold = threshold_at_eer(scores, is_target)
    axes.axvline(threshold, color="grey", linewidth=1, label="threshold at EER")
    axes.set(xlabel="score", ylabel="density")
    axes.legend(fontsize="small")
    return figure


def calibration_curves(scores: np.ndarray, is_target: np.ndarray) -> Figure:
    """Draw normalised Bayes error (APE), cross-entropy (ECE) and a Tippett plot.

    Dashed are the values after the best monotone calibration. Where full and dashed
    lines lie apart, the scores are no likelihood ratios.
    """
    figure, columns = plt.subplots(1, 3, figsize=(13, 4), layout="constrained")
    hull = convex_hull(error_rates(scores, is_target))
    actual = bayes_error_curve(scores, is_target, _LOG_ODDS)
    least = least_bayes_error_curve(hull, _LOG_ODDS)
    _draw_pair(columns[0], actual, least, "normalised Bayes error")
    actual = cross_entropy_curve(scores, is_target, _LOG_ODDS)
    least = least_cross_entropy_curve(hull, _LOG_ODDS)
    _draw_pair(columns[1], actual, least, "empirical cross-entropy (bits)")
    _draw_tippett(columns[2], scores, is_target)
    return figure


def _draw_pair(axes: Axes, actual: np.ndarray, least: np.ndarray, what: str) -> None:
    axes.plot(_LOG_ODDS, actual, label="as they are")
    axes.plot(_LOG_ODDS, least, "--", label="best monotone calibration")
    axes.set(xlabel="prior log-odds of a target", ylabel=what)
    axes.set_ylim(0, min(1.5, 1.1 * float(actual.max())))
    axes.legend(fontsize="small", loc="lower center", bbox_to_anchor=(0.5, 1.0))


def _draw_tippett(axes: Axes, scores: np.ndarray, is_target: np.ndarray) -> None:
    kinds = zip(("target", "nontarget"), split_scores(scores, is_target), strict=True)
    for name, values in kinds:
        grid = np.linspace(values.min(), values.max(), 500)
        share = 1 - np.searchsorted(np.sort(values), grid) / len(values)
        axes.plot(grid, share, label=name)
    axes.set(xlabel="score", ylabel="share of trials at or above it")
    axes.legend(fontsize="small")


def cmc_curve(systems: dict[str, np.ndarray]) -> Figure:
    """Draw cumulative match characteristics.

    Parameters
    ----------
    systems : dict of ndarray of shape (n_models,)
        Share of the probes found at rank 1, 2, ... or better.
    """
    figure, axes = plt.subplots(figsize=(5.5, 4), layout="constrained")
    for name, shares in systems.items():
        ranks = np.arange(1, len(shares) + 1)
        axes.plot(ranks, 100 * shares, marker=".", label=f"{name}: {shares[0]:.2%}")
    axes.set(xlabel="rank", ylabel="probes identified (%)", xscale="log")
    axes.xaxis.set_major_formatter("{x:g}")
    axes.legend(fontsize="small", title="rank 1")
    axes.grid(linewidth=0.3)
    return figure


def write_plots(
    folder: Path,
    systems: dict[str, np.ndarray],
    is_target: np.ndarray,
    p_targets: Sequence[str],
    bands: dict[str, np.ndarray] | None = None,
) -> None:
    """Write all pictures of systems on one trial list, as PNG and SVG.

    Parameters
    ----------
    folder : Path
    systems : dict of ndarray of shape (n_trials,)
        Scores by name.
    is_target : ndarray of bool, shape (n_trials,)
    p_targets, bands
        See `det_curve`.
    """
    rates = {name: error_rates(scores, is_target) for name, scores in systems.items()}
    save_figure(det_curve(rates, p_targets, bands), folder / "det")
    for name, scores in systems.items():
        histogram = score_histogram(scores, is_target)
        save_figure(histogram, folder / f"{name}-histogram")
        curves = calibration_curves(scores, is_target)
        save_figure(curves, folder / f"{name}-calibration")
