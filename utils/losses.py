"""Losses on embeddings that SpeechBrain does not have."""

from typing import NamedTuple

import torch
from torch import Tensor


class TripletLoss(NamedTuple):
    """The loss of a batch of triplets, and what it is made of.

    Attributes
    ----------
    loss : Tensor, scalar
    active : Tensor, scalar
        Fraction of triplets with a loss above zero.
    positive, negative : Tensor, scalar
        Mean similarity of anchors to positives and to negatives.
    """

    loss: Tensor
    active: Tensor
    positive: Tensor
    negative: Tensor


def triplet_loss(embeddings: Tensor, margin: float) -> TripletLoss:
    """Triplet loss on cosine similarity, equation (7) of arXiv:1705.02304.

    mean(max(0, s_an - s_ap + margin)), where s_ap and s_an are the similarities of
    the anchor to the positive and to the negative.

    Parameters
    ----------
    embeddings : Tensor of shape (3 * n_triplets, D)
        Unit length; all anchors, then all positives, then all negatives.
    margin : float
        0.1 in the paper.

    Returns
    -------
    TripletLoss

    Example
    -------
    >>> a, p, n = [1.0, 0.0], [0.6, 0.8], [0.6, -0.8]
    >>> triplet_loss(torch.tensor([a, p, n]), margin=0.1).loss
    tensor(0.1000)
    """
    anchors, positives, negatives = embeddings.float().chunk(3)
    positive = (anchors * positives).sum(dim=1)
    negative = (anchors * negatives).sum(dim=1)
    losses = torch.relu(negative - positive + margin)
    active = (losses > 0).float().mean()
    return TripletLoss(losses.mean(), active, positive.mean(), negative.mean())


def embedding_spread(embeddings: Tensor) -> Tensor:
    """Mean squared distance of unit-length embeddings to their mean.

    Parameters
    ----------
    embeddings : Tensor of shape (N, D)

    Returns
    -------
    Tensor, scalar in [0, 1]
        0 when all embeddings are the same: the model has collapsed.

    Example
    -------
    >>> embedding_spread(torch.tensor([[1.0, 0.0], [1.0, 0.0]]))
    tensor(0.)
    """
    return 1 - embeddings.float().mean(dim=0).square().sum()
