"""How to judge a training: error on pairs, confusions, learning rates."""

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from utils.metrics.detection import equal_error_rate

_SMOOTHING = 0.9  # weight of the past in the smoothed loss


def confusion_table(
    labels: np.ndarray, predicted: np.ndarray, speakers: Sequence[str]
) -> pd.DataFrame:
    """Count which speakers are taken for which.

    Parameters
    ----------
    labels, predicted : ndarray of int, shape (n_crops,)
    speakers : sequence of str
        Names of the labels.

    Returns
    -------
    DataFrame
        A row for each pair that is confused, the most frequent first: ``speaker``,
        ``taken_for``, ``crops`` and ``share`` (of the speaker's crops).

    Example
    -------
    >>> labels, predicted = np.array([0, 0, 0, 1]), np.array([1, 1, 0, 1])
    >>> confusion_table(labels, predicted, ["ann", "bob"])
      speaker taken_for  crops     share
    0     ann       bob      2  0.666667
    """
    totals = Counter(labels.tolist())
    wrong = labels != predicted
    pairs = Counter(zip(labels[wrong].tolist(), predicted[wrong].tolist(), strict=True))
    rows = [
        (speakers[speaker], speakers[other], count, count / totals[speaker])
        for (speaker, other), count in pairs.items()
    ]
    table = pd.DataFrame(rows, columns=["speaker", "taken_for", "crops", "share"])
    order = ["crops", "share", "speaker", "taken_for"]
    ascending = [False, False, True, True]
    return table.sort_values(order, ascending=ascending, ignore_index=True)


def all_pairs_eer(embeddings: np.ndarray, speakers: np.ndarray) -> float:
    """Equal error rate of the cosines of all pairs of utterances.

    Parameters
    ----------
    embeddings : ndarray of shape (N, D)
        Vectors of unit length.
    speakers : ndarray of shape (N,)

    Returns
    -------
    float
        Fraction in [0, 1].

    Example
    -------
    >>> embeddings = np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0], [0.0, 1.0]])
    >>> all_pairs_eer(embeddings, np.array(["a", "a", "b", "b"]))
    0.0
    """
    left, right = np.triu_indices(len(embeddings), k=1)
    scores = (embeddings @ embeddings.T)[left, right]
    return float(equal_error_rate(scores, speakers[left] == speakers[right]))


class RateAdvice(NamedTuple):
    """What a learning-rate range test shows.

    Attributes
    ----------
    steepest : float
        Rate at which the smoothed loss falls fastest by the rate's logarithm.
    lowest : float
        Rate at which the smoothed loss is lowest.
    suggested : float
        The smaller of ``steepest`` and a tenth of ``lowest``.
    smoothed : ndarray of shape (n_steps,)
        The smoothed loss.
    """

    steepest: float
    lowest: float
    suggested: float
    smoothed: np.ndarray


def advise_rate(rates: np.ndarray, losses: np.ndarray) -> RateAdvice:
    """Read a learning-rate range test (L. N. Smith, arXiv:1506.01186, section 3.3).

    Parameters
    ----------
    rates : ndarray of shape (n_steps,)
        Learning rates, growing by equal factors.
    losses : ndarray of shape (n_steps,)
        Loss of each step.

    Returns
    -------
    RateAdvice

    Raises
    ------
    ValueError
        There are fewer than ten steps.
    """
    if len(rates) < 10:
        raise ValueError("a range test needs ten steps or more")
    weights = _SMOOTHING ** np.arange(len(losses))
    total = np.convolve(losses, weights)[: len(losses)]
    smoothed = total / np.cumsum(weights)
    lowest = int(np.argmin(smoothed))
    steepest = int(np.argmin(np.gradient(smoothed)[: lowest + 1]))
    suggested = min(rates[steepest], rates[lowest] / 10)
    return RateAdvice(rates[steepest], rates[lowest], suggested, smoothed)
