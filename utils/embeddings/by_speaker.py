"""One embedding of each speaker, from those of their utterances."""

from collections.abc import Sequence

import numpy as np


def embed_speakers(
    embeddings: np.ndarray, speakers: Sequence[str]
) -> tuple[list[str], np.ndarray]:
    """Average the embeddings of each speaker, to unit length.

    Parameters
    ----------
    embeddings : ndarray of shape (N, D)
        Vectors of unit length, so that utterances count alike.
    speakers : sequence of str, length N

    Returns
    -------
    names : list of str
        Sorted.
    vectors : ndarray of float32, shape (S, D)

    Example
    -------
    >>> names, vectors = embed_speakers(np.eye(2), ["b", "b"])
    >>> names, vectors.round(2)
    (['b'], array([[0.71, 0.71]], dtype=float32))
    """
    names, speaker = np.unique(np.asarray(speakers, dtype=str), return_inverse=True)
    sums = np.zeros((len(names), embeddings.shape[1]))
    np.add.at(sums, speaker, np.asarray(embeddings, dtype=np.float64))
    lengths = np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), 1e-12)
    return names.tolist(), (sums / lengths).astype(np.float32)
