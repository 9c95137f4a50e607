"""How well groups that were found agree with the true ones.

E. Amigó et al., "A comparison of extrinsic clustering evaluation metrics based on
formal constraints", Information Retrieval 12 (2009), for B-cubed.
"""

from typing import NamedTuple

import numpy as np


class BCubed(NamedTuple):
    """B-cubed scores, fractions.

    Attributes
    ----------
    precision : float
        How much of an item's group is of its class, on average over items.
    recall : float
        How much of an item's class is in its group, on average over items.
    """

    precision: float
    recall: float

    @property
    def f_measure(self) -> float:
        """The harmonic mean of both."""
        return 2 * self.precision * self.recall / (self.precision + self.recall)


def contingency(truth: np.ndarray, found: np.ndarray) -> np.ndarray:
    """Count the items of each class in each group: int of shape (C, G).

    Parameters
    ----------
    truth, found : ndarray of shape (N,)
        Class and group of each item, of any kind.

    Raises
    ------
    ValueError
        There are no items, or not as many of both.
    """
    if len(truth) != len(found) or not len(truth):
        raise ValueError(
            f"{len(truth)} classes and {len(found)} groups: there must be one of each "
            "for every item"
        )
    rows, columns = (np.unique(side, return_inverse=True)[1] for side in (truth, found))
    counts = np.zeros((rows.max() + 1, columns.max() + 1), dtype=int)
    np.add.at(counts, (rows, columns), 1)
    return counts


def purity(truth: np.ndarray, found: np.ndarray) -> float:
    """Return the share of items that are of their group's commonest class.

    With the sides exchanged: the share in their class's commonest group.

    Example
    -------
    >>> purity(np.array(["a", "a", "b"]), np.array([0, 0, 0]))
    0.6666666666666666
    """
    counts = contingency(truth, found)
    return float(counts.max(axis=0).sum() / counts.sum())


def b_cubed(truth: np.ndarray, found: np.ndarray) -> BCubed:
    """Return precision and recall averaged over items.

    Example
    -------
    >>> b_cubed(np.array(["a", "a", "b"]), np.array([0, 0, 0])).recall
    1.0
    """
    counts = contingency(truth, found)  # (C, G)
    squares = counts.astype(float) ** 2
    of_groups = (squares / counts.sum(axis=0)).sum()
    of_classes = (squares / counts.sum(axis=1, keepdims=True)).sum()
    return BCubed(float(of_groups / counts.sum()), float(of_classes / counts.sum()))


def normalised_information(truth: np.ndarray, found: np.ndarray) -> float:
    """Return the mutual information over the mean entropy of both sides, in [0, 1].

    Example
    -------
    >>> normalised_information(np.array(["a", "a", "b"]), np.array([5, 5, 3]))
    1.0
    """
    shares = contingency(truth, found) / len(truth)
    of_class, of_group = shares.sum(axis=1), shares.sum(axis=0)
    entropies = -of_class @ np.log(of_class) - of_group @ np.log(of_group)
    if entropies == 0:
        return 1.0
    together = np.outer(of_class, of_group)
    is_there = shares > 0
    information = shares[is_there] @ np.log(shares[is_there] / together[is_there])
    return float(round(2 * information / entropies, 12))
