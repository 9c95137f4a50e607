"""Embed whole utterances: deterministic, in batches of similar length."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple, TypeVar

import numpy as np
import torch
from torch import Tensor

from utils.features.lengths import length_batches
from utils.runtime.errors import UserError
from utils.runtime.precision import embeddings_agree, warn_of_disagreement

if TYPE_CHECKING:
    from utils.features.listed import FeatureList
    from utils.features.store import FeatureStore

LENGTH_STEP = 64  # frames

Length = TypeVar("Length", int, np.ndarray)


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


def padded_length(n_frames: Length) -> Length:
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
    return [rows[places] for places in length_batches(padded, frames_per_batch)]


class UtteranceBatches(torch.utils.data.Dataset[UtteranceBatch]):
    """Length-bucketed batches of whole utterances from a feature store.

    Parameters
    ----------
    store : FeatureStore or FeatureList
    rows : ndarray of int, optional
        Rows of the index; None takes all.
    frames_per_batch : int
    """

    def __init__(
        self,
        store: FeatureStore | FeatureList,
        rows: np.ndarray | None = None,
        frames_per_batch: int = 5000,
    ) -> None:
        rows = np.arange(len(store)) if rows is None else rows
        self.store = store
        self.batches = length_buckets(store.n_frames, rows, frames_per_batch)

    def __len__(self) -> int:
        """Return the number of batches."""
        return len(self.batches)

    def one_of_each_shape(self) -> Iterator[UtteranceBatch]:
        """Load a batch of every number of utterances and padded length."""
        lengths = padded_length(self.store.n_frames)
        numbers = {
            (len(rows), lengths[rows[0]]): number
            for number, rows in enumerate(self.batches)
        }
        return map(self.__getitem__, numbers.values())

    def __iter__(self) -> Iterator[UtteranceBatch]:
        """Load all batches in turn."""
        return map(self.__getitem__, range(len(self)))

    def __getitem__(self, number: int) -> UtteranceBatch:
        """Load one batch."""
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
        float32, or bfloat16 for faster and coarser arithmetic; where that disagrees
        with float32 on any shape of batch, float32 is used, and a warning says so.

    Yields
    ------
    rows : ndarray of int, shape (B,)
    embeddings : ndarray of float32, shape (B, D)

    Raises
    ------
    UserError
        An embedding is not finite.
    """
    encoder.eval()
    is_mixed = dtype != torch.float32 and _agrees(encoder, batches, device, dtype)
    kind = torch.device(device).type
    with torch.inference_mode(), torch.autocast(kind, dtype, enabled=is_mixed):
        for rows, feats, lengths in batches:
            embeddings = encoder(feats.to(device), lengths.to(device))
            embeddings = embeddings.float().cpu().numpy()
            ids = batches.store.ids
            check_finite(embeddings, [ids[row] for row in rows])
            yield rows, embeddings


def _agrees(
    encoder: torch.nn.Module, batches: UtteranceBatches, device: str, dtype: torch.dtype
) -> bool:
    """Compare with float32 on a batch of every shape; warn where they differ."""
    for batch in batches.one_of_each_shape():
        feats, lengths = batch.feats.to(device), batch.lengths.to(device)
        if not embeddings_agree(encoder, feats, lengths, dtype):
            warn_of_disagreement(dtype, tuple(feats.shape))
            return False
    return True


def check_finite(embeddings: np.ndarray, ids: Sequence[str]) -> None:
    """Stop where an embedding (N, D) is not finite, and name its utterance.

    Example
    -------
    >>> check_finite(np.array([[1.0, np.nan]]), ["u1"])
    Traceback (most recent call last):
    ...
    utils.runtime.errors.UserError: u1: the embedding is not finite; ...
    """
    is_finite = np.isfinite(embeddings).all(axis=1)
    if not is_finite.all():
        raise UserError(
            f"{ids[int(is_finite.argmin())]}: the embedding is not finite; look at the "
            "audio and at the model's weights"
        )
