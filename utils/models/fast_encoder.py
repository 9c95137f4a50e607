"""Encoders for embedding alone, in the fastest form that is known of them."""

from collections.abc import Callable

from torch import Tensor, nn

from utils.models.campplus import CAMPlusPlus
from utils.models.campplus_fused import FusedCAMPlusPlus
from utils.models.unpadded import Unpadded
from utils.runtime.precision import DTYPES, Checked


def fast_encoder(encoder: nn.Module, precision: str) -> Callable[[Tensor], Tensor]:
    """Return what embeds batches (B, T, F) of utterances of one length: (B, D).

    Parameters
    ----------
    encoder : Module
        In evaluation mode; stays as it is.
    precision : str
        ``fp32``; with ``bf16``, CAM++ computes in that where it agrees with float32.
        Of other encoders no faster form is known.

    Example
    -------
    >>> import torch
    >>> model = CAMPlusPlus(80, 4, 16, n_layers=[2, 1], growth=4, embedding_dim=24)
    >>> encoder, feats = Unpadded(model).eval(), torch.randn(2, 150, 80)
    >>> fast = fast_encoder(encoder, "bf16")
    >>> torch.allclose(fast(feats), encoder(feats), atol=0.02)
    True
    """
    model = getattr(encoder, "model", None)
    if not (isinstance(encoder, Unpadded) and isinstance(model, CAMPlusPlus)):
        return encoder

    def fused(name: str) -> Unpadded:
        own = Unpadded(FusedCAMPlusPlus(model, DTYPES[name]), encoder.min_frames)
        own.input_norm = encoder.input_norm
        return own.eval()

    exact = fused("fp32")
    return exact if precision == "fp32" else Checked(exact, fused(precision))
