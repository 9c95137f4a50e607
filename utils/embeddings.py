"""Embed whole utterances: deterministic, in batches of similar length."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from utils.features import FeatureStore

LENGTH_STEP = 64  # frames


class UtteranceBatch(NamedTuple):
    """Whole utterances, padded to one length.

    Attributes
    ----------
    rows : ndarray of int, shape (B,)
        Rows of the feature index.
    feats : Tensor of float32, shape (B, T, F)
    lengths : Tensor of int64, shape (B,)
        Frames of each utterance.
    """

    rows: np.ndarray
    feats: Tensor
    lengths: Tensor


def padded_length(n_frames: np.ndarray | int) -> np.ndarray | int:
    """Round lengths up, so that batches have few different shapes.

    A convolution is prepared anew for every shape that it meets.
    """
    return -(-n_frames // LENGTH_STEP) * LENGTH_STEP


def length_buckets(
    n_frames: np.ndarray, rows: np.ndarray, frames_per_batch: int
) -> list[np.ndarray]:
    """Group utterances that are padded to the same length.

    Parameters
    ----------
    n_frames : ndarray of int, shape (n_utterances,)
        Length of each utterance of the index.
    rows : ndarray of int
        Which utterances to group.
    frames_per_batch : int
        Most frames in a batch, padding included; a longer utterance is alone.

    Returns
    -------
    list of ndarray of int
        Rows of each batch, shorter utterances first.

    Example
    -------
    >>> lengths = np.array([50, 20, 100, 30])
    >>> length_buckets(lengths, np.arange(4), frames_per_batch=128)
    [array([0, 1]), array([3]), array([2])]
    """
    padded = padded_length(n_frames[rows])
    batches = []
    for length in np.unique(padded):
        bucket = rows[padded == length]
        size = max(1, frames_per_batch // length)
        batches += [bucket[n : n + size] for n in range(0, len(bucket), size)]
    return batches


class UtteranceBatches(torch.utils.data.Dataset):
    """Length-bucketed batches of whole utterances from a feature store.

    Parameters
    ----------
    store : FeatureStore
    rows : ndarray of int, optional
        Rows of the index; None takes all.
    frames_per_batch : int
    """

    def __init__(
        self,
        store: FeatureStore,
        rows: np.ndarray | None = None,
        frames_per_batch: int = 5000,
    ) -> None:
        rows = np.arange(len(store)) if rows is None else rows
        n_frames = store.index["n_frames"].to_numpy()
        self.store = store
        self.batches = length_buckets(n_frames, rows, frames_per_batch)

    def __len__(self) -> int:
        """Return the number of batches."""
        return len(self.batches)

    def __getitem__(self, number: int) -> UtteranceBatch:
        """Load one batch."""
        if number >= len(self):
            raise IndexError(number)
        rows = self.batches[number]
        return pad(rows, [self.store.slice(row) for row in rows])


def pad(rows: np.ndarray, utterances: Sequence[np.ndarray]) -> UtteranceBatch:
    """Pad features (T, F) of utterances with zeros to one batch (B, T', F)."""
    lengths = [len(feats) for feats in utterances]
    shape = len(rows), padded_length(max(lengths)), utterances[0].shape[1]
    padded = torch.zeros(shape)
    for place, feats in enumerate(utterances):
        padded[place, : len(feats)] = torch.from_numpy(np.array(feats))
    return UtteranceBatch(rows, padded, torch.tensor(lengths))


def embed_batches(
    encoder: torch.nn.Module,
    batches: UtteranceBatches,
    device: str = "cpu",
    dtype: torch.dtype = torch.float32,
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Embed whole utterances, batch by batch.

    Parameters
    ----------
    encoder : Module
        Maps features (B, T, F) and lengths (B,) to unit-length embeddings (B, D).
    batches : UtteranceBatches
    device : str
        Where the encoder is.
    dtype : torch.dtype
        float32, or bfloat16 for faster and coarser arithmetic.

    Yields
    ------
    rows : ndarray of int, shape (B,)
    embeddings : ndarray of float32, shape (B, D)
    """
    encoder.eval()
    is_mixed = dtype != torch.float32
    kind = torch.device(device).type
    with torch.inference_mode(), torch.autocast(kind, dtype, enabled=is_mixed):
        for rows, feats, lengths in batches:
            embeddings = encoder(feats.to(device), lengths.to(device))
            yield rows, embeddings.float().cpu().numpy()
