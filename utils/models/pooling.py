"""From frames to one vector an utterance. Padding never counts.

Every pooling maps frames (B, T, D) and lengths (B,), or None when all T frames are
valid, to (B, n_outputs) in float32. Encoders take one by name, see `POOLINGS`, or as
a class of the same interface. SpeechBrain's `StatisticsPooling` loops over the
utterances and adds noise, so that no embedding can be repeated: hence these.
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn

_SMALLEST_VARIANCE = 1e-6  # keeps the gradient of the standard deviation finite


def valid_frames(x: Tensor, lengths: Tensor | None) -> Tensor:
    """Mark the frames that are not padding.

    Parameters
    ----------
    x : Tensor of shape (B, T, D)
    lengths : Tensor of int, shape (B,), or None

    Returns
    -------
    Tensor of bool, shape (B, T, 1)

    Example
    -------
    >>> valid_frames(torch.zeros(2, 3, 1), torch.tensor([3, 1])).squeeze(2).int()
    tensor([[1, 1, 1], [1, 0, 0]], dtype=torch.int32)
    """
    frames = torch.arange(x.shape[1], device=x.device)
    if lengths is None:
        return frames.new_ones(x.shape[:2], dtype=torch.bool).unsqueeze(2)
    return (frames < lengths[:, None]).unsqueeze(2)  # (B, T) to (B, T, 1)


def even_weights(x: Tensor, lengths: Tensor | None) -> Tensor:
    """Give every valid frame the same weight; (B, T, 1) that sum to one over T."""
    weights = valid_frames(x, lengths).float()
    return weights / weights.sum(dim=1, keepdim=True)


def weighted_mean(x: Tensor, weights: Tensor) -> Tensor:
    """Return sum_t w_t x_t of shape (B, D); frames of weight 0 may hold anything."""
    return (weights * x.masked_fill(weights == 0, 0)).sum(dim=1)


def weighted_statistics(x: Tensor, weights: Tensor) -> Tensor:
    """Return the weighted mean and standard deviation, side by side.

    Parameters
    ----------
    x : Tensor of shape (B, T, D)
    weights : Tensor of shape (B, T, 1)
        They sum to one over T.

    Returns
    -------
    Tensor of shape (B, 2 * D)

    Example
    -------
    >>> x = torch.tensor([[[1.0], [3.0], [99.0]]])
    >>> weighted_statistics(x, even_weights(x, torch.tensor([2])))
    tensor([[2., 1.]])
    """
    mean = weighted_mean(x, weights)  # (B, D)
    # (B, T, D) less (B, 1, D), averaged over T
    variance = weighted_mean((x - mean.unsqueeze(1)).square(), weights)  # (B, D)
    return torch.cat([mean, variance.clamp(min=_SMALLEST_VARIANCE).sqrt()], dim=1)


N_HIDDEN = 128  # units of the layer between a frame and its weight


class Pooling(nn.Module):
    """What every pooling has: the number of its outputs."""

    n_outputs: int


class MeanPooling(Pooling):
    """Mean over time.

    Parameters
    ----------
    n_inputs : int
        Channels D of the frames.
    """

    def __init__(self, n_inputs: int) -> None:
        super().__init__()
        self.n_outputs = n_inputs

    def forward(self, x: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Map (B, T, D) to (B, D)."""
        return weighted_mean(x.float(), even_weights(x, lengths))


