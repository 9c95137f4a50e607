"""CAM++ for embedding alone: the same function in fewer passes over the memory.

Batch norms are folded into the layers beside them; the dense layers hold their channels
last, so that their convolutions are matrix products, and write them into one buffer.
"""

import copy

import torch
from torch import Tensor, nn
from torch.nn.functional import pad, relu
from torch.nn.utils.fusion import fuse_conv_bn_eval

from utils.models.campplus import (
    SEGMENT,
    CAMPlusPlus,
    DenseLayer,
    FrontConvolution,
    ResidualBlock,
    Transition,
)

# frames of a batch are filled up to a multiple of this, as bfloat16's product of
# matrices is prepared anew for each shape, which takes longer than the product
_ROWS = 128


def fused_head(head: FrontConvolution) -> FrontConvolution:
    """Return a copy whose convolutions have the batch norms after them in them."""
    head = copy.deepcopy(head)
    for module in head.modules():
        if isinstance(module, FrontConvolution | ResidualBlock):
            for conv, norm in (("conv1", "bn1"), ("conv2", "bn2")):
                pair = getattr(module, conv), getattr(module, norm)
                setattr(module, conv, fuse_conv_bn_eval(*pair))
                setattr(module, norm, nn.Identity())
        if isinstance(module, ResidualBlock) and len(module.shortcut):
            module.shortcut = nn.Sequential(fuse_conv_bn_eval(*module.shortcut))
    head.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return head


class FusedNorm(nn.Module):
    """Batch norm over the last axis, and a rectifier.

    Parameters
    ----------
    norm : BatchNorm1d
        In evaluation mode.

    Example
    -------
    >>> norm, x = nn.BatchNorm1d(3).eval(), torch.randn(5, 3)
    >>> torch.allclose(FusedNorm(norm)(x), relu(norm(x)))
    True
    """

    scale: Tensor
    shift: Tensor

    def __init__(self, norm: nn.BatchNorm1d) -> None:
        super().__init__()
        assert norm.running_mean is not None and norm.running_var is not None
        scale = norm.weight * (norm.running_var + norm.eps).rsqrt()
        self.register_buffer("scale", scale.detach())
        self.register_buffer("shift", (norm.bias - norm.running_mean * scale).detach())

    def forward(self, x: Tensor) -> Tensor:
        """Map (..., C) to (..., C), none below 0."""
        return torch.addcmul(self.shift, x, self.scale).relu_()


class FusedDenseLayer(nn.Module):
    """What a `DenseLayer` adds to its inputs, channels last.

    Parameters
    ----------
    layer : DenseLayer
        In evaluation mode.
    """

    def __init__(self, layer: DenseLayer) -> None:
        super().__init__()
        masked, local = layer.masked, layer.masked.local
        self.norm = FusedNorm(layer.bn1)
        self.bottleneck = as_linear(fuse_conv_bn_eval(layer.bottleneck, layer.bn2))
        self.squeeze, self.expand = as_linear(masked.squeeze), as_linear(masked.expand)
        self.local = as_linear(local)
        self.dilation = int(local.dilation[0])

    def forward(self, rows: Tensor, shape: tuple[int, int]) -> Tensor:
        """Map frames (N, C), of which the first B * T are those of a batch.

        Returns
        -------
        Tensor of shape (B, T, growth)
        """
        x = self.bottleneck(self.norm(rows)).relu_()
        x = x[: shape[0] * shape[1]].unflatten(0, shape)  # (B, T, 4 * growth)
        segments = [own.mean(dim=1) for own in x.split(SEGMENT, dim=1)]
        context = x.mean(dim=1, keepdim=True) + torch.stack(segments, dim=1)
        mask = self.expand(self.squeeze(context).relu_()).sigmoid_()  # (B, T / 100, G)
        mask = mask.repeat_interleave(SEGMENT, dim=1)[:, : x.shape[1]]
        return mask * self.local(self.neighbours(x))

    def neighbours(self, x: Tensor) -> Tensor:
        """Join each frame with those ``dilation`` before and after: (B, T, 3 * C)."""
        n_frames, n = x.shape[1], self.dilation
        padded = pad(x, (0, 0, n, n))
        parts = [padded[:, tap * n : tap * n + n_frames] for tap in range(3)]
        return torch.cat(parts, dim=2)


