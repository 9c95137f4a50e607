"""Which device to compute on, and in which arithmetic."""

import platform
from functools import cache
from pathlib import Path

import torch

from utils.runtime.errors import UserError


def checked_device(device: str) -> str:
    """Return the device's name if it can be used.

    Parameters
    ----------
    device : str
        ``cpu``, ``cuda`` or ``cuda:N``.

    Raises
    ------
    UserError
        There is no such device here.

    Example
    -------
    >>> checked_device("cpu")
    'cpu'
    """
    try:
        torch.zeros(1, device=device)
    except (RuntimeError, AssertionError) as error:
        reason = str(error).splitlines()[0]
        raise UserError(
            f"--device {device}: cannot be used here ({reason}); try --device cpu"
        ) from None
    return device


def processor_name(device: str = "cpu") -> str:
    """Return what computes: results differ in their last digits, and trainings more.

    Parameters
    ----------
    device : str
        ``cpu``, ``cuda`` or ``cuda:N``.

    Returns
    -------
    str
        Such as ``AMD EPYC with bf16``.
    """
    if device.startswith("cuda"):
        return torch.cuda.get_device_name(device)
    return _processor_model() + (
        " with bf16" if best_precision("cpu") == "bf16" else ""
    )


@cache
def _processor_model() -> str:
    """Return the processor's name, as the system tells it."""
    name = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.is_file():
        lines = cpuinfo.read_text(encoding="utf-8", errors="replace").splitlines()
        models = [line for line in lines if line.startswith("model name")]
        name = models[0].partition(":")[2].strip() if models else name
    return name


def best_precision(device: str) -> str:
    """Choose the arithmetic of training: ``bf16`` where it is the faster one.

    That is with AMX, or AVX-512 BF16 by AMD: Intel's multiplies no faster than float32,
    and the conversions make it slower.

    Parameters
    ----------
    device : str
        ``cpu``, ``cuda`` or ``cuda:N``.

    Returns
    -------
    str
        ``bf16`` or ``fp32``.
    """
    if device.startswith("cuda"):
        return "bf16" if torch.cuda.is_bf16_supported() else "fp32"
    has_amx = torch.cpu._is_amx_tile_supported()
    has_bf16 = torch.cpu._is_avx512_bf16_supported()
    is_fast = has_amx or (has_bf16 and "Intel" not in _processor_model())
    return "bf16" if is_fast else "fp32"
