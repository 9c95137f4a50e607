"""Which voices of several recordings are one person."""

from collections.abc import Sequence

import numpy as np

from utils.diarization.agglomerative import joining_order, labels_after

_NEVER = -1e12  # of two voices of one recording; outweighs any average


def link_voices(
    ratios: np.ndarray, recordings: Sequence[str], threshold: float
) -> np.ndarray:
    """Group voices by the average of their ratios, at most one of each recording.

    The result is one of the voices, not of their order, but that groups are numbered as
    they appear; equal averages apart.

    Parameters
    ----------
    ratios : ndarray of shape (N, N)
        Log-likelihood ratio of each two to be one person.
    recordings : sequence of str, length N
        Where each voice is heard.
    threshold : float
        Least average of groups that are joined.

    Returns
    -------
    ndarray of int, shape (N,)

    Example
    -------
    >>> ratios = np.array([[9.0, 8.0, 5.0], [8.0, 9.0, 6.0], [5.0, 6.0, 9.0]])
    >>> link_voices(ratios, ["a", "a", "b"], threshold=2.0).tolist()
    [0, 1, 1]
    """
    n = len(ratios)
    if n < 2:
        return np.zeros(n, dtype=int)
    names = np.asarray(recordings)
    is_beside = names[:, None] == names
    merges, averages = joining_order(
        np.where(is_beside, _NEVER, (ratios + ratios.T) / 2)
    )
    return labels_after(merges, int(np.sum(averages >= threshold)))
