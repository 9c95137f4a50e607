"""All metrics of classes or numbers, with intervals that resample speakers.

Utterances of one speaker are right or wrong together, so that speakers are drawn with
replacement, each with all of their utterances.
"""

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
from scipy.special import softmax

from utils.metrics.bootstrap import draw_counts
from utils.metrics.classification.calibration_error import calibration_error
from utils.metrics.classification.confusion import (
    accuracy,
    balanced_accuracy,
    confusion_matrix,
    macro_f1,
    per_class,
    top_k_accuracy,
)
from utils.metrics.classification.language_recognition import (
    PRIORS_2017,
    average_cllr,
    average_cost,
    cross_entropy,
)
from utils.metrics.classification.numbers import (
    correlation,
    mean_absolute_error,
    root_mean_squared_error,
)
from utils.metrics.intervals import intervals

TOP = 3  # classes that the top-k accuracy allows


def evaluate_classes(
    log_likelihoods: np.ndarray, labels: np.ndarray, weights: np.ndarray | None = None
) -> dict[str, float]:
    """Compute all metrics of classes.

    Parameters
    ----------
    log_likelihoods : ndarray of shape (N, K)
        Natural logarithms; the decision is the highest, and probabilities take all
        classes for equally likely beforehand.
    labels : ndarray of int, shape (N,)
    weights : ndarray of shape (N,), optional

    Returns
    -------
    dict of float
        ``accuracy``, ``balanced_accuracy``, ``macro_f1``, ``top_3`` (with more than
        three classes), ``cavg`` (prior 0.5), ``cavg_2017``, ``cllr``,
        ``cross_entropy`` and ``ece``.

    Raises
    ------
    ValueError
        One class only, or no utterances.

    Example
    -------
    >>> scores = np.log([[0.9, 0.1], [0.2, 0.8]])
    >>> evaluate_classes(scores, np.array([0, 1]))["macro_f1"]
    1.0
    """
    n_classes = log_likelihoods.shape[1]
    decided = log_likelihoods.argmax(axis=1)
    matrix = confusion_matrix(labels, decided, n_classes, weights)
    costs = [
        average_cost(log_likelihoods, labels, prior, weights) for prior in PRIORS_2017
    ]
    found = {
        "accuracy": accuracy(matrix),
        "balanced_accuracy": balanced_accuracy(matrix),
        "macro_f1": macro_f1(matrix),
        "cavg": costs[0],
        "cavg_2017": float(np.mean(costs)),
        "cllr": average_cllr(log_likelihoods, labels, weights),
        "cross_entropy": cross_entropy(log_likelihoods, labels, weights),
        "ece": calibration_error(
            softmax(log_likelihoods, axis=1), labels, weights=weights
        ),
    }
    if n_classes > TOP:
        found[f"top_{TOP}"] = top_k_accuracy(log_likelihoods, labels, TOP, weights)
    return found


def evaluate_numbers(
    told: np.ndarray, true: np.ndarray, weights: np.ndarray | None = None
) -> dict[str, float]:
    """Compute all metrics of numbers: ``mae``, ``rmse`` and ``correlation``.

    Example
    -------
    >>> evaluate_numbers(np.array([1.0, 3.0]), np.array([1.0, 2.0]))["mae"]
    0.5
    """
    return {
        "mae": mean_absolute_error(true, told, weights),
        "rmse": root_mean_squared_error(true, told, weights),
        "correlation": correlation(true, told, weights),
    }


def describe_classes(
    log_likelihoods: np.ndarray, labels: np.ndarray, classes: Sequence[str]
) -> dict[str, dict[str, float]]:
    """Return precision, recall, F1 and number of utterances of every class."""
    decided = log_likelihoods.argmax(axis=1)
    found = per_class(confusion_matrix(labels, decided, len(classes)))
    names = "precision", "recall", "f1", "utterances"
    return {
        name: dict(zip(names, map(float, values), strict=True))
        for name, values in zip(classes, zip(*found, strict=True), strict=True)
    }


def speaker_samples(
    metrics: Callable[[np.ndarray], dict[str, float]],
    speakers: np.ndarray,
    n_resamples: int,
    seed: int,
) -> pd.DataFrame:
    """Compute metrics on resamples of the speakers.

    Parameters
    ----------
    metrics : callable
        Maps weights (N,) of the utterances to metrics.
    speakers : ndarray of str, shape (N,)
    n_resamples : int
    seed : int

    Returns
    -------
    DataFrame
        A row for each resample; those with one class alone are left out.

    Example
    -------
    >>> right = np.array([1.0, 0.0, 1.0])
    >>> def share(weights):
    ...     return {"right": float(np.average(right, weights=weights))}
    >>> found = speaker_samples(share, np.array(["a", "a", "b"]), 100, seed=0)
    >>> sorted(found["right"].unique().tolist())
    [0.5, 0.6666666666666666, 1.0]
    """
    names, speaker = np.unique(speakers, return_inverse=True)
    rows = []
    for counts in draw_counts(len(names), n_resamples, seed):
        try:
            rows.append(metrics(counts[speaker].astype(float)))
        except ValueError:  # one class alone
            continue
    return pd.DataFrame(rows)


def class_samples(
    log_likelihoods: np.ndarray,
    labels: np.ndarray,
    speakers: np.ndarray,
    n_resamples: int,
    seed: int,
) -> pd.DataFrame:
    """Compute all metrics of classes on resamples of the speakers."""

    def metrics(weights: np.ndarray) -> dict[str, float]:
        return evaluate_classes(log_likelihoods, labels, weights)

    return speaker_samples(metrics, speakers, n_resamples, seed)


def number_samples(
    told: np.ndarray,
    true: np.ndarray,
    speakers: np.ndarray,
    n_resamples: int,
    seed: int,
) -> pd.DataFrame:
    """Compute all metrics of numbers on resamples of the speakers."""

    def metrics(weights: np.ndarray) -> dict[str, float]:
        return evaluate_numbers(told, true, weights)

    return speaker_samples(metrics, speakers, n_resamples, seed)


def limits_of(samples: pd.DataFrame) -> dict[str, list[float]]:
    """Return the 95 % interval of every metric; {} where there are no resamples."""
    return intervals(samples) if len(samples) else {}
