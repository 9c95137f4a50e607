"""Whether probabilities of classes come true.

C. Guo et al., "On Calibration of Modern Neural Networks", ICML 2017, section 2.
"""

from typing import NamedTuple

import numpy as np


class Reliability(NamedTuple):
    """Decisions by the probability that they were given: arrays of shape (n_bins,).

    Attributes
    ----------
    confidence, accuracy : ndarray
        Mean probability, and share that is right; NaN in empty bins.
    share : ndarray
        How many of the decisions are in each bin.
    """

    confidence: np.ndarray
    accuracy: np.ndarray
    share: np.ndarray


def reliability(
    probabilities: np.ndarray,
    labels: np.ndarray,
    n_bins: int = 10,
    weights: np.ndarray | None = None,
) -> Reliability:
    """Group the decisions by their probability, in bins of equal width.

    Parameters
    ----------
    probabilities : ndarray of shape (N, K)
        Rows sum to 1; the decision is the most probable class.
    labels : ndarray of int, shape (N,)
    n_bins : int
    weights : ndarray of shape (N,), optional

    Example
    -------
    >>> found = reliability(np.array([[0.8, 0.2]]), np.array([1]), n_bins=2)
    >>> found.accuracy[1].item(), found.share.tolist()
    (0.0, [0.0, 1.0])
    """
    confidence = probabilities.max(axis=1)
    is_right = probabilities.argmax(axis=1) == labels
    weights = np.ones(len(labels)) if weights is None else weights
    # bins are (low, high], as in the paper
    place = np.clip(np.ceil(confidence * n_bins).astype(int) - 1, 0, n_bins - 1)
    totals = np.bincount(place, weights, n_bins)
    with np.errstate(invalid="ignore"):
        return Reliability(
            np.bincount(place, weights * confidence, n_bins) / totals,
            np.bincount(place, weights * is_right, n_bins) / totals,
            totals / totals.sum(),
        )


def calibration_error(
    probabilities: np.ndarray,
    labels: np.ndarray,
    n_bins: int = 10,
    weights: np.ndarray | None = None,
) -> float:
    """Return the expected calibration error (ECE), equation (3) of the paper.

    Mean distance of probability and share that is right, over the bins.

    Example
    -------
    >>> calibration_error(np.array([[0.75, 0.25]] * 4), np.array([0, 0, 0, 1]))
    0.0
    """
    found = reliability(probabilities, labels, n_bins, weights)
    gaps = np.abs(found.confidence - found.accuracy)
    return float(np.nansum(found.share * gaps))
