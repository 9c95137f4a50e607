"""Losses on embeddings that SpeechBrain does not have.

The modules map embeddings (B, D) of unit length and their speakers (B,), two crops or
more of each, to a loss. Any order of the batch gives the same loss, but for the
prototypical ones, whose queries are the first crops of the speakers.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, normalize, one_hot

from utils.training.mining import MINERS, mine_triplets

FIRST_W, FIRST_B = 10.0, -5.0  # of `Scale`, as both papers that use it begin


class Triplets(NamedTuple):
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


def triplet_loss(embeddings: Tensor, margin: float) -> Triplets:
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
    Triplets

    Example
    -------
    >>> a, p, n = [1.0, 0.0], [0.6, 0.8], [0.6, -0.8]
    >>> triplet_loss(torch.tensor([a, p, n]), margin=0.1).loss
    tensor(0.1000)
    """
    anchors, positives, negatives = embeddings.float().chunk(3)  # (n_triplets, D)
    positive = (anchors * positives).sum(dim=1)
    negative = (anchors * negatives).sum(dim=1)
    losses = torch.relu(negative - positive + margin)
    active = (losses > 0).float().mean()
    return Triplets(losses.mean(), active, positive.mean(), negative.mean())


def mined_triplet_loss(
    embeddings: Tensor, speakers: Tensor, margin: float, mining: str
) -> Triplets:
    """Triplet loss of the triplets that are mined within a batch.

    Parameters
    ----------
    embeddings : Tensor of shape (B, D)
        Vectors of unit length.
    speakers : Tensor of int, shape (B,)
    margin : float
    mining : str
        See `utils.training.mining.mine_triplets`. With ``batch_all`` the loss is the
        mean over the active triplets alone (A. Hermans et al., arXiv:1703.07737,
        section 2).

    Returns
    -------
    Triplets

    Example
    -------
    >>> embeddings = torch.tensor([[1.0, 0.0], [0.8, 0.6], [0.6, 0.8], [0.0, 1.0]])
    >>> speakers = torch.tensor([0, 0, 1, 1])
    >>> mined_triplet_loss(embeddings, speakers, margin=0.1, mining="hard").loss
    tensor(0.1300)
    """
    embeddings = embeddings.float()
    similarity = embeddings @ embeddings.T  # (B, B)
    anchors, positives, negatives = mine_triplets(embeddings, speakers, mining).T
    positive, negative = similarity[anchors, positives], similarity[anchors, negatives]
    losses = torch.relu(negative - positive + margin)
    n_active = (losses > 0).sum()
    n_counted = n_active.clamp(min=1) if mining == "batch_all" else len(losses)
    return Triplets(
        losses.sum() / n_counted,
        n_active / len(losses),
        positive.mean(),
        negative.mean(),
    )


class TripletLoss(nn.Module):
    """`mined_triplet_loss` as a module.

    Parameters
    ----------
    margin : float
    mining : str
        ``random``, ``semi_hard``, ``hard`` or ``batch_all``.
    """

    def __init__(self, margin: float, mining: str) -> None:
        super().__init__()
        if mining not in MINERS:
            raise ValueError(f"no mining {mining!r}; there are {', '.join(MINERS)}")
        self.margin, self.mining = margin, mining

    def forward(self, embeddings: Tensor, speakers: Tensor) -> Tensor:
        """Return the loss of embeddings (B, D) and their speakers (B,)."""
        return mined_triplet_loss(embeddings, speakers, self.margin, self.mining).loss


class Speakers(NamedTuple):
    """Whose the crops of a batch are.

    Attributes
    ----------
    number : Tensor of int64, shape (B,)
        Each crop's speaker, counted from 0 within the batch.
    members : Tensor of float32, shape (B, P)
        One-hot rows of ``number``.
    counts : Tensor of int64, shape (P,)
    """

    number: Tensor
    members: Tensor
    counts: Tensor


def speakers_of(labels: Tensor) -> Speakers:
    """Give the speakers of a batch numbers from 0.

    Raises
    ------
    ValueError
        A single speaker, or a speaker with a single crop.
    """
    _, number, counts = labels.unique(return_inverse=True, return_counts=True)
    if len(counts) < 2 or counts.min() < 2:
        raise ValueError("the loss needs two speakers or more with two crops or more")
    return Speakers(number, one_hot(number).float(), counts)