class FusedBlock(nn.Module):
    """A block of dense layers, channels last.

    Parameters
    ----------
    block : Module
        Its children are `DenseLayer`.
    """

    def __init__(self, block: nn.Module) -> None:
        super().__init__()
        layers = [own for own in block.children() if isinstance(own, DenseLayer)]
        self.growth = layers[0].masked.local.out_channels
        self.layers = nn.ModuleList([FusedDenseLayer(own) for own in layers])

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, T, C) to (B, T, C + n_layers * growth), in one buffer."""
        (*shape, n_known), n = x.shape, self.growth
        n_frames = shape[0] * shape[1]
        n_rows = -(-n_frames // _ROWS) * _ROWS
        rows = x.new_zeros(n_rows, n_known + n * len(self.layers))
        joined = rows[:n_frames].unflatten(0, shape)
        joined[:, :, :n_known] = x
        for layer in self.layers:
            joined[:, :, n_known : n_known + n] = layer(rows[:, :n_known], shape)
            n_known += n
        return joined


class FusedTransition(nn.Module):
    """A `Transition`, channels last."""

    def __init__(self, transition: Transition) -> None:
        super().__init__()
        self.norm = FusedNorm(transition.bn)
        self.linear = as_linear(transition.conv)

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, T, C) to (B, T, C / 2)."""
        return self.linear(self.norm(x))


def as_linear(conv: nn.Conv1d) -> nn.Linear:
    """Make a layer over the last axis of a convolution over time, tap by tap.

    Example
    -------
    >>> conv, x = nn.Conv1d(4, 2, 3), torch.randn(5, 4, 3)
    >>> found = as_linear(conv)(x.transpose(1, 2).flatten(1))
    >>> torch.allclose(found, conv(x)[:, :, 0], atol=1e-6)
    True
    """
    weights, bias = conv.weight, conv.bias
    layer = nn.Linear(weights[0].numel(), len(weights), bias=bias is not None)
    layer.weight = nn.Parameter(weights.detach().transpose(1, 2).flatten(1))
    if bias is not None:
        layer.bias = nn.Parameter(bias.detach())
    return layer


class FusedCAMPlusPlus(nn.Module):
    """A `CAMPlusPlus` that embeds in half of the time; it cannot be trained.

    Parameters
    ----------
    model : CAMPlusPlus
        In evaluation mode; stays as it is.
    dtype : torch.dtype
        Arithmetic but for the statistics and the embedding, which are in float32.

    Example
    -------
    >>> model = CAMPlusPlus(80, 4, 16, n_layers=[2, 1], growth=4, embedding_dim=24)
    >>> model, feats = model.eval(), torch.randn(2, 150, 80)
    >>> torch.allclose(FusedCAMPlusPlus(model)(feats), model(feats), atol=1e-4)
    True
    """

    def __init__(self, model: CAMPlusPlus, dtype: torch.dtype = torch.float32) -> None:
        super().__init__()
        self.head = fused_head(model.head)
        self.tdnn = fuse_conv_bn_eval(model.tdnn, model.tdnn_bn)
        self.body = nn.Sequential()
        for block, transition in zip(model.blocks, model.transitions, strict=True):
            assert isinstance(transition, Transition)
            self.body.extend([FusedBlock(block), FusedTransition(transition)])
        self.out_norm = FusedNorm(model.out_bn)
        self.to(dtype).requires_grad_(False)
        self.dense, self.dense_bn, self.dtype = model.dense, model.dense_bn, dtype

    def forward(self, feats: Tensor) -> Tensor:
        """Embed utterances of one length; see `CAMPlusPlus.forward`."""
        x = self.head(feats.to(self.dtype).transpose(1, 2))  # (B, C, T)
        x = relu(self.tdnn(x)).transpose(1, 2)  # (B, ceil(T / 2), n_first)
        x = self.out_norm(self.body(x)).float()
        mean, n = x.mean(dim=1, keepdim=True), x.shape[1]
        std = (x - mean).square_().sum(dim=1).div_(n - 1).sqrt_()
        statistics = torch.cat([mean.squeeze(1), std], dim=1)  # (B, 2 * C)
        return self.dense_bn(self.dense(statistics))
