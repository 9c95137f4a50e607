"""Pictures of a validation, with the case's ratio in them."""

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from utils.forensic.examining import Finding
from utils.metrics.likelihood_ratios import (
    cross_entropy_curve,
    least_cross_entropy_curve,
    llr_hull,
)
from utils.metrics.lr_validation import LN_10, pav_llrs, tippett

_ODDS = np.linspace(-3, 3, 121)  # log10
_SAME, _OTHER = "same speaker", "different speakers"


def validation_figure(finding: Finding, has_ratio: bool) -> Figure:
    """Draw Tippett, ECE and PAV plots and the scores of a finding.

    Parameters
    ----------
    finding : Finding
    has_ratio : bool
        Whether the case's ratio is reported, and so drawn.
    """
    figure, axes = plt.subplots(2, 2, figsize=(9.5, 7.5), layout="constrained")
    llrs, is_target = finding.calibrated.llrs, finding.trials.is_target
    _draw_tippett(axes[0, 0], llrs, is_target)
    _draw_cross_entropy(axes[0, 1], llrs, is_target)
    _draw_pav(axes[1, 0], llrs, is_target)
    _draw_scores(axes[1, 1], finding)
    for bound in finding.validation.bounds:
        axes[0, 0].axvline(bound / LN_10, color="grey", linestyle="--", linewidth=0.8)
    if has_ratio:
        axes[0, 0].axvline(finding.ratio.bounded / LN_10, color="black", linewidth=1.2)
        axes[1, 1].axvline(
            finding.ratio.score, 0, 0.83, color="black", linewidth=1.2,
            label="this case",
        )  # fmt: skip
    axes[1, 1].legend(fontsize="small", loc="upper center", ncols=2)
    return figure


def _draw_tippett(axes: Axes, llrs: np.ndarray, is_target: np.ndarray) -> None:
    levels = np.linspace(llrs.min(), llrs.max(), 500)
    curve = tippett(llrs, is_target, levels)
    axes.plot(levels / LN_10, curve.targets, label=_SAME)
    axes.plot(levels / LN_10, curve.nontargets, label=_OTHER)
    axes.set(title="Tippett", xlabel="log10 LR", ylabel="share at or above")
    axes.legend(fontsize="small")


def _draw_cross_entropy(axes: Axes, llrs: np.ndarray, is_target: np.ndarray) -> None:
    odds = _ODDS * LN_10
    nothing = cross_entropy_curve(np.zeros(2), np.array([True, False]), odds)
    least = least_cross_entropy_curve(llr_hull(llrs, is_target), odds)
    axes.plot(_ODDS, cross_entropy_curve(llrs, is_target, odds), label="the ratios")
    axes.plot(_ODDS, least, "--", label="best monotone calibration (PAV)")
    axes.plot(_ODDS, nothing, ":", color="grey", label="no comparison")
    axes.set(title="Empirical cross-entropy", xlabel="log10 prior odds", ylabel="bits")
    axes.set_ylim(0, 1.4 * float(nothing.max()))
    axes.legend(fontsize="small", loc="upper center")  # above the curves


def _draw_pav(axes: Axes, llrs: np.ndarray, is_target: np.ndarray) -> None:
    x, y = llrs / LN_10, pav_llrs(llrs, is_target) / LN_10
    is_finite = np.isfinite(y)
    order = np.argsort(x[is_finite])
    axes.plot(x[is_finite][order], y[is_finite][order], label="after PAV")
    limits = [float(x.min()), float(x.max())]
    axes.plot(limits, limits, color="grey", linewidth=0.8, label="identity")
    axes.set(title="Calibration", xlabel="log10 LR", ylabel="log10 LR after PAV")
    axes.legend(fontsize="small")


def _draw_scores(axes: Axes, finding: Finding) -> None:
    scores, is_target = finding.trials.scores, finding.trials.is_target
    edges = np.histogram_bin_edges(scores, bins=50).tolist()
    for name, own in ((_SAME, scores[is_target]), (_OTHER, scores[~is_target])):
        axes.hist(own, edges, density=True, alpha=0.5, label=f"{name} ({len(own)})")
    axes.set(title="Scores of the population", xlabel="score", ylabel="density")
    axes.set_ylim(0, 1.3 * axes.get_ylim()[1])  # the legend is above the bars
