"""Pictures of what is told of voices: confusions, reliability, numbers."""

from collections.abc import Sequence

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from utils.metrics.classification.calibration_error import Reliability

_MOST_WRITTEN = 15  # classes, beyond which cells hold no numbers


def confusion_picture(matrix: np.ndarray, classes: Sequence[str]) -> Figure:
    """Draw what is taken for what, in per cent of each true class.

    Parameters
    ----------
    matrix : ndarray of shape (K, K)
        Counts; row: true class, column: decided class.
    classes : sequence of str, length K
    """
    totals = matrix.sum(axis=1, keepdims=True)
    shares = 100 * matrix / np.where(totals > 0, totals, 1)
    size = 2.2 + 0.45 * len(classes)
    figure, axes = plt.subplots(figsize=(size + 0.6, size), layout="constrained")
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=100)
    places = range(len(classes))
    axes.set_xticks(places, classes, rotation=45, ha="right", rotation_mode="anchor")
    axes.set_yticks(places, classes)
    axes.set(xlabel="taken for", ylabel="true class, % of it")
    if len(classes) <= _MOST_WRITTEN:
        _write_shares(axes, shares)
    return figure


def _write_shares(axes: Axes, shares: np.ndarray) -> None:
    for (row, column), share in np.ndenumerate(shares):
        colour = "white" if share > 60 else "black"
        axes.text(
            column, row, f"{share:.0f}", ha="center", va="center", color=colour,
            fontsize="small",
        )  # fmt: skip


def reliability_picture(found: Reliability) -> Figure:
    """Draw how often decisions are right, by the probability they were given."""
    figure, axes = plt.subplots(figsize=(4, 3.6), layout="constrained")
    axes.plot([0, 1], [0, 1], "--", color="grey", linewidth=1)
    is_there = found.share > 0
    axes.scatter(
        found.confidence[is_there], found.accuracy[is_there],
        s=20 + 300 * found.share[is_there], alpha=0.7,
    )  # fmt: skip
    axes.set(
        xlim=(0, 1.03), ylim=(-0.03, 1.03),
        xlabel="probability of the decision", ylabel="share that is right",
    )  # fmt: skip
    return figure


def number_picture(true: np.ndarray, told: np.ndarray, name: str) -> Figure:
    """Draw numbers (N,) that were told beside the true ones (N,)."""
    figure, axes = plt.subplots(figsize=(4.4, 4), layout="constrained")
    limits = min(true.min(), told.min()), max(true.max(), told.max())
    axes.plot(limits, limits, "--", color="grey", linewidth=1)
    axes.plot(true, told, ".", alpha=0.35, markeredgewidth=0)
    axes.set(xlabel=f"true {name}", ylabel=f"{name} that is told")
    return figure
