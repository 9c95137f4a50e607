"""Embeddings that are all (nearly) equal: nothing can be learnt from them."""

import numpy as np

_NOISE = 1e-5  # of the embeddings' length: above what float32 leaves of equal ones


def check_spread(embeddings: np.ndarray) -> None:
    """Refuse embeddings that differ by no more than rounding.

    Parameters
    ----------
    embeddings : ndarray of shape (N, D)

    Raises
    ------
    ValueError
        Their standard deviation is rounding noise beside their length.

    Example
    -------
    >>> check_spread(np.array([[1.0, 0.0], [1.0, 1e-9]]))
    Traceback (most recent call last):
    ValueError: all embeddings are equal, or nearly so: check the model that made them
    """
    x = np.asarray(embeddings, dtype=np.float64)
    spread = np.sqrt(np.mean(np.sum((x - x.mean(axis=0)) ** 2, axis=1)))
    length = np.sqrt(np.mean(np.sum(x**2, axis=1)))
    if spread <= _NOISE * length:
        raise ValueError(
            "all embeddings are equal, or nearly so: check the model that made them"
        )


def check_spread_within(deviations: np.ndarray, embeddings: np.ndarray) -> None:
    """Refuse speakers whose embeddings do not differ beyond rounding.

    Parameters
    ----------
    deviations : ndarray of shape (N, D)
        From each speaker's mean.
    embeddings : ndarray of shape (N, D)

    Raises
    ------
    ValueError
        The deviations are rounding noise.
    """
    if np.linalg.norm(deviations) <= _NOISE * np.linalg.norm(embeddings):
        raise ValueError(
            "no speaker has two different embeddings: several utterances of each are "
            "needed"
        )
