"""Triplets for training: mined in a batch, or from a history of embeddings.

A speaker's own crops are masked before any negative is chosen.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from utils.training.crops import Crop


@dataclass(frozen=True)
class History:
    """Crops of many speakers with the embeddings that the model gave them.

    Deep Speaker's "select batch" is drawn from it.

    Attributes
    ----------
    crops : list of Crop
    embeddings : ndarray of shape (N, D)
        Vectors of unit length.
    speakers : ndarray of int, shape (N,)
        Speaker of each crop.
    origins : ndarray of int, shape (N,)
        Origin of each crop: the speaker, or where copies in another voice count as
        other speakers, the one that was copied.
    n_hardest : int
        A negative is drawn from the anchor's so many hardest.
    """

    crops: list[Crop]
    embeddings: np.ndarray
    speakers: np.ndarray
    origins: np.ndarray
    n_hardest: int

    def __post_init__(self) -> None:
        """Check that every anchor has a positive.

        Raises
        ------
        ValueError
            A speaker has a single crop.
        """
        if np.unique(self.speakers, return_counts=True)[1].min() < 2:
            raise ValueError("a history needs two crops or more of every speaker")

    def select_batch(self, n_triplets: int, rng: np.random.Generator) -> list[Crop]:
        """Choose triplets with hard negatives.

        Parameters
        ----------
        n_triplets : int
        rng : Generator

        Returns
        -------
        list of Crop, length 3 * n_triplets
            Anchors, then positives, then negatives.
        """
        anchors = rng.choice(
            len(self.crops), n_triplets, replace=n_triplets > len(self.crops)
        )
        positives = self._positives(anchors, rng)
        negatives = self._negatives(anchors, rng)
        chosen = np.concatenate([anchors, positives, negatives])
        return [self.crops[index] for index in chosen]

    def _positives(self, anchors: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Draw another crop of each anchor's speaker."""
        is_positive = self.speakers[anchors, None] == self.speakers[None]
        is_positive[np.arange(len(anchors)), anchors] = False
        return np.where(is_positive, rng.random(is_positive.shape), -1).argmax(axis=1)

    def _negatives(self, anchors: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Draw one of each anchor's most similar crops of other origins."""
        hardest = hardest_negatives(
            self.embeddings, self.origins, anchors, self.n_hardest
        )
        column = rng.integers(hardest.shape[1], size=len(anchors))
        return hardest[np.arange(len(anchors)), column]


def hardest_negatives(
    embeddings: np.ndarray, origins: np.ndarray, anchors: np.ndarray, n_hardest: int
) -> np.ndarray:
    """Find the crops of other origins that are most similar to each anchor.

    Parameters
    ----------
    embeddings : ndarray of shape (N, D)
        Vectors of unit length.
    origins : ndarray of int, shape (N,)
        See `History`. Crops of the anchor's own origin are masked.
    anchors : ndarray of int, shape (A,)
        Rows of the anchors.
    n_hardest : int
        How many to return for each.

    Returns
    -------
    ndarray of int, shape (A, n_hardest)
        Rows of the negatives, hardest first; fewer where there are not so many.

    Raises
    ------
    ValueError
        Some anchor has no crop of another origin.

    Example
    -------
    >>> embeddings = np.array([[1.0, 0.0], [0.9, 0.1], [0.0, 1.0], [0.6, 0.4]])
    >>> hardest_negatives(embeddings, np.array([0, 0, 1, 2]), np.array([0]), 2)
    array([[3, 2]])
    """
    similarity = embeddings[anchors] @ embeddings.T  # (A, N)
    is_other = origins[anchors, None] != origins[None]  # (A, 1) and (1, N) to (A, N)
    n_hardest = min(n_hardest, int(is_other.sum(axis=1).min()))
    if n_hardest == 0:
        raise ValueError("an anchor has no negative: the history holds one speaker")
    similarity = np.where(is_other, similarity, -np.inf)
    return np.argsort(-similarity, axis=1, kind="stable")[:, :n_hardest]


def all_triplets(similarity: Tensor, same: Tensor) -> Tensor:
    """Return every triplet of a batch; see `mine_triplets`."""
    is_positive = same & ~torch.eye(len(same), dtype=torch.bool, device=same.device)
    return (is_positive[:, :, None] & ~same[:, None, :]).nonzero()  # (A, P, N)


def hard_triplets(similarity: Tensor, same: Tensor) -> Tensor:
    """Return each anchor with its hardest positive and its hardest negative.

    "Batch hard" of A. Hermans et al., arXiv:1703.07737, equation (5).
    """
    is_self = torch.eye(len(same), dtype=torch.bool, device=same.device)
    positives = similarity.masked_fill(~same | is_self, torch.inf).argmin(dim=1)
    negatives = similarity.masked_fill(same, -torch.inf).argmax(dim=1)
    return torch.stack([torch.arange(len(same)).to(positives), positives, negatives], 1)


def semi_hard_triplets(similarity: Tensor, same: Tensor) -> Tensor:
    """Return each pair with its hardest negative that is less similar than the pair.

    F. Schroff et al., "FaceNet", arXiv:1503.03832, section 3.2. Where all negatives
    are more similar than the positive, the least similar one.
    """
    pairs, others = _pairs(similarity, same)
    is_harder = others >= similarity[pairs[:, 0], pairs[:, 1], None]
    hardest, negatives = others.masked_fill(is_harder, -torch.inf).max(dim=1)
    easiest = others.masked_fill(others.isneginf(), torch.inf).argmin(dim=1)
    negatives = torch.where(hardest.isneginf(), easiest, negatives)
    return torch.column_stack([pairs, negatives])


def random_triplets(similarity: Tensor, same: Tensor) -> Tensor:
    """Return each pair with a random negative."""
    pairs, others = _pairs(similarity, same)
    draw = torch.rand_like(others).masked_fill(others.isneginf(), -1)
    return torch.column_stack([pairs, draw.argmax(dim=1)])


def _pairs(similarity: Tensor, same: Tensor) -> tuple[Tensor, Tensor]:
    """Return all pairs (M, 2) of a speaker, and the anchors' similarities (M, B).

    Those to the anchor's own speaker are -inf.
    """
    pairs = (same & ~torch.eye(len(same), dtype=torch.bool).to(same)).nonzero()
    return pairs, similarity.masked_fill(same, -torch.inf)[pairs[:, 0]]


READY_TRIPLETS = {"history", "random"}  # batches that are triplets already
MINERS: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "random": random_triplets,
    "semi_hard": semi_hard_triplets,
    "hard": hard_triplets,
    "batch_all": all_triplets,
}


