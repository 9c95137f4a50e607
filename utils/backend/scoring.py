"""Scores of listed pairs by matrix products."""

from collections.abc import Callable

import numpy as np

BLOCK_ROWS = 4096


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


def score_cosine(
    enrol: np.ndarray,
    test: np.ndarray,
    enrol_rows: np.ndarray,
    test_rows: np.ndarray,
    block_rows: int = BLOCK_ROWS,
) -> np.ndarray:
    """Cosine similarity of listed pairs.

    Parameters
    ----------
    enrol : ndarray of shape (N, D)
    test : ndarray of shape (M, D)
    enrol_rows, test_rows, block_rows
        See `score_pairs`.

    Returns
    -------
    ndarray of shape (n_trials,), in [-1, 1]

    Raises
    ------
    ValueError
        See `length_normalise`.

    Example
    -------
    >>> vectors = np.array([[1.0, 0.0], [3.0, 4.0]])
    >>> score_cosine(vectors, vectors, np.array([0, 1]), np.array([1, 1]))
    array([0.6, 1. ])
    """
    enrol, test = length_normalise(enrol), length_normalise(test)

    def score_block(rows: slice) -> np.ndarray:
        return enrol[rows] @ test.T

    return score_pairs(score_block, len(enrol), enrol_rows, test_rows, block_rows)


def score_pairs(
    score_block: Callable[[slice], np.ndarray],
    n_enrol: int,
    enrol_rows: np.ndarray,
    test_rows: np.ndarray,
    block_rows: int = BLOCK_ROWS,
) -> np.ndarray:
    """Score listed pairs from blocks of the matrix of all pairs.

    Memory for ``block_rows * M`` values, whatever the list.

    Parameters
    ----------
    score_block : callable
        Takes a slice of the enrolment rows; returns their scores with all M tests.
    n_enrol : int
        Number N of enrolment rows.
    enrol_rows, test_rows : ndarray of int, shape (n_trials,)
        What each trial compares.
    block_rows : int
        Rows in a block.

    Returns
    -------
    ndarray of shape (n_trials,)
    """
    scores = np.empty(len(enrol_rows))
    block_of = enrol_rows // block_rows
    order = np.argsort(block_of, kind="stable")
    ends = np.searchsorted(block_of[order], np.arange(n_enrol // block_rows + 2))
    for block, (first, last) in enumerate(zip(ends[:-1], ends[1:], strict=True)):
        trials, start = order[first:last], block * block_rows
        if len(trials):
            matrix = score_block(slice(start, start + block_rows))
            rows = enrol_rows[trials] - start
            scores[trials] = matrix[rows, test_rows[trials]]
    return scores
