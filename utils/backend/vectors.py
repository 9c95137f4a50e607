"""What embeddings must have before anything learns: a length, a dimension, a spread."""

import numpy as np

_NOISE = 1e-5  # of the embeddings' length: above what float32 leaves of equal ones


def length_normalise(vectors: np.ndarray) -> np.ndarray:
    """Scale each vector to unit length.

    Parameters
    ----------
    vectors : ndarray of shape (N, D)

    Returns
    -------
    ndarray of shape (N, D)

    Raises
    ------
    ValueError
        A vector is zero or not finite, so that it has no direction.

    Example
    -------
    >>> length_normalise(np.array([[3.0, 4.0]]))
    array([[0.6, 0.8]])
    """
    # float64: squares of float16 overflow from 256 on, those of float32 from 2e19
    squares = np.einsum("nd,nd->n", vectors, vectors, dtype=np.float64)
    lengths = np.sqrt(squares)[:, None]
    bad = np.flatnonzero(~(np.isfinite(lengths) & (lengths > 0)))
    if len(bad):
        raise ValueError(f"vector {bad[0]} is zero or not finite: it has no direction")
    return (vectors / lengths).astype(np.result_type(vectors, np.float32), copy=False)


def check_dimension(embeddings: np.ndarray, expected: int) -> None:
    """Raise a ValueError unless embeddings (N, D) are of the expected dimension."""
    if embeddings.shape[1] != expected:
        raise ValueError(
            f"the embeddings have D={embeddings.shape[1]}, the back-end was trained on "
            f"D={expected}; use embeddings of its model"
        )


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
