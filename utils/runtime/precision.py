"""Reduced precision that is used only where it agrees with float32.

Kernels of reduced precision have been seen to return garbage for some shapes on some
processors, so every use is preceded by a comparison on the real model and data.
"""

import copy
import logging
from collections.abc import Callable

import torch
from torch import Tensor, nn

logger = logging.getLogger(__name__)

LEAST_COSINE = 0.99  # of an embedding and its float32 counterpart
LEAST_SHORT_COSINE = 0.95  # of that of less than a second, or of noise
# in training, rounding passes through the statistics of a single batch
LEAST_TRAINING_COSINE = 0.9
LEAST_GRADIENT_COSINE = 0.5  # of all gradients together

DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}


def warn_of_disagreement(precision: object, shape: tuple[int, ...]) -> None:
    """Say that float32 is used instead on batches of a shape (B, T, F)."""
    logger.warning(
        "%s disagrees with float32 here on batches of %s: float32 is used",
        precision,
        shape,
    )


def embeddings_agree(
    encoder: nn.Module, feats: Tensor, lengths: Tensor | None, dtype: torch.dtype
) -> bool:
    """Tell whether an encoder embeds a batch as in float32.

    Parameters
    ----------
    encoder : Module
        In evaluation mode, on the device of the batch.
    feats : Tensor of shape (B, T, F)
    lengths : Tensor of int64, shape (B,), or None
        None for crops, all of T frames.
    dtype : torch.dtype
        Arithmetic of the autocast that is compared with float32.

    Example
    -------
    >>> def mean(feats, lengths):
    ...     return torch.nn.functional.normalize(feats.mean(dim=1), dim=1)
    >>> feats, lengths = torch.rand(2, 8, 4), torch.tensor([8, 8])
    >>> embeddings_agree(mean, feats, lengths, torch.bfloat16)
    True
    """
    with torch.inference_mode():
        exact = encoder(feats, lengths)
        try:
            with torch.autocast(feats.device.type, dtype):
                reduced = encoder(feats, lengths)
        except RuntimeError:  # no such kernel on this processor
            return False
    return _agree(exact, reduced, LEAST_COSINE)


class Checked:
    """A function of batches in reduced precision, where that agrees with float32.

    The first item of the first batch of each length is computed in both. Where they
    differ, and where a number is not finite, float32 is used.

    Parameters
    ----------
    exact, reduced : callable
        Map a batch (B, T, ...) to (B, ...).

    Example
    -------
    >>> whole = Checked(lambda x: x.sum(dim=1), lambda x: x.bfloat16().sum(dim=1))
    >>> whole(torch.ones(1, 3, 2)).dtype
    torch.bfloat16
    >>> wrong = Checked(lambda x: x.sum(dim=1), lambda x: x[:, 0])
    >>> wrong(torch.tensor([[[1, 0], [0, 9]]]))
    tensor([[1, 9]])
    """

    def __init__(
        self,
        exact: Callable[[Tensor], Tensor],
        reduced: Callable[[Tensor], Tensor],
    ) -> None:
        self._exact, self._reduced = exact, reduced
        self._is_right: dict[int, bool] = {}  # by length

    def __call__(self, batch: Tensor) -> Tensor:
        """Compute the function of a batch (B, T, ...)."""
        length = batch.shape[1]
        if self._is_right.get(length, True):
            found = self._reduced(batch)
            if length not in self._is_right:
                exact = self._exact(batch[:1])
                is_right = _agree(
                    exact.flatten(1), found[:1].flatten(1), LEAST_SHORT_COSINE
                )
                self._is_right[length] = is_right
                if not is_right:
                    warn_of_disagreement("reduced precision", tuple(batch.shape))
            if self._is_right[length] and found.isfinite().all():
                return found
        return self._exact(batch)


def training_agrees(encoder: nn.Module, feats: Tensor, dtype: torch.dtype) -> bool:
    """Tell whether embeddings and gradients of a training batch are as in float32.

    The gradients are those of the embeddings' products with fixed random directions.
    The encoder itself is left as it is.

    Parameters
    ----------
    encoder : Module
        On the device of the batch.
    feats : Tensor of shape (B, T, F)
    dtype : torch.dtype
    """
    exact, exact_gradients = _embed_and_differentiate(encoder, feats, torch.float32)
    try:
        reduced, gradients = _embed_and_differentiate(encoder, feats, dtype)
    except RuntimeError:  # no such kernel on this processor
        return False
    return _agree(exact, reduced, LEAST_TRAINING_COSINE) and _agree(
        exact_gradients[None], gradients[None], LEAST_GRADIENT_COSINE
    )


def _embed_and_differentiate(
    encoder: nn.Module, feats: Tensor, dtype: torch.dtype
) -> tuple[Tensor, Tensor]:
    """Return embeddings (B, D) and all gradients in one vector."""
    trial = copy.deepcopy(encoder).train()  # batch norm would remember the batch
    enabled = dtype != torch.float32
    with (
        torch.random.fork_rng(devices=_devices_of(feats)),
        torch.autocast(feats.device.type, dtype, enabled=enabled),
    ):
        torch.manual_seed(0)
        embeddings = trial(feats).float()
        (embeddings * torch.randn_like(embeddings)).sum().backward()
    gradients = [w.grad.flatten() for w in trial.parameters() if w.grad is not None]
    return embeddings.detach(), torch.cat(gradients).float()


def _devices_of(x: Tensor) -> list[torch.device]:
    return [x.device] if x.is_cuda else []


def _agree(exact: Tensor, reduced: Tensor, least: float) -> bool:
    exact, reduced = exact.double(), reduced.double()
    if not reduced.isfinite().all():
        return False
    cosine = torch.nn.functional.cosine_similarity(exact, reduced, dim=1)
    return bool((cosine >= least).all())
