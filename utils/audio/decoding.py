"""Read any audio file as one channel at the wanted rate, and measure it.

All decoding is libsndfile's, through soundfile: wav, flac, ogg/opus, mp3, NIST
sphere and more.
"""

from pathlib import Path
from typing import NamedTuple

import numpy as np

from utils.audio.containers import open_audio
from utils.audio.resampling import resample
from utils.runtime.errors import UserError

_CANCELLED = 1e-4  # power of the mean of channels, relative to theirs


class Decoded(NamedTuple):
    """A file's sound as one channel.

    Attributes
    ----------
    samples : ndarray of float32, shape (n_samples,)
        In [-1, 1].
    rate_hz : int
    n_mixed : int
        Channels that were mixed down; 1 where one was taken, or all are alike.
    """

    samples: np.ndarray
    rate_hz: int
    n_mixed: int


def read_audio(
    path: Path | str,
    sample_rate_hz: int,
    start: int = 0,
    stop: int | None = None,
    channel: int | None = None,
) -> np.ndarray:
    """Read a file, mix its channels down or take one, and resample it.

    Parameters
    ----------
    path : Path or str
        Audio file in any format that libsndfile reads.
    sample_rate_hz : int
        Rate of the result.
    start, stop : int
        Part of the file to read, in samples at the file's own rate. A ``stop``
        of None means the end.
    channel : int, optional
        From 0; None for the mean of all.

    Returns
    -------
    ndarray of float32, shape (n_samples,)
        Samples in [-1, 1].

    Raises
    ------
    UserError
        The file is missing, unreadable or truncated, or has no such channel, no
        samples, NaN or infinite samples, only zeros, or channels that cancel each
        other.
    """
    decoded = decode_audio(path, start, stop, channel)
    return resample(decoded.samples, decoded.rate_hz, sample_rate_hz)


def decode_audio(
    path: Path | str,
    start: int = 0,
    stop: int | None = None,
    channel: int | None = None,
) -> Decoded:
    """Read a file and mix its channels down or take one, at its own rate.

    Parameters
    ----------
    path, start, stop, channel
        See `read_audio`, as for what is raised.
    """
    samples, rate_hz = _decode(path, start, stop)
    if channel is not None:
        check_channel(path, channel, samples.shape[1])
        samples = samples[:, channel : channel + 1]
    if len(samples) == 0:
        raise UserError(f"{path}: no samples; remove it or record it again")
    if not np.isfinite(samples).all():
        raise UserError(f"{path}: NaN or infinite samples; export it again")
    if not samples.any():
        raise UserError(f"{path}: only zeros (silence); remove it or record it again")
    mono = samples.mean(axis=1)
    if np.mean(mono**2) < _CANCELLED * np.mean(samples**2):
        raise UserError(
            f"{path}: its channels cancel each other (one is the other upside down); "
            "keep one of them"
        )
    is_mixed = (samples != samples[:, :1]).any()
    return Decoded(mono, rate_hz, samples.shape[1] if is_mixed else 1)


def check_channel(path: Path | str, channel: int, n_channels: int) -> None:
    """Raise a `UserError` where a file has no such channel."""
    if not 0 <= channel < n_channels:
        raise UserError(
            f"{path}: no channel {channel}: it has {n_channels}, which count from 0; "
            "correct the channel, or rename its column where it is a label"
        )


def one_channel(
    samples: np.ndarray, channel: int | None, name: Path | str
) -> np.ndarray:
    """Mix the channels of samples (n, C) down, or take one: (n,).

    Raises
    ------
    UserError
        Some are NaN or infinite; the name is told.
    """
    if not np.isfinite(samples).all():
        raise UserError(f"{name}: NaN or infinite samples; export it again")
    return samples.mean(axis=1) if channel is None else samples[:, channel]


def _decode(path: Path | str, start: int, stop: int | None) -> tuple[np.ndarray, int]:
    """Return samples of shape (n_samples, n_channels) and the file's rate."""
    with open_audio(path) as file:
        stop = file.frames if stop is None else stop
        file.seek(start)
        samples = file.read(stop - start, dtype="float32", always_2d=True)
        rate_hz = file.samplerate
    if len(samples) < stop - start:
        raise UserError(
            f"{path}: ends after {start + len(samples)} of {stop} samples; "
            "the file is truncated, copy it again"
        )
    return samples, rate_hz


def audio_length(path: Path | str) -> tuple[int, int]:
    """Return the number of samples of a file and its sampling rate.

    Raises
    ------
    UserError
        The file is missing, not audio, or cut; see `utils.audio.containers`.
    """
    with open_audio(path) as file:
        return file.frames, file.samplerate


def holds_float(path: Path | str) -> bool:
    """Whether a file's samples are floating-point numbers, perhaps beyond 1."""
    with open_audio(path) as file:
        return file.subtype in ("FLOAT", "DOUBLE")


def count_channels(path: Path | str) -> int:
    """Return the number of channels of a file; raises as `audio_length`."""
    with open_audio(path) as file:
        return file.channels
