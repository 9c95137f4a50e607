"""Embed many stored utterances at once, those of one length together."""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from utils.embeddings.extraction import check_finite
from utils.features.lengths import length_batches
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
    batches = list(length_batches(store.n_frames[rows], _FRAMES_PER_BATCH))
    embedded = []
    for places in progress(batches, len(batches), "embedding"):
        feats = np.stack([store.slice(row) for row in rows[places]])
        with torch.inference_mode():
            found = encoder(torch.from_numpy(feats).float()).float().numpy()
        check_finite(found, [store.ids[row] for row in rows[places]])
        embedded.append(found)
    in_batches = np.concatenate(embedded)
    return in_batches[np.argsort(np.concatenate(batches))]
