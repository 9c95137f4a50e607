"""Pictures for reports, as inline SVG."""

import io

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure
from scipy.stats import norm

from utils.error_rates import ErrorRates

_TICKS = np.array([0.001, 0.01, 0.02, 0.05, 0.1, 0.2, 0.4, 0.6])


def det_curve(systems: dict[str, ErrorRates]) -> str:
    """Draw detection error trade-offs on normal-deviate axes.

    A. Martin et al., "The DET curve in assessment of detection task performance",
    Eurospeech 1997.

    Parameters
    ----------
    systems : dict of ErrorRates
        By the name for the legend.

    Returns
    -------
    str
        SVG element.
    """
    figure, axes = plt.subplots(figsize=(5.5, 5.5), layout="constrained")
    low, high = norm.ppf([_TICKS[0] / 2, 0.7])
    for name, rates in systems.items():
        deviates = np.clip(norm.ppf([rates.p_fa, rates.p_miss]), -6, 6)
        axes.plot(*_thinned(deviates), label=name)
    axes.plot([low, high], [low, high], color="grey", linewidth=0.5)
    labels = [f"{100 * tick:g}" for tick in _TICKS]
    axes.set_xticks(norm.ppf(_TICKS), labels)
    axes.set_yticks(norm.ppf(_TICKS), labels)
    axes.set(xlim=(low, high), ylim=(low, high))
    axes.set(xlabel="false alarms (%)", ylabel="misses (%)")
    axes.grid(linewidth=0.3)
    axes.legend(fontsize="small")
    return _svg(figure)


def _thinned(points: np.ndarray, resolution: float = 0.01) -> np.ndarray:
    """Leave out points (2, N) of a curve that nobody could see apart."""
    rounded = np.round(points / resolution)
    moves = np.abs(np.diff(rounded, axis=1, prepend=np.inf)).sum(axis=0) > 0
    return points[:, moves]


def training_curves(phases: dict[str, list[dict]]) -> str:
    """Draw the validation EER and the loss of each phase over its epochs.

    Parameters
    ----------
    phases : dict of list of dict
        Records with ``epoch``, ``valid_eer`` and, but for epoch 0, ``train_loss``.

    Returns
    -------
    str
        SVG element.
    """
    figure, columns = plt.subplots(
        2, len(phases), figsize=(4 * len(phases), 4.5), squeeze=False,
        sharex="col", layout="constrained",
    )  # fmt: skip
    for column, (phase, records) in zip(columns.T, phases.items(), strict=True):
        epochs = [record["epoch"] for record in records]
        eers = [100 * record["valid_eer"] for record in records]
        best = int(np.argmin(eers))
        column[0].plot(epochs, eers)
        column[0].plot(epochs[best], eers[best], "o", label=f"{eers[best]:.2f} %")
        column[0].set(title=phase, ylabel="validation EER (%)", ylim=(0, None))
        column[0].legend(fontsize="small")
        trained = [record for record in records if "train_loss" in record]
        column[1].plot(
            [record["epoch"] for record in trained],
            [record["train_loss"] for record in trained],
        )
        column[1].set(xlabel="epoch", ylabel="training loss")
    return _svg(figure)


def _svg(figure: Figure) -> str:
    """Return a figure as an SVG element, and close it."""
    text = io.StringIO()
    figure.savefig(text, format="svg", metadata={"Date": None})
    plt.close(figure)
    return text.getvalue().partition("<!DOCTYPE")[2].partition(">")[2].strip()
