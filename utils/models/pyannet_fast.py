"""PyanNet for telling alone: its LSTM in bfloat16, where that agrees with float32.

The LSTM takes more than half of the time. The filters stay in float32: a channel that a
telephone leaves empty is raised by the norm after it, and what rounding has put there.
"""

import copy
from collections.abc import Callable
from typing import cast

from torch import Tensor, nn

from utils.models.pyannet import PyanNet
from utils.runtime.precision import DTYPES, Checked


class ReducedLSTM(nn.Module):
    """An LSTM in another arithmetic, between float32 on either side.

    Parameters
    ----------
    lstm : LSTM
        Is changed.
    precision : str
        A key of `utils.runtime.precision.DTYPES`.
    """

    def __init__(self, lstm: nn.LSTM, precision: str) -> None:
        super().__init__()
        self.dtype = DTYPES[precision]
        self.lstm = lstm.to(self.dtype)

    def forward(self, x: Tensor) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """Map (B, T, C) to (B, T, D) and the last states, as the LSTM does."""
        outputs, states = self.lstm(x.to(self.dtype))
        return outputs.float(), states


def fast_network(network: PyanNet, precision: str) -> Callable[[Tensor], Tensor]:
    """Return what classifies the frames of windows (B, n_samples) as a network does.

    Parameters
    ----------
    network : PyanNet
        In evaluation mode; stays as it is.
    precision : str
        ``fp32``, or ``bf16``, which is used where it agrees with float32.

    Example
    -------
    >>> import torch
    >>> network, samples = PyanNet().eval(), torch.randn(2, 160000)
    >>> with torch.inference_mode():
    ...     exact, found = network(samples), fast_network(network, "bf16")(samples)
    >>> torch.allclose(exact.exp(), found.exp(), atol=0.02)
    True
    """
    if precision == "fp32":
        return network
    reduced = copy.deepcopy(network).requires_grad_(False)
    reduced.lstm = cast(nn.LSTM, ReducedLSTM(reduced.lstm, precision))
    return Checked(network, reduced)
