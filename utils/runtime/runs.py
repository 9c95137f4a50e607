"""Stretches of equal values in arrays."""

import numpy as np


def runs(is_on: np.ndarray) -> np.ndarray:
    """Return where stretches of True begin and end: int, shape (n, 2).

    Example
    -------
    >>> runs(np.array([True, True, False, True])).tolist()
    [[0, 2], [3, 4]]
    """
    edges = np.diff(np.concatenate([[0], is_on.astype(np.int8), [0]]))
    return np.stack([np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)], axis=1)
