"""Outputs and loss of a network that tells levels in an order.

W. Cao, V. Mirjalili and S. Raschka, "Rank consistent ordinal regression for neural
networks", Pattern Recognition Letters 140, 2020 (CORAL).
"""

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits


class OrdinalOutputs(nn.Module):
    """Map unit-length embeddings (B, D) to log-odds (B, K - 1) of levels above k.

    One direction for all of them, and offsets of their own.

    Example
    -------
    >>> OrdinalOutputs(4, 3)(torch.eye(4)).shape
    torch.Size([4, 2])
    """

    def __init__(self, embedding_dim: int, n_levels: int) -> None:
        super().__init__()
        self.gain = embedding_dim**0.5  # dimensions of deviation 1
        self.direction = nn.Linear(embedding_dim, 1, bias=False)
        shares = torch.arange(n_levels - 1, 0, -1) / n_levels  # above each cut
        self.offsets = nn.Parameter(torch.logit(shares))

    def forward(self, embeddings: Tensor) -> Tensor:
        """Compute the outputs."""
        return self.direction(self.gain * embeddings) + self.offsets

    def layer(self) -> tuple[np.ndarray, np.ndarray]:
        """Return weights (D, K - 1) and offsets (K - 1,) of the embeddings."""
        direction = self.gain * self.direction.weight[0].detach().cpu().double().numpy()
        offsets = self.offsets.detach().cpu().double().numpy()
        weights = np.repeat(direction[:, None], len(offsets), axis=1)
        return weights, np.sort(offsets)[::-1]  # no level is less likely than never


def ordinal_cross_entropy(outputs: Tensor, levels: Tensor) -> Tensor:
    """Return CORAL's loss, equation (4), of each utterance: (B,).

    Parameters
    ----------
    outputs : Tensor of shape (B, K - 1)
    levels : Tensor of int, shape (B,)

    Example
    -------
    >>> ordinal_cross_entropy(torch.zeros(1, 2), torch.tensor([1]))
    tensor([1.3863])
    """
    cuts = torch.arange(outputs.shape[1], device=outputs.device)
    is_above = (levels[:, None] > cuts).to(outputs)  # (B, K - 1)
    losses = binary_cross_entropy_with_logits(outputs, is_above, reduction="none")
    return losses.sum(dim=1)
