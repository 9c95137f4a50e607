"""Features in memory, to be used like stored ones."""

from collections.abc import Sequence

import numpy as np


class FeatureList:
    """Features in memory, to be used like a `utils.features.store.FeatureStore`.

    Parameters
    ----------
    ids : sequence of str
        N names.
    features : sequence of ndarray, shape (T, F)

    Attributes
    ----------
    n_frames : ndarray of int, shape (N,)

    Example
    -------
    >>> store = FeatureList(["a"], [np.ones((5, 2))])
    >>> len(store), store.n_frames.tolist(), store.slice(0).shape
    (1, [5], (5, 2))
    """

    def __init__(self, ids: Sequence[str], features: Sequence[np.ndarray]) -> None:
        self.ids, self.features = ids, features
        self.n_frames = np.array([len(frames) for frames in features])

    def __len__(self) -> int:
        """Return the number of utterances."""
        return len(self.features)

    def slice(self, row: int) -> np.ndarray:
        """Return an utterance's features (T, F)."""
        return self.features[row]
