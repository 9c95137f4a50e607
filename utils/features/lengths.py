"""Utterances of one length, which an encoder takes together."""

from collections.abc import Iterator

import numpy as np


def length_batches(lengths: np.ndarray, frames_per_batch: int) -> Iterator[np.ndarray]:
    """Yield the places of equal lengths, not too many at once: that bounds the memory.

    Most have as many as go together, as convolutions are prepared for each shape.

    Parameters
    ----------
    lengths : ndarray of int, shape (N,)
        In frames.
    frames_per_batch : int
        Most frames in a batch; what is longer is alone.

    Yields
    ------
    ndarray of int
        Places of one batch, shorter lengths first.

    Example
    -------
    >>> lengths = np.array([300, 800, 800, 800])
    >>> [places.tolist() for places in length_batches(lengths, 2000)]
    [[0], [1, 2], [3]]
    """
    for length in np.unique(lengths):
        places = np.flatnonzero(lengths == length)
        most = max(1, frames_per_batch // int(length))
        yield from (places[n : n + most] for n in range(0, len(places), most))
