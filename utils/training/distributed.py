"""Several processes that train as one: started by torchrun, over nccl or gloo.

The batch of a step is the same whatever the number of processes. Each embeds its
share, the embeddings of all are gathered, and every process computes the loss of
the whole batch; batch norm uses the statistics of the whole batch as well.
"""

import os
from typing import TypeVar

import numpy as np
import torch
import torch.distributed as dist
from speechbrain.utils.distributed import ddp_init_group
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from utils.runtime.errors import UserError

T = TypeVar("T")


def backend_of(device: str) -> str:
    """Return how processes communicate: ``nccl`` between GPUs, else ``gloo``.

    Example
    -------
    >>> backend_of("cuda:0"), backend_of("cpu")
    ('nccl', 'gloo')
    """
    return "nccl" if device.startswith("cuda") else "gloo"


def join_processes(device: str) -> str:
    """Join the processes that torchrun started, if it did.

    Parameters
    ----------
    device : str
        ``cpu``, or ``cuda``: each process takes the GPU of its number on the node.

    Returns
    -------
    str
        This process's device.

    Raises
    ------
    UserError
        There are more processes than GPUs.
    """
    if "RANK" not in os.environ or "LOCAL_RANK" not in os.environ:
        return device
    if device.startswith("cuda"):
        device = f"cuda:{os.environ['LOCAL_RANK']}"
    try:
        ddp_init_group({"distributed_backend": backend_of(device)})
    except ValueError as error:
        raise UserError(
            f"--device {device}: {' '.join(str(error).split())}; start as many "
            "processes as there are GPUs"
        ) from None
    return device


def leave_processes() -> None:
    """Part from the other processes, if there are any."""
    if dist.is_initialized():
        dist.destroy_process_group()


def rank() -> int:
    """Return the number of this process, from 0; the first one writes files."""
    return dist.get_rank() if dist.is_initialized() else 0


def n_processes() -> int:
    """Return how many processes train together."""
    return dist.get_world_size() if dist.is_initialized() else 1


def share_of(items: list[T]) -> list[T]:
    """Return this process's part of a list; the parts in order make the list."""
    bounds = np.linspace(0, len(items), n_processes() + 1).astype(int)
    return items[bounds[rank()] : bounds[rank() + 1]]


def gather_lists(items: list[T]) -> list[T]:
    """Join the lists of all processes, in the processes' order."""
    if n_processes() == 1:
        return items
    lists: list = [None] * n_processes()
    dist.all_gather_object(lists, items)
    return [item for part in lists for item in part]


def gather_tensors(x: Tensor) -> Tensor:
    """Join tensors of equal shape of all processes, with gradient.

    Parameters
    ----------
    x : Tensor of shape (B, ...)

    Returns
    -------
    Tensor of shape (B * n_processes, ...)
        In the processes' order.

    Example
    -------
    >>> gather_tensors(torch.ones(2, 3)).shape
    torch.Size([2, 3])
    """
    return x if n_processes() == 1 else _Gather.apply(x)


class _Gather(torch.autograd.Function):
    """Concatenate over processes; each gets the sum of all processes' gradients.

    Where all processes then compute the same loss, that is ``n_processes`` times its
    gradient, which the mean that DistributedDataParallel takes over the processes
    undoes.
    """

    @staticmethod
    def forward(ctx: object, x: Tensor) -> Tensor:
        parts = [torch.empty_like(x) for _ in range(n_processes())]
        dist.all_gather(parts, x.contiguous())
        return torch.cat(parts)

    @staticmethod
    def backward(ctx: object, gradient: Tensor) -> Tensor:
        gradient = gradient.clone(memory_format=torch.contiguous_format)
        dist.all_reduce(gradient)
        return gradient.chunk(n_processes())[rank()]


class GlobalBatchNorm(nn.Module):
    """Batch norm over the batches of all processes, on any device.

    torch's SyncBatchNorm needs GPUs. The parameters, the buffers and their names are
    those of the layer that it takes the place of.

    Parameters
    ----------
    norm : BatchNorm1d, BatchNorm2d or BatchNorm3d
    """

    running_mean: Tensor
    running_var: Tensor
    num_batches_tracked: Tensor

    def __init__(self, norm: _BatchNorm) -> None:
        super().__init__()
        if norm.momentum is None:
            raise ValueError("a batch norm without momentum, a plain mean over batches")
        self.eps, self.momentum = norm.eps, norm.momentum
        self.weight, self.bias = norm.weight, norm.bias
        for name in ("running_mean", "running_var", "num_batches_tracked"):
            self.register_buffer(name, getattr(norm, name))

    def forward(self, x: Tensor) -> Tensor:
        """Normalise (B, C, ...) over all dimensions but C."""
        if not self.training:
            return nn.functional.batch_norm(
                x, self.running_mean, self.running_var, self.weight, self.bias,
                eps=self.eps,
            )  # fmt: skip
        # (B, C, ...) to (C, B * ...)
        mean, variance = self._statistics(x.float().transpose(0, 1).flatten(1))
        shape = 1, -1, *[1] * (x.dim() - 2)  # of (C,), beside (B, C, ...)
        normal = (x.float() - mean.view(shape)) / (variance + self.eps).sqrt().view(
            shape
        )
        if self.weight is not None:
            normal = normal * self.weight.view(shape) + self.bias.view(shape)
        return normal.to(x.dtype)

    def _statistics(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and variance of (C, N) over all processes; updates the running ones."""
        means = gather_tensors(x.mean(dim=1)[None])  # (n_processes, C)
        mean = means.mean(dim=0)
        spread = (x - mean[:, None]).square().mean(dim=1)
        variance = gather_tensors(spread[None]).mean(dim=0)
        with torch.no_grad():
            n_values = x.shape[1] * n_processes()
            self.num_batches_tracked += 1
            self.running_mean.lerp_(mean, self.momentum)
            unbiased = variance * n_values / (n_values - 1)
            self.running_var.lerp_(unbiased, self.momentum)
        return mean, variance


def synchronise_batch_norm(module: nn.Module) -> None:
    """Replace every batch norm in a module by `GlobalBatchNorm`."""
    for name, child in module.named_children():
        if isinstance(child, _BatchNorm):
            setattr(module, name, GlobalBatchNorm(child))
        else:
            synchronise_batch_norm(child)
