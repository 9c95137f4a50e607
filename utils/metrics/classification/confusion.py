"""Decisions among classes: what is taken for what, and how often that is right.

Conventions
-----------
Classes are numbers from 0 to K - 1. ``weights`` say how often each utterance counts;
None counts each once. Shares are fractions in [0, 1].

Metrics
-------
`accuracy`, `balanced_accuracy`, `macro_f1`, `per_class`; all of a `confusion_matrix`.
`top_k_accuracy` is of scores. They equal those of scikit-learn.
"""

from typing import NamedTuple

import numpy as np


class PerClass(NamedTuple):
    """What is told of every class: arrays of shape (K,).

    Attributes
    ----------
    precision : ndarray
        Share of what is taken for the class that is of it; 0 where nothing is.
    recall : ndarray
        Share of the class that is taken for it; 0 where there is none of it.
    f1 : ndarray
        Harmonic mean of both; 0 where both are 0.
    support : ndarray
        How often the class comes.
    """

    precision: np.ndarray
    recall: np.ndarray
    f1: np.ndarray
    support: np.ndarray


def confusion_matrix(
    labels: np.ndarray,
    decided: np.ndarray,
    n_classes: int,
    weights: np.ndarray | None = None,
) -> np.ndarray:
    """Count what is taken for what.

    Parameters
    ----------
    labels, decided : ndarray of int, shape (N,)
        The true classes, and those decided for.
    n_classes : int
    weights : ndarray of shape (N,), optional

    Returns
    -------
    ndarray of shape (K, K)
        Row: true class; column: decided class.

    Raises
    ------
    ValueError
        A class is not below ``n_classes``, or the lengths differ.

    Example
    -------
    >>> confusion_matrix(np.array([0, 0, 1]), np.array([0, 1, 1]), 2).tolist()
    [[1.0, 1.0], [0.0, 1.0]]
    """
    _check_classes(labels, n_classes)
    _check_classes(decided, n_classes)
    if len(labels) != len(decided):
        raise ValueError(f"{len(labels)} labels for {len(decided)} decisions")
    place = labels * n_classes + decided
    counts = np.bincount(place, weights, minlength=n_classes**2).astype(float)
    return counts.reshape(n_classes, n_classes)


def _check_classes(labels: np.ndarray, n_classes: int) -> None:
    if len(labels) == 0:
        raise ValueError("no utterances to evaluate")
    if labels.min() < 0 or labels.max() >= n_classes:
        raise ValueError(f"classes are 0 to {n_classes - 1}, not {labels.max()}")


def accuracy(matrix: np.ndarray) -> float:
    """Return the share that is right, of a confusion matrix (K, K).

    Example
    -------
    >>> accuracy(np.array([[1, 1], [0, 2]]))
    0.75
    """
    return float(np.trace(matrix) / matrix.sum())


def per_class(matrix: np.ndarray) -> PerClass:
    """Return precision, recall and F1 of every class, of a confusion matrix (K, K).

    Example
    -------
    >>> per_class(np.array([[1, 1], [0, 2]])).recall.tolist()
    [0.5, 1.0]
    """
    right, support = np.diag(matrix), matrix.sum(axis=1)
    taken = matrix.sum(axis=0)
    return PerClass(
        _ratio(right, taken),
        _ratio(right, support),
        _ratio(2 * right, support + taken),
        support,
    )


def _ratio(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """Divide; 0 where the whole is 0."""
    return np.where(whole > 0, part / np.where(whole > 0, whole, 1), 0.0)


def balanced_accuracy(matrix: np.ndarray) -> float:
    """Return the mean recall of the classes that occur.

    Example
    -------
    >>> balanced_accuracy(np.array([[1, 1], [0, 2]]))
    0.75
    """
    of_class = per_class(matrix)
    return float(of_class.recall[of_class.support > 0].mean())


def macro_f1(matrix: np.ndarray) -> float:
    """Return the mean F1 of the classes that occur, or that something is taken for.

    Example
    -------
    >>> round(macro_f1(np.array([[1, 1], [0, 2]])), 3)
    0.733
    """
    occurs = matrix.sum(axis=0) + matrix.sum(axis=1) > 0
    return float(per_class(matrix).f1[occurs].mean())


def top_k_accuracy(
    scores: np.ndarray, labels: np.ndarray, k: int, weights: np.ndarray | None = None
) -> float:
    """Return how often the true class is among the k of the highest scores.

    Classes of equal scores share the places: of the true class and m others with its
    score, with room for r of them, it counts r / (m + 1).

    Parameters
    ----------
    scores : ndarray of shape (N, K)
    labels : ndarray of int, shape (N,)
    k : int
        At least 1.
    weights : ndarray of shape (N,), optional

    Example
    -------
    >>> top_k_accuracy(np.array([[3.0, 2.0, 1.0]]), np.array([1]), k=2)
    1.0
    """
    _check_classes(labels, scores.shape[1])
    own = scores[np.arange(len(labels)), labels][:, None]  # (N, 1)
    n_higher, n_equal = (scores > own).sum(axis=1), (scores == own).sum(axis=1)
    share = np.clip((k - n_higher) / n_equal, 0, 1)
    return float(np.average(share, weights=weights))
