"""Cosine scores by matrix products, and models of several utterances."""

import numpy as np


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
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    bad = np.flatnonzero(~(np.isfinite(lengths) & (lengths > 0)))
    if len(bad):
        raise ValueError(f"vector {bad[0]} is zero or not finite: it has no direction")
    return vectors / lengths


def average_enrolments(
    embeddings: np.ndarray, ids: list[str], models: dict[str, list[str]]
) -> tuple[list[str], np.ndarray]:
    """Make a model of each speaker's utterances.

    The embeddings are length-normalised, averaged and normalised again, so that no
    utterance counts more than another.

    Parameters
    ----------
    embeddings : ndarray of shape (N, D)
    ids : list of str, length N
    models : dict of list of str
        Utterances of each model.

    Returns
    -------
    names : list of str, length M
    vectors : ndarray of shape (M, D)

    Raises
    ------
    KeyError
        A model names an utterance without embedding.

    Example
    -------
    >>> embeddings = np.array([[2.0, 0.0], [0.0, 1.0]])
    >>> average_enrolments(embeddings, ["a", "b"], {"m": ["a", "b"]})[1].round(4)
    array([[0.7071, 0.7071]])
    """
    row_of = {name: row for row, name in enumerate(ids)}
    unit = length_normalise(embeddings)
    means = [
        unit[[row_of[name] for name in names]].mean(axis=0) for names in models.values()
    ]
    return list(models), length_normalise(np.stack(means))


def score_cosine(
    enrol: np.ndarray,
    test: np.ndarray,
    enrol_rows: np.ndarray,
    test_rows: np.ndarray,
    block_rows: int = 4096,
) -> np.ndarray:
    """Cosine similarity of listed pairs.

    Blocks of the similarity matrix are computed as matrix products and the listed
    pairs taken from them: memory for ``block_rows * M`` values, whatever the list.

    Parameters
    ----------
    enrol : ndarray of shape (N, D)
    test : ndarray of shape (M, D)
    enrol_rows, test_rows : ndarray of int, shape (n_trials,)
        Rows of ``enrol`` and ``test`` that each trial compares.
    block_rows : int
        Rows of ``enrol`` in a block.

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
    scores = np.empty(len(enrol_rows), dtype=np.result_type(enrol, test))
    block_of = enrol_rows // block_rows
    order = np.argsort(block_of, kind="stable")
    ends = np.searchsorted(block_of[order], np.arange(len(enrol) // block_rows + 2))
    for block, (first, last) in enumerate(zip(ends[:-1], ends[1:], strict=True)):
        trials, start = order[first:last], block * block_rows
        if len(trials):
            similarity = enrol[start : start + block_rows] @ test.T
            rows = enrol_rows[trials] - start
            scores[trials] = similarity[rows, test_rows[trials]]
    return scores
