"""Pictures of a training, and how figures become files."""

import io
from pathlib import Path

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from utils.runtime.atomic import replacing_file
from utils.training.diagnostics import RateAdvice


def training_curves(phases: dict[str, list[dict]]) -> Figure:
    """Draw the validation EER and the loss of each phase over its epochs.

    Parameters
    ----------
    phases : dict of list of dict
        Records with ``epoch``, ``valid_eer`` and, but for epoch 0, ``train_loss``.
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
    return figure


def rate_curve(rates: np.ndarray, losses: np.ndarray, advice: RateAdvice) -> Figure:
    """Draw the loss of a learning-rate range test, as it is and smoothed."""
    figure, axes = plt.subplots(figsize=(5, 3.5), layout="constrained")
    axes.semilogx(rates, losses, alpha=0.4)
    axes.semilogx(rates, advice.smoothed)
    axes.axvline(advice.suggested, linestyle="--", label=f"{advice.suggested:.2g}")
    top = 1.2 * losses[: len(losses) // 4].max()
    axes.set(xlabel="learning rate", ylabel="loss", ylim=(0, top))
    axes.legend(title="suggested")
    return figure


def svg_text(figure: Figure) -> str:
    """Return the text of an SVG file of a figure, and close it."""
    text = io.StringIO()
    figure.savefig(text, format="svg", metadata={"Date": None})
    plt.close(figure)
    return text.getvalue()


def save_figure(figure: Figure, path: Path) -> None:
    """Save a figure as PNG and as SVG, and close it.

    Parameters
    ----------
    figure : Figure
    path : Path
        Without the ending.
    """
    for ending in (".png", ".svg"):
        with replacing_file(f"{path}{ending}") as temporary:
            figure.savefig(temporary, dpi=150)
    plt.close(figure)