class StatisticsPooling(Pooling):
    """Mean and standard deviation over time.

    D. Snyder et al., "X-vectors: Robust DNN embeddings for speaker recognition",
    ICASSP 2018.

    Parameters
    ----------
    n_inputs : int
        Channels D of the frames.
    """

    def __init__(self, n_inputs: int) -> None:
        super().__init__()
        self.n_outputs = 2 * n_inputs

    def forward(self, x: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Map (B, T, D) to (B, 2 * D)."""
        return weighted_statistics(x.float(), even_weights(x, lengths))


class Attention(nn.Module):
    """Weights of the frames, learnt: softmax over time of v' tanh(W x_t + b).

    Parameters
    ----------
    n_inputs : int
        Channels D of the frames.
    n_hidden : int
        Rows of W.
    n_heads : int
        Vectors v.
    """

    def __init__(self, n_inputs: int, n_hidden: int, n_heads: int) -> None:
        super().__init__()
        self.hidden = nn.Linear(n_inputs, n_hidden)
        # softmax ignores what all frames have in common, so a bias would do nothing
        self.heads = nn.Linear(n_hidden, n_heads, bias=False)

    def forward(self, x: Tensor, lengths: Tensor | None) -> Tensor:
        """Map (B, T, D) to weights (B, T, n_heads) that sum to one over T."""
        scores = self.heads(torch.tanh(self.hidden(x))).float()  # (B, T, n_heads)
        scores = scores.masked_fill(~valid_frames(x, lengths), -torch.inf)
        return scores.softmax(dim=1)


class SelfAttentivePooling(Pooling):
    """Weighted means over time, one for each head of an attention.

    Z. Lin et al., "A structured self-attentive sentence embedding", ICLR 2017,
    equations (5) to (7), without the penalty on similar heads; for speakers Y. Zhu
    et al., "Self-attentive speaker embeddings for text-independent speaker
    verification", Interspeech 2018.

    Parameters
    ----------
    n_inputs : int
        Channels D of the frames.
    n_hidden : int
        Hidden units of the attention.
    n_heads : int

    Example
    -------
    >>> pooling = SelfAttentivePooling(6, n_heads=2)
    >>> pooling(torch.randn(3, 10, 6)).shape, pooling.n_outputs
    (torch.Size([3, 12]), 12)
    """

    def __init__(
        self, n_inputs: int, n_hidden: int = N_HIDDEN, n_heads: int = 1
    ) -> None:
        super().__init__()
        self.attention = Attention(n_inputs, n_hidden, n_heads)
        self.n_outputs = n_heads * n_inputs

    def forward(self, x: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Map (B, T, D) to (B, n_heads * D)."""
        weights = self.attention(x, lengths).unbind(dim=2)  # n_heads of (B, T)
        x = x.float()
        # weights as (B, T, 1), means (B, D) side by side
        return torch.cat([weighted_mean(x, w.unsqueeze(2)) for w in weights], dim=1)


class AttentiveStatisticsPooling(Pooling):
    """Mean and standard deviation over time, weighted by an attention.

    K. Okabe et al., "Attentive statistics pooling for deep speaker embedding",
    Interspeech 2018, equations (3) to (6).

    Parameters
    ----------
    n_inputs : int
        Channels D of the frames.
    n_hidden : int
        Hidden units of the attention.
    """

    def __init__(self, n_inputs: int, n_hidden: int = N_HIDDEN) -> None:
        super().__init__()
        self.attention = Attention(n_inputs, n_hidden, n_heads=1)
        self.n_outputs = 2 * n_inputs

    def forward(self, x: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Map (B, T, D) to (B, 2 * D)."""
        return weighted_statistics(x.float(), self.attention(x, lengths))


class LastPooling(Pooling):
    """The last frame: the final state of a recurrent layer.

    Parameters
    ----------
    n_inputs : int
        Channels D of the frames.
    n_backward : int
        How many channels, the last ones, run backwards in time: their final state
        is at the first frame.
    """

    def __init__(self, n_inputs: int, n_backward: int = 0) -> None:
        super().__init__()
        self.n_outputs, self.n_backward = n_inputs, n_backward

    def forward(self, x: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Map (B, T, D) to (B, D)."""
        n_forward = self.n_outputs - self.n_backward
        utterances = torch.arange(len(x), device=x.device)
        last = x[utterances, -1 if lengths is None else lengths - 1]  # (B, D)
        return torch.cat([last[:, :n_forward], x[:, 0, n_forward:]], dim=1).float()


POOLINGS: dict[str, Callable[[int], Pooling]] = {
    "mean": MeanPooling,
    "statistics": StatisticsPooling,
    "self_attentive": SelfAttentivePooling,
    "attentive_statistics": AttentiveStatisticsPooling,
    "last": LastPooling,
}


def make_pooling(kind: str | Callable[[int], Pooling], n_inputs: int) -> Pooling:
    """Build the pooling of an encoder.

    Parameters
    ----------
    kind : str or callable
        A name in `POOLINGS`, or what builds a pooling of a number of channels.
    n_inputs : int
        Channels D of the frames.

    Returns
    -------
    Module
        Maps (B, T, D) and lengths to (B, n_outputs).

    Raises
    ------
    ValueError
        An unknown name.

    Example
    -------
    >>> make_pooling("statistics", 8).n_outputs
    16
    """
    if not isinstance(kind, str):
        return kind(n_inputs)
    if kind not in POOLINGS:
        raise ValueError(f"no pooling {kind!r}; there are {', '.join(POOLINGS)}")
    return POOLINGS[kind](n_inputs)
