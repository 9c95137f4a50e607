"""Recurrent encoders: Deep Speaker's GRU, and plain RNN, LSTM and BiLSTM.

C. Li et al., "Deep Speaker: an End-to-End Neural Speaker Embedding System",
arXiv:1705.02304, section 3.2, for the GRU.
"""

from collections.abc import Callable

from torch import Tensor, nn
from torch.nn.functional import normalize
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from utils.models.pooling import LastPooling, Pooling, make_pooling
from utils.models.rescnn import Stage, masked

CELLS: dict[str, Callable[..., nn.RNNBase]] = {
    "rnn": nn.RNN,
    "gru": nn.GRU,
    "lstm": nn.LSTM,
}


class RecurrentLayers(nn.Module):
    """Recurrent layers one above the other, forward or in both directions.

    Recurrent weights begin orthogonal, gate by gate, which keeps the gradient's
    norm through time (A. Saxe et al., arXiv:1312.6120); the forget gate of an LSTM
    begins open (R. Jozefowicz et al., ICML 2015).

    Parameters
    ----------
    n_inputs : int
        Channels of the input.
    cell : str
        ``rnn`` (tanh), ``gru`` or ``lstm``.
    n_units : int
        Units of each layer and direction.
    n_layers : int
    bidirectional : bool
    residual : bool
        All layers but the first see their input through layer norm, and add to it.
        Plain RNNs need that to be deep.

    Example
    -------
    >>> import torch
    >>> layers = RecurrentLayers(40, "lstm", n_units=8, n_layers=2, bidirectional=True)
    >>> layers(torch.randn(3, 20, 40)).shape, layers.n_outputs
    (torch.Size([3, 20, 16]), 16)
    """

    def __init__(
        self,
        n_inputs: int,
        cell: str,
        n_units: int,
        n_layers: int,
        bidirectional: bool = False,
        residual: bool = False,
    ) -> None:
        super().__init__()
        if cell not in CELLS:
            raise ValueError(
                f"no recurrent cell {cell!r}; there are {', '.join(CELLS)}"
            )
        self.residual, self.bidirectional = residual, bidirectional
        self.n_outputs = 2 * n_units if bidirectional else n_units
        layers = [
            CELLS[cell](size, n_units, batch_first=True, bidirectional=bidirectional)
            for size in [n_inputs] + [self.n_outputs] * (n_layers - 1)
        ]
        for layer in layers:
            initialise(layer)
        self.layers = nn.ModuleList(layers)
        self.norms = nn.ModuleList(
            nn.LayerNorm(self.n_outputs) if residual else nn.Identity()
            for _ in self.layers[1:]
        )

    def forward(self, x: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Map (B, T, n_inputs) to (B, T, n_outputs)."""
        x = self._run(self.layers[0], x, lengths)
        for norm, layer in zip(self.norms, self.layers[1:], strict=True):
            y = self._run(layer, norm(x), lengths)
            x = x + y if self.residual else y
        return x

    def _run(self, layer: nn.Module, x: Tensor, lengths: Tensor | None) -> Tensor:
        """Run one layer; a backward direction begins where the utterance ends."""
        if lengths is None or not self.bidirectional:
            return layer(x)[0]
        packed = pack_padded_sequence(
            x, lengths.cpu(), batch_first=True, enforce_sorted=False
        )
        y, _ = pad_packed_sequence(
            layer(packed)[0], batch_first=True, total_length=x.shape[1]
        )
        return y


def initialise(layer: nn.RNNBase) -> None:
    """Begin with orthogonal recurrent weights, no bias, and open forget gates."""
    n_units = layer.hidden_size
    for name, weights in layer.named_parameters():
        if name.startswith("weight_hh"):
            for gate in weights.data.split(n_units):
                nn.init.orthogonal_(gate)
        elif name.startswith("weight_ih"):
            for gate in weights.data.split(n_units):
                nn.init.xavier_uniform_(gate)
        else:
            nn.init.zeros_(weights)
            if isinstance(layer, nn.LSTM) and name.startswith("bias_ih"):
                weights.data[n_units : 2 * n_units] = 1.0


class RecurrentEncoder(nn.Module):
    """Recurrent encoder: filterbanks to unit-length speaker embeddings.

    With 64 filters, three GRU layers of 1024 units and mean pooling it is Deep
    Speaker's GRU, of 22,565,120 trainable parameters.

    Parameters
    ----------
    n_mels : int
        Filterbank channels F of the input.
    layers : callable
        Builds the recurrent layers for a number of inputs: a partial
        `RecurrentLayers`.
    embedding_dim : int
        Dimension D of the embedding.
    n_filters : int
        Filters of a stride-2 5x5 convolution in front, which halves time and
        frequency. 0: none; then every channel of the input gets zero mean and unit
        variance over the training data, so that no gate begins saturated.
    pooling : str or callable
        See `utils.models.pooling`.

    Example
    -------
    >>> from functools import partial
    >>> import torch
    >>> layers = partial(RecurrentLayers, cell="gru", n_units=8, n_layers=2)
    >>> encoder = RecurrentEncoder(64, layers, n_filters=4, embedding_dim=16)
    >>> encoder(torch.randn(2, 160, 64)).shape
    torch.Size([2, 16])
    """

    def __init__(
        self,
        n_mels: int,
        layers: Callable[[int], RecurrentLayers],
        embedding_dim: int,
        n_filters: int = 0,
        pooling: str | Callable[[int], Pooling] = "mean",
    ) -> None:
        super().__init__()
        self.front: ConvolutionFront | ChannelNorm
        if n_filters:
            self.front = ConvolutionFront(n_mels, n_filters)
        else:
            self.front = ChannelNorm(n_mels)
        self.layers = layers(self.front.n_outputs)
        self.pooling = make_pooling(pooling, self.layers.n_outputs)
        if isinstance(self.pooling, LastPooling) and self.layers.bidirectional:
            self.pooling.n_backward = self.layers.n_outputs // 2
        self.affine = nn.Linear(self.pooling.n_outputs, embedding_dim)

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
        x, lengths = self.front(feats, lengths)  # (B, T', n_inputs)
        x = self.layers(x, lengths)  # (B, T', n_outputs)
        x = self.pooling(x, lengths)  # (B, n_pooled)
        return normalize(self.affine(x).float(), dim=1)


class ChannelNorm(nn.Module):
    """Zero mean and unit variance of every channel, over the training data.

    Parameters
    ----------
    n_channels : int
    """

    def __init__(self, n_channels: int) -> None:
        super().__init__()
        self.n_outputs = n_channels
        self.norm = nn.BatchNorm1d(n_channels, affine=False)

    def forward(
        self, x: Tensor, lengths: Tensor | None
    ) -> tuple[Tensor, Tensor | None]:
        """Normalise (B, T, F); the lengths stay."""
        return self.norm(x.transpose(1, 2)).transpose(1, 2), lengths  # over (B, F, T)


class ConvolutionFront(nn.Module):
    """A stride-2 5x5 convolution with batch norm and clipped ReLU.

    Parameters
    ----------
    n_mels : int
        Channels F of the input.
    n_filters : int
        Filters C.
    """

    def __init__(self, n_mels: int, n_filters: int) -> None:
        super().__init__()
        self.stage = Stage(1, n_filters, n_blocks=0)
        self.n_outputs = n_filters * ((n_mels + 1) // 2)

    def forward(
        self, x: Tensor, lengths: Tensor | None
    ) -> tuple[Tensor, Tensor | None]:
        """Map (B, T, F) to (B, ceil(T/2), C * ceil(F/2)), and halve the lengths."""
        x = masked(x.unsqueeze(1), lengths)  # (B, 1, T, F)
        x, lengths = self.stage(x, lengths)  # (B, C, T', F')
        return x.transpose(1, 2).flatten(2), lengths  # (B, T', C*F')