class Scale(nn.Module):
    """Learnt scale w > 0 and offset b of cosine similarities.

    Parameters
    ----------
    w, b : float
        Where they begin.
    """

    def __init__(self, w: float, b: float) -> None:
        super().__init__()
        self.w, self.b = nn.Parameter(torch.tensor(w)), nn.Parameter(torch.tensor(b))

    def forward(self, cosines: Tensor) -> Tensor:
        """Return w * cosines + b."""
        return self.w.clamp(min=1e-6) * cosines + self.b


class GE2E(nn.Module):
    """Generalised end-to-end loss.

    L. Wan et al., "Generalized end-to-end loss for speaker verification",
    arXiv:1710.10467: scaled similarities to the speakers' centroids, equation (5), a
    crop's own centroid without the crop, equation (8); then, of each crop, the mean
    over the batch of equation (6) or (7).

    Parameters
    ----------
    contrast : bool
        The contrast loss, equation (7), in place of the softmax, equation (6).
    w, b : float
        Where the scale and the offset begin.

    Example
    -------
    >>> embeddings = torch.tensor([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0], [0.0, 1.0]])
    >>> GE2E(w=10.0)(embeddings, torch.tensor([0, 0, 1, 1]))  # ln(1 + exp(-10))
    tensor(4.54...e-05, grad_fn=<...>)
    """

    def __init__(self, contrast: bool = False, w: float = FIRST_W, b: float = FIRST_B):
        super().__init__()
        self.contrast, self.scale = contrast, Scale(w, b)

    def forward(self, embeddings: Tensor, speakers: Tensor) -> Tensor:
        """Return the loss of embeddings (B, D) and their speakers (B,)."""
        embeddings = embeddings.float()
        number, members, counts = speakers_of(speakers)
        sums = members.T @ embeddings  # (P, D)
        own = (sums[number] - embeddings) / (counts[number, None] - 1)  # equation (8)
        cosines = normalize(embeddings) @ normalize(sums).T  # (B, P)
        own_cosines = (normalize(embeddings) * normalize(own)).sum(dim=1, keepdim=True)
        similarity = self.scale(torch.where(members > 0, own_cosines, cosines))
        if not self.contrast:
            return cross_entropy(similarity, number)
        right = similarity[members > 0].sigmoid()
        wrong = similarity.masked_fill(members > 0, -torch.inf).amax(dim=1).sigmoid()
        return (1 - right + wrong).mean()


class Prototypical(nn.Module):
    """Prototypical loss: the nearest centroid to a speaker's query is to be its own.

    J. Snell et al., "Prototypical networks for few-shot learning", arXiv:1703.05175,
    as J. S. Chung et al., "In defence of metric learning for speaker recognition",
    arXiv:2003.11982, use it: one crop of each speaker, here the first, is the query,
    the mean of the others the prototype.

    Parameters
    ----------
    angular : bool
        Scaled cosines, as the latter propose, in place of negative squared distances.
    w, b : float
        Where the scale and the offset of the cosines begin.

    Example
    -------
    >>> embeddings = torch.tensor([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0], [0.0, 1.0]])
    >>> Prototypical()(embeddings, torch.tensor([0, 0, 1, 1]))  # ln(1 + exp(-2))
    tensor(0.1269)
    """

    def __init__(self, angular: bool = False, w: float = FIRST_W, b: float = FIRST_B):
        super().__init__()
        self.scale = Scale(w, b) if angular else None

    def forward(self, embeddings: Tensor, speakers: Tensor) -> Tensor:
        """Return the loss of embeddings (B, D) and their speakers (B,)."""
        embeddings = embeddings.float()
        number, members, counts = speakers_of(speakers)
        rows = torch.arange(len(number), device=number.device)
        first = rows.new_full(counts.shape, len(rows))
        first = first.scatter_reduce(0, number, rows, "amin")  # (P,)
        queries = embeddings[first]  # (P, D)
        prototypes = (members.T @ embeddings - queries) / (counts[:, None] - 1)
        if self.scale is None:
            similarity = -(queries[:, None] - prototypes).square().sum(dim=2)  # (P, P)
        else:
            similarity = self.scale(normalize(queries) @ normalize(prototypes).T)
        return cross_entropy(similarity, torch.arange(len(first)).to(number))


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
