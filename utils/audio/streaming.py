"""Read long files block by block, in memory that does not grow with their length."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import soundfile

from utils.audio.containers import open_audio
from utils.audio.decoding import check_channel, one_channel
from utils.audio.resampling import Resampler
from utils.runtime.errors import UserError


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
        resample = Resampler(file.samplerate, sample_rate_hz)
        size = max(1, round(block_s * file.samplerate))
        for start in range(0, file.frames, size):
            n_samples = min(size, file.frames - start)
            block = resample(_read(file, path, n_samples, channel))
            is_last = start + n_samples == file.frames
            yield np.concatenate([block, resample.finish()]) if is_last else block


def _read(
    file: soundfile.SoundFile, path: Path | str, n_samples: int, channel: int | None
) -> np.ndarray:
    samples = file.read(n_samples, dtype="float32", always_2d=True)
    if len(samples) < n_samples:
        raise UserError(
            f"{path}: ends after {file.tell()} of {file.frames} samples; "
            "the file is truncated, copy it again"
        )
    return one_channel(samples, channel, path)


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
