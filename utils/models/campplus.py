"""CAM++: a densely connected time-delay network with context-aware masking.

H. Wang et al., "CAM++: A Fast and Efficient Network for Speaker Verification Using
Context-Aware Masking", Interspeech 2023, arXiv:2303.00332. The sizes that the paper
leaves open are those of its authors' release, 3D-Speaker, whose weights
`renamed_weights` takes.
"""

import re
from collections.abc import Sequence

import torch
from torch import Tensor, nn, relu_
from torch.nn.functional import avg_pool1d, interpolate, relu

SEGMENT = 100  # frames that a context is averaged over


class ResidualBlock(nn.Module):
    """Two 3x3 convolutions and a shortcut; ``stride`` divides the channels F.

    Parameters
    ----------
    n_filters : int
    stride : int
    """

    def __init__(self, n_filters: int, stride: int) -> None:
        super().__init__()
        strides, n = (stride, 1), n_filters
        self.conv1 = nn.Conv2d(n, n, 3, strides, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(n)
        self.conv2 = nn.Conv2d(n, n, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(n)
        self.shortcut = nn.Sequential()
        if stride > 1:
            projection = nn.Conv2d(n, n, 1, strides, bias=False)
            self.shortcut = nn.Sequential(projection, nn.BatchNorm2d(n))

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, C, F, T) to (B, C, ceil(F / stride), T)."""
        inner = relu_(self.bn1(self.conv1(x)))
        return relu_(self.bn2(self.conv2(inner)) + self.shortcut(x))


class FrontConvolution(nn.Module):
    """Convolutions over time and frequency, which an eighth of the channels leaves.

    Parameters
    ----------
    n_filters : int
    """

    def __init__(self, n_filters: int) -> None:
        super().__init__()
        n = n_filters
        self.conv1 = nn.Conv2d(1, n, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(n)
        self.layer1 = nn.Sequential(ResidualBlock(n, 2), ResidualBlock(n, 1))
        self.layer2 = nn.Sequential(ResidualBlock(n, 2), ResidualBlock(n, 1))
        self.conv2 = nn.Conv2d(n, n, 3, (2, 1), padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(n)

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, F, T) to (B, C * ceil(F / 8), T)."""
        x = relu_(self.bn1(self.conv1(x.unsqueeze(1))))  # (B, 1, F, T) to (B, C, F, T)
        x = self.layer2(self.layer1(x))
        x = relu_(self.bn2(self.conv2(x)))  # (B, C, F / 8, T)
        return x.flatten(1, 2)  # (B, C * F / 8, T)


class ContextMask(nn.Module):
    """A convolution whose channels are weighted by their context.

    That is the mean of the utterance plus the mean of the segment of 100 frames:
    equations (2) to (5) of the paper.

    Parameters
    ----------
    n_inputs, n_outputs : int
    dilation : int
    """

    def __init__(self, n_inputs: int, n_outputs: int, dilation: int) -> None:
        super().__init__()
        self.local = nn.Conv1d(
            n_inputs, n_outputs, 3, padding=dilation, dilation=dilation, bias=False
        )
        self.squeeze = nn.Conv1d(n_inputs, n_inputs // 2, 1)
        self.expand = nn.Conv1d(n_inputs // 2, n_outputs, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, C, T) to (B, n_outputs, T)."""
        segments = avg_pool1d(x, SEGMENT, SEGMENT, ceil_mode=True)
        context = x.mean(dim=2, keepdim=True) + segments  # (B, C, ceil(T / 100))
        mask = torch.sigmoid(self.expand(relu(self.squeeze(context))))
        # each segment's mask for its frames: (B, n_outputs, T)
        mask = interpolate(mask, scale_factor=SEGMENT)[:, :, : x.shape[2]]
        return mask * self.local(x)


class DenseLayer(nn.Module):
    """A layer whose outputs are joined to its inputs.

    Parameters
    ----------
    n_inputs : int
    growth : int
        Channels that it adds.
    n_bottleneck : int
        Channels of the convolution of width 1 before its own.
    dilation : int
    """

    def __init__(
        self, n_inputs: int, growth: int, n_bottleneck: int, dilation: int
    ) -> None:
        super().__init__()
        self.bn1 = nn.BatchNorm1d(n_inputs)
        self.bottleneck = nn.Conv1d(n_inputs, n_bottleneck, 1, bias=False)
        self.bn2 = nn.BatchNorm1d(n_bottleneck)
        self.masked = ContextMask(n_bottleneck, growth, dilation)

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, C, T) to (B, C + growth, T)."""
        inner = self.bottleneck(relu(self.bn1(x)))
        return torch.cat([x, self.masked(relu(self.bn2(inner)))], dim=1)


class Transition(nn.Module):
    """Half as many channels.

    Parameters
    ----------
    n_inputs : int
    """

    def __init__(self, n_inputs: int) -> None:
        super().__init__()
        self.bn = nn.BatchNorm1d(n_inputs)
        self.conv = nn.Conv1d(n_inputs, n_inputs // 2, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, C, T) to (B, C / 2, T)."""
        return self.conv(relu(self.bn(x)))


class CAMPlusPlus(nn.Module):
    """CAM++: filterbanks to embeddings, without regard to padding.

    `utils.models.unpadded.Unpadded` makes an encoder of it. With the sizes of
    ``hparams/models/campplus.yaml`` and 80 channels it has 6,848,544 parameters.

    Parameters
    ----------
    n_mels : int
        Filterbank channels F of the input.
    n_filters : int
        Filters of the convolutions over time and frequency.
    n_first : int
        Channels of the first layer over time; all later ones see half of the frames.
    n_layers : sequence of int
        Dense layers of each block, dilated by 1 in the first and by 2 in the others.
    growth : int
        Channels that a dense layer adds; its bottleneck has four times as many.
    embedding_dim : int

    Example
    -------
    >>> model = CAMPlusPlus(80, 4, 16, n_layers=[2, 1], growth=4, embedding_dim=24)
    >>> model.eval()(torch.randn(2, 200, 80)).shape
    torch.Size([2, 24])
    """

    def __init__(
        self,
        n_mels: int,
        n_filters: int,
        n_first: int,
        n_layers: Sequence[int],
        growth: int,
        embedding_dim: int,
    ) -> None:
        super().__init__()
        self.head = FrontConvolution(n_filters)
        n_inputs = n_filters * (-(-n_mels // 8))  # ceiling
        self.tdnn = nn.Conv1d(n_inputs, n_first, 5, stride=2, padding=2, bias=False)
        self.tdnn_bn = nn.BatchNorm1d(n_first)
        self.blocks, self.transitions, n = nn.ModuleList(), nn.ModuleList(), n_first
        for number, depth in enumerate(n_layers):
            layers: list[nn.Module] = []
            for _ in range(depth):
                layers.append(DenseLayer(n, growth, 4 * growth, 1 + (number > 0)))
                n += growth
            self.blocks.append(nn.Sequential(*layers))
            self.transitions.append(Transition(n))
            n //= 2
        self.out_bn = nn.BatchNorm1d(n)
        self.dense = nn.Linear(2 * n, embedding_dim, bias=False)
        self.dense_bn = nn.BatchNorm1d(embedding_dim, affine=False)

    def forward(self, feats: Tensor) -> Tensor:
        """Embed utterances of one length.

        Parameters
        ----------
        feats : Tensor of shape (B, T, F)
            Filterbanks without their mean over time; T of at least 3.

        Returns
        -------
        Tensor of shape (B, D)
            Not of unit length.
        """
        x = self.head(feats.transpose(1, 2))  # (B, C, T)
        x = relu(self.tdnn_bn(self.tdnn(x)))  # (B, n_first, ceil(T / 2))
        for block, transition in zip(self.blocks, self.transitions, strict=True):
            x = transition(block(x))
        x = relu(self.out_bn(x))
        statistics = torch.cat([x.mean(dim=2), x.std(dim=2)], dim=1)  # (B, 2 * C)
        return self.dense_bn(self.dense(statistics))


_NAMES = (  # patterns of 3D-Speaker's names, and what stands for them here
    (r"^xvector\.block(\d+)\.tdnnd(\d+)", "blocks.{0}.{1}"),
    (r"^xvector\.transit(\d+)\.nonlinear\.batchnorm", "transitions.{0}.bn"),
    (r"^xvector\.transit(\d+)\.linear", "transitions.{0}.conv"),
    (r"^xvector\.(tdnn|dense)\.linear", "{0}"),
    (r"^xvector\.(tdnn|dense)\.nonlinear\.batchnorm", "{0}_bn"),
    (r"^xvector\.out_nonlinear\.batchnorm", "out_bn"),
    (r"\.nonlinear1\.batchnorm", ".bn1"),
    (r"\.nonlinear2\.batchnorm", ".bn2"),
    (r"\.cam_layer\.linear_local", ".masked.local"),
    (r"\.cam_layer\.linear1", ".masked.squeeze"),
    (r"\.cam_layer\.linear2", ".masked.expand"),
    (r"\.linear1", ".bottleneck"),
)


def renamed_weights(theirs: dict[str, Tensor]) -> dict[str, Tensor]:
    """Give weights of 3D-Speaker's CAM++ the names that they have in `CAMPlusPlus`.

    Parameters
    ----------
    theirs : dict of Tensor
        Names that are not its own stay as they are.

    Example
    -------
    >>> name = "xvector.block2.tdnnd3.cam_layer.linear1.bias"
    >>> list(renamed_weights({name: torch.ones(1)}))
    ['blocks.1.2.masked.squeeze.bias']
    """
    ours = {_renamed(name): weights for name, weights in theirs.items()}
    if ours.get("dense.weight", torch.empty(0)).ndim == 3:  # of a convolution, width 1
        ours["dense.weight"] = ours["dense.weight"].squeeze(2)
    return ours


def _renamed(name: str) -> str:
    for pattern, ours in _NAMES:
        match = re.search(pattern, name)
        if match:
            ours = ours.format(*map(_place, match.groups()))
            name = name[: match.start()] + ours + name[match.end() :]
    return name


def _place(word: str) -> str:
    """Count from 0 what counts from 1; leave other words."""
    return str(int(word) - 1) if word.isdigit() else word