def mine_triplets(embeddings: Tensor, speakers: Tensor, mining: str) -> Tensor:
    """Choose triplets within a batch of P speakers with K crops each.

    Parameters
    ----------
    embeddings : Tensor of shape (B, D)
        Vectors of unit length.
    speakers : Tensor of int, shape (B,)
    mining : str
        ``random``: for each anchor and positive a random negative; ``semi_hard``:
        the hardest that is less similar than the positive; ``hard``: for each anchor
        the least similar positive and the most similar negative; ``batch_all``: all
        triplets.

    Returns
    -------
    Tensor of int64, shape (M, 3)
        Rows of anchors, positives and negatives.

    Raises
    ------
    ValueError
        Unknown ``mining``, a speaker with a single crop, or a single speaker.

    Example
    -------
    >>> embeddings = torch.tensor([[1.0, 0.0], [0.8, 0.6], [0.6, 0.8], [0.0, 1.0]])
    >>> mine_triplets(embeddings, torch.tensor([0, 0, 1, 1]), "hard").tolist()
    [[0, 1, 2], [1, 0, 2], [2, 3, 1], [3, 2, 1]]
    """
    if mining not in MINERS:
        raise ValueError(f"no mining {mining!r}; there are {', '.join(MINERS)}")
    counts = speakers.unique(return_counts=True)[1]
    if len(counts) < 2 or counts.min() < 2:
        raise ValueError("triplets need two speakers or more with two crops or more")
    similarity = embeddings.detach().float()
    similarity = similarity @ similarity.T
    return MINERS[mining](similarity, speakers[:, None] == speakers[None])
