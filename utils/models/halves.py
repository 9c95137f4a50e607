"""Weights in 16 bits: half the size of a model's folder.

Arithmetic stays that of 32 bits. Kernels and matrices are rounded, to 11 bits of their
mantissa; biases and the statistics of batch norms, which are few and reach lower than
16 bits do, are not.
"""

import torch
from torch import Tensor


def halve(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    """Round what has two dimensions or more.

    Example
    -------
    >>> halved = halve({"kernel": torch.ones(2, 2), "bias": torch.ones(2)})
    >>> halved["kernel"].dtype, halved["bias"].dtype
    (torch.float16, torch.float32)
    """
    return {
        name: value.half() if value.is_floating_point() and value.ndim > 1 else value
        for name, value in weights.items()
    }


def are_halved(weights: dict[str, Tensor]) -> bool:
    """Tell whether some are stored in 16 bits."""
    return any(value.dtype == torch.float16 for value in weights.values())
