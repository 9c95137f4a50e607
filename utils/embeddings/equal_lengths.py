"""Embed many stored utterances at once, those of one length together."""

from collections.abc import Callable, Iterator

import numpy as np
import torch
from torch import Tensor

from utils.embeddings.extraction import check_finite
from utils.features.listed import FeatureList
from utils.features.store import FeatureStore
from utils.runtime.progress import progress

_FRAMES_PER_BATCH = 6000  # at most, unless one utterance is longer


def embed_equal_lengths(
    encoder: Callable[[Tensor], Tensor],
    store: FeatureStore | FeatureList,
    rows: np.ndarray,
) -> np.ndarray:
    """Embed utterances without padding: (N, D), in the order of ``rows``.

    Worth it for thousands, of which many are equally long to the frame.

    Parameters
    ----------
    encoder : callable
        Maps features (B, T, F) to embeddings (B, D), such as
        `utils.models.fast_encoder.fast_encoder`.
    store : FeatureStore or FeatureList
    rows : ndarray of int, shape (N,)
        Which utterances.

    Raises
    ------
    UserError
        An embedding is not finite.

    Example
    -------
    >>> store = FeatureList(["a", "b"], [np.ones((3, 2)), np.ones((5, 2))])
    >>> embed_equal_lengths(lambda feats: feats.sum(dim=1), store, np.arange(2))
    array([[3., 3.],
           [5., 5.]], dtype=float32)
    """
    batches = list(equal_lengths(store.n_frames[rows]))
    embedded: np.ndarray | None = None
    for places in progress(batches, len(batches), "embedding"):
        feats = np.stack([store.slice(row) for row in rows[places]])
        with torch.inference_mode():
            found = encoder(torch.from_numpy(feats).float()).float().numpy()
        check_finite(found, [store.ids[row] for row in rows[places]])
        if embedded is None:
            embedded = np.empty((len(rows), found.shape[1]), dtype=np.float32)
        embedded[places] = found
    assert embedded is not None  # there are rows
    return embedded


def equal_lengths(n_frames: np.ndarray) -> Iterator[np.ndarray]:
    """Group utterances of the same length to batches.

    Example
    -------
    >>> [places.tolist() for places in equal_lengths(np.array([5, 3, 5]))]
    [[1], [0, 2]]
    """
    for length in np.unique(n_frames):
        places = np.flatnonzero(n_frames == length)
        size = max(1, _FRAMES_PER_BATCH // length)
        for start in range(0, len(places), size):
            yield places[start : start + size]
