"""ResCNN, the residual convolutional encoder of Deep Speaker.

C. Li et al., "Deep Speaker: an End-to-End Neural Speaker Embedding System",
arXiv:1705.02304, section 3.1.
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn.functional import hardtanh, normalize

from utils.models.pooling import Pooling, make_pooling

_CLIP = 20.0  # the paper's clipped rectifier: min(max(x, 0), 20)


def clipped_relu(x: Tensor) -> Tensor:
    """Rectify to the range [0, 20].

    Example
    -------
    >>> clipped_relu(torch.tensor([-1.0, 3.0, 25.0]))
    tensor([ 0.,  3., 20.])
    """
    return hardtanh(x, 0.0, _CLIP)


def masked(x: Tensor, lengths: Tensor | None) -> Tensor:
    """Set frames beyond each utterance's length to zero.

    Parameters
    ----------
    x : Tensor of shape (B, C, T, F)
    lengths : Tensor of shape (B,) or None
        Valid frames of each utterance; None leaves ``x`` as it is.

    Returns
    -------
    Tensor of shape (B, C, T, F)
    """
    if lengths is None:
        return x
    frames = torch.arange(x.shape[2], device=x.device)
    is_valid = frames < lengths[:, None]  # (B, T)
    return x * is_valid[:, None, :, None]  # (B, C, T, F)


class ResidualBlock(nn.Module):
    """Identity block: two 3x3 convolutions with batch norm and clipped ReLU.

    Parameters
    ----------
    channels : int
        Filters of both convolutions, equal to the input's channels.

    Example
    -------
    >>> ResidualBlock(8)(torch.rand(2, 8, 10, 4)).shape
    torch.Size([2, 8, 10, 4])
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, channels, 3, padding=1)
        self.norm1 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1)
        self.norm2 = nn.BatchNorm2d(channels)

    def forward(self, x: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Map (B, C, T, F) to the same shape."""
        y = masked(clipped_relu(self.norm1(self.conv1(x))), lengths)
        y = self.norm2(self.conv2(y))
        return masked(clipped_relu(x + y), lengths)


class Stage(nn.Module):
    """A stride-2 5x5 convolution, then identity blocks: halves time and frequency.

    Parameters
    ----------
    in_channels, channels : int
        Input channels, and filters of every convolution of the stage.
    n_blocks : int
        Number of residual blocks.
    """

    def __init__(self, in_channels: int, channels: int, n_blocks: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(in_channels, channels, 5, stride=2, padding=2)
        self.norm = nn.BatchNorm2d(channels)
        self.blocks = nn.ModuleList(ResidualBlock(channels) for _ in range(n_blocks))

    def forward(
        self, x: Tensor, lengths: Tensor | None
    ) -> tuple[Tensor, Tensor | None]:
        """Map (B, C, T, F) to (B, C', ceil(T/2), ceil(F/2)), and the lengths."""
        lengths = None if lengths is None else (lengths + 1) // 2
        x = masked(clipped_relu(self.norm(self.conv(x))), lengths)
        for block in self.blocks:
            x = block(x, lengths)
        return x, lengths


class ResCNN(nn.Module):
    """Deep Speaker's ResCNN: filterbanks to unit-length speaker embeddings.

    Four stages of 1, 2, 4 and 8 times ``width`` filters, pooling over time, an
    affine layer and length normalisation. With the paper's sizes and 64 channels it has
    24,172,288 trainable parameters.

    Parameters
    ----------
    n_mels : int
        Filterbank channels F of the input.
    width : int
        Filters of the first stage; 64 in the paper.
    n_blocks : int
        Residual blocks in each stage; 3 in the paper.
    embedding_dim : int
        Dimension D of the embedding; 512 in the paper.
    normalise_input : bool
        Give every channel of the input zero mean and unit variance over the
        training data, by batch norm without trainable parameters. For features that
        keep the average spectrum.
    pooling : str or callable
        See `utils.models.pooling`; the mean in the paper.

    Example
    -------
    >>> encoder = ResCNN(n_mels=64, width=4, n_blocks=1, embedding_dim=16)
    >>> encoder(torch.randn(2, 160, 64)).shape
    torch.Size([2, 16])
    """

    def __init__(
        self,
        n_mels: int,
        width: int,
        n_blocks: int,
        embedding_dim: int,
        normalise_input: bool = False,
        pooling: str | Callable[[int], Pooling] = "mean",
    ) -> None:
        super().__init__()
        self.input_norm = (
            nn.BatchNorm1d(n_mels, affine=False) if normalise_input else nn.Identity()
        )
        channels = [width, 2 * width, 4 * width, 8 * width]
        in_channels = [1, *channels[:-1]]
        self.stages = nn.ModuleList(
            Stage(c_in, c_out, n_blocks)
            for c_in, c_out in zip(in_channels, channels, strict=True)
        )
        n_bins = n_mels
        for _ in channels:
            n_bins = (n_bins + 1) // 2
        self.pooling = make_pooling(pooling, channels[-1] * n_bins)
        self.affine = nn.Linear(self.pooling.n_outputs, embedding_dim)
        # torch's annotations know a memory format beside a type or a device alone
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def forward(self, feats: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Embed a batch of utterances.

        Parameters
        ----------
        feats : Tensor of shape (B, T, F)
            Normalised filterbanks; any T of at least 1.
        lengths : Tensor of int, shape (B,), optional
            Valid frames of each utterance. Frames beyond do not change its
            embedding. None: all frames are valid.

        Returns
        -------
        Tensor of float32, shape (B, D)
            Embeddings of unit length.
        """
        x = self.input_norm(feats.transpose(1, 2)).transpose(1, 2)  # over (B, F, T)
        x = x.unsqueeze(1)  # (B, 1, T, F)
        x = masked(x.contiguous(memory_format=torch.channels_last), lengths)
        for stage in self.stages:
            x, lengths = stage(x, lengths)  # (B, C, ceil(T/2), ceil(F/2))
        x = x.transpose(1, 2).flatten(2)  # (B, C, T', F') to (B, T', C*F')
        return normalize(self.affine(self.pooling(x, lengths)).float(), dim=1)
