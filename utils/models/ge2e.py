"""The encoder of GE2E: an LSTM over overlapping partials of an utterance.

L. Wan et al., "Generalized End-to-End Loss for Speaker Verification", ICASSP 2018,
arXiv:1710.10467, section 2. Partials and sizes are those of Resemblyzer.
"""

import torch
from torch import Tensor, nn
from torch.nn.functional import normalize, pad, relu

from utils.models.pooling import valid_frames


class PartialsLSTM(nn.Module):
    """Filterbanks to the mean of the embeddings of partials.

    Each partial's is the last state of the highest layer, mapped, cut off at 0 and
    brought to unit length.

    Parameters
    ----------
    n_mels : int
        Filterbank channels F of the input.
    n_units : int
        Units of each layer.
    n_layers : int
    embedding_dim : int
    partial_frames, hop_frames : int
        Length of a partial, and from the beginning of one to that of the next. One
        that reaches beyond the end is filled up with zeros; it counts where it is
        the first, or more than three quarters full.

    Example
    -------
    >>> encoder = PartialsLSTM(n_mels=40, n_units=16, n_layers=1, embedding_dim=8)
    >>> encoder(torch.rand(2, 300, 40)).shape
    torch.Size([2, 8])
    """

    def __init__(
        self,
        n_mels: int,
        n_units: int,
        n_layers: int,
        embedding_dim: int,
        partial_frames: int = 160,
        hop_frames: int = 77,
    ) -> None:
        super().__init__()
        self.partial_frames, self.hop_frames = partial_frames, hop_frames
        self.lstm = nn.LSTM(n_mels, n_units, n_layers, batch_first=True)
        self.linear = nn.Linear(n_units, embedding_dim)

    def forward(self, feats: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Embed a batch of utterances.

        Parameters
        ----------
        feats : Tensor of shape (B, T, F)
            Any T of at least 1.
        lengths : Tensor of int, shape (B,), optional
            Valid frames of each utterance. None: all frames are valid.

        Returns
        -------
        Tensor of float32, shape (B, D)
            Embeddings of unit length.
        """
        feats = feats.masked_fill(~valid_frames(feats, lengths), 0)
        n_frames = feats.shape[1]
        if lengths is None:
            lengths = torch.full((1,), n_frames, device=feats.device)
        least = 3 * self.partial_frames // 4 + 1
        n_partials = 1 + max(0, n_frames - least - 1) // self.hop_frames
        n_needed = self.partial_frames + (n_partials - 1) * self.hop_frames
        feats = pad(feats, (0, 0, 0, max(0, n_needed - n_frames)))
        # (B, T, F) to (B, n, F, frames)
        partials = feats.unfold(1, self.partial_frames, self.hop_frames)
        starts = self.hop_frames * torch.arange(n_partials, device=feats.device)
        counts = (starts == 0) | (starts + least < lengths[:, None])  # (B, n)
        embedded = self._embed(partials.transpose(2, 3))  # (B, n, D)
        return normalize((counts.unsqueeze(2) * embedded).sum(dim=1), dim=1)

    def _embed(self, partials: Tensor) -> Tensor:
        """Map partials (B, n, frames, F) to embeddings of unit length (B, n, D)."""
        states, _ = self.lstm(partials.flatten(0, 1))  # (B * n, frames, hidden)
        embedded = normalize(relu(self.linear(states[:, -1])).float(), dim=1)
        return embedded.unflatten(0, partials.shape[:2])  # (B * n, D) to (B, n, D)
