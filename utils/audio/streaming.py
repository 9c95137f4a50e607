"""Read long files block by block, in memory that does not grow with their length."""

import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import soundfile

from utils.audio.containers import open_audio
from utils.audio.decoding import check_channel, resample
from utils.runtime.errors import UserError

_CONTEXT_S = 0.05  # of both neighbours, for the filter that resamples


def resampled_length(path: Path | str, sample_rate_hz: int) -> int:
    """Return how many samples `read_blocks` gives in all."""
    with open_audio(path) as file:
        return -(-file.frames * sample_rate_hz // file.samplerate)


def read_blocks(
    path: Path | str,
    sample_rate_hz: int,
    channel: int | None = None,
    block_s: float = 60.0,
) -> Iterator[np.ndarray]:
    """Read a file in blocks, mix its channels down or take one, and resample it.

    Joined, the blocks are what `utils.audio.decoding.read_audio` returns, within the
    rounding of numbers. Silence is no error.

    Parameters
    ----------
    path : Path or str
    sample_rate_hz : int
        Rate of the result.
    channel : int, optional
        From 0; None for the mean of all.
    block_s : float
        About the length of a block; the last is shorter.

    Yields
    ------
    ndarray of float32, shape (n_samples,)

    Raises
    ------
    UserError
        The file is missing, unreadable or truncated, or has no such channel, no
        samples, or NaN or infinite samples.
    """
    with open_audio(path) as file:
        if channel is not None:
            check_channel(path, channel, file.channels)
        if not file.frames:
            raise UserError(f"{path}: no samples; remove it or record it again")
        # blocks and contexts hold whole numbers of samples at both rates
        unit = file.samplerate // math.gcd(file.samplerate, sample_rate_hz)
        size = max(1, int(block_s * file.samplerate / unit)) * unit
        context = 0
        if file.samplerate != sample_rate_hz:
            context = math.ceil(_CONTEXT_S * file.samplerate / unit) * unit
        yield from _resampled(file, path, sample_rate_hz, channel, size, context)


def _resampled(  # noqa: PLR0913 - the parts of one loop
    file: soundfile.SoundFile,
    path: Path | str,
    to_hz: int,
    channel: int | None,
    size: int,
    context: int,
) -> Iterator[np.ndarray]:
    """Yield blocks of ``size`` samples, each resampled between its neighbours."""
    rate_hz, n_frames = file.samplerate, file.frames
    held = np.zeros(0, dtype=np.float32)  # samples from ``first`` on
    first = 0
    for start in range(0, n_frames, size):
        stop = min(start + size, n_frames)
        wanted = min(stop + context, n_frames) - first - len(held)
        held = np.concatenate([held, _read(file, path, wanted, channel)])
        n_before = (start - first) * to_hz // rate_hz
        n_own = -(-stop * to_hz // rate_hz) - start * to_hz // rate_hz
        yield resample(held, rate_hz, to_hz)[n_before : n_before + n_own]
        kept = max(stop - context, 0)
        held, first = held[kept - first :], kept


def _read(
    file: soundfile.SoundFile, path: Path | str, n_samples: int, channel: int | None
) -> np.ndarray:
    samples = file.read(n_samples, dtype="float32", always_2d=True)
    if len(samples) < n_samples:
        raise UserError(
            f"{path}: ends after {file.tell()} of {file.frames} samples; "
            "the file is truncated, copy it again"
        )
    if not np.isfinite(samples).all():
        raise UserError(f"{path}: NaN or infinite samples; export it again")
    return samples.mean(axis=1) if channel is None else samples[:, channel].copy()


def cut_windows(
    blocks: Iterator[np.ndarray], starts: np.ndarray, n_window: int
) -> Iterator[np.ndarray]:
    """Cut windows out of the blocks of a file.

    Parameters
    ----------
    blocks : iterator of ndarray of float32
        See `read_blocks`.
    starts : ndarray of int, shape (W,)
        First sample of each window, rising.
    n_window : int

    Yields
    ------
    ndarray of float32, shape (n_window,)
        With zeros beyond the end of the file.

    Example
    -------
    >>> blocks = iter([np.arange(4.0), np.arange(4.0, 6.0)])
    >>> [window.tolist() for window in cut_windows(blocks, np.array([0, 3]), 4)]
    [[0.0, 1.0, 2.0, 3.0], [3.0, 4.0, 5.0, 0.0]]
    """
    held, n_read = np.zeros(0, dtype=np.float32), 0
    for start in starts.tolist():
        held = held[max(start - (n_read - len(held)), 0) :]
        while n_read < start + n_window and (block := next(blocks, None)) is not None:
            held = np.concatenate([held, block[max(start - n_read, 0) :]])
            n_read += len(block)
        window = held[:n_window]
        yield np.pad(window, (0, n_window - len(window)))
