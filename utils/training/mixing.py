"""Two voices in one crop: more speech than there is, for a student of a teacher.

What H. Zhang et al., "mixup", ICLR 2018, do with two examples and their labels, done
with the powers of two voices and a teacher's embeddings of them.
"""

import math
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import normalize

_NEPERS_PER_DB = math.log(10) / 10  # of a power


class Mixture(NamedTuple):
    """Who else speaks in the crops of a batch.

    Attributes
    ----------
    partners : Tensor of int64, shape (B,)
        The crop that was mixed in, by its number in the batch.
    shares : Tensor of float32, shape (B,)
        Its share of the power, in [0, 0.5]; 0 where nothing was.

    Example
    -------
    >>> mixture = Mixture(torch.tensor([0, 0]), torch.tensor([0.0, 0.5]))
    >>> mixture.is_single
    tensor([ True, False])
    >>> mixture.blend(torch.eye(2))
    tensor([[1.0000, 0.0000],
            [0.7071, 0.7071]])
    """

    partners: Tensor
    shares: Tensor

    @property
    def is_single(self) -> Tensor:
        """Whether each crop holds one voice alone: (B,)."""
        return self.shares == 0

    def blend(self, targets: Tensor) -> Tensor:
        """Mix what a teacher says of the crops, by power: unit vectors (B, D)."""
        shares = self.shares[:, None]
        return normalize((1 - shares) * targets + shares * targets[self.partners])


class VoiceMixing(nn.Module):
    """Let another crop of the batch speak in a share of the crops.

    Parameters
    ----------
    share : float
        Share of the crops, in [0, 1), that are mixed.
    below_db : pair of float
        How far below the crop's level the other's lies, 0 or more.

    Raises
    ------
    ValueError
        A share or a level out of range.

    Example
    -------
    >>> feats, mixture = VoiceMixing(0.5, (0.0, 12.0))(torch.zeros(4, 10, 2))
    >>> int(mixture.is_single.sum())
    2
    """

    def __init__(self, share: float, below_db: tuple[float, float]) -> None:
        super().__init__()
        if not 0 <= share < 1:
            raise ValueError(f"the share of mixed crops is 0 to 1, below 1: {share}")
        if not 0 <= below_db[0] <= below_db[1]:
            raise ValueError(f"mixed voices are 0 dB or more below: {below_db}")
        self.share, self.below_db = share, tuple(below_db)

    def forward(self, feats: Tensor) -> tuple[Tensor, Mixture]:
        """Mix crops (B, T, F) of natural logarithms of power, such as Kaldi's.

        Each channel keeps its mean over the crop, which most front-ends take off.
        """
        n_crops = len(feats)
        order = torch.randperm(n_crops, device=feats.device)
        chosen, partners = order[: int(self.share * n_crops)], order.roll(1)
        others = torch.arange(n_crops, device=feats.device)
        others[chosen] = partners[: len(chosen)]
        shares = torch.zeros(n_crops, device=feats.device)
        below = torch.empty(len(chosen), device=feats.device).uniform_(*self.below_db)
        below = below * _NEPERS_PER_DB
        shares[chosen] = torch.sigmoid(-below)  # of power e^-below beside 1
        # (n_chosen, T, F), each beside another that is e^-below as powerful
        mixed = torch.logaddexp(
            feats[chosen], feats[others[chosen]] - below[:, None, None]
        )
        mixed += (feats[chosen] - mixed).mean(dim=1, keepdim=True)
        return feats.index_copy(0, chosen, mixed), Mixture(others, shares)
