"""Another sampling rate, for whole recordings and for sound that is still coming.

The filter is a sinc of six zero crossings on either side under a squared cosine, as
``torchaudio.functional.resample`` has it.
"""

from functools import cache
from math import ceil, gcd

import numpy as np

_ZEROS = 6  # crossings of the sinc on either side
_ROLLOFF = 0.99  # of the lower of both Nyquist frequencies
_PIECE = 1 << 14  # periods that are filtered at a time, as memory goes with them


def resample(samples: np.ndarray, from_hz: int, to_hz: int) -> np.ndarray:
    """Change the sampling rate of a whole recording.

    Parameters
    ----------
    samples : ndarray of float32, shape (n_samples,)
    from_hz, to_hz : int
        Rates before and after.

    Returns
    -------
    ndarray of float32, shape (ceil(n_samples * to_hz / from_hz),)

    Example
    -------
    >>> resample(np.zeros(44100, dtype=np.float32), 44100, 16000).shape
    (16000,)
    """
    if from_hz == to_hz:
        return samples
    stream = Resampler(from_hz, to_hz)
    return np.concatenate([stream(samples), stream.finish()])


class Resampler:
    """Change the sampling rate of chunks; together they are what the whole gives.

    Parameters
    ----------
    from_hz, to_hz : int

    Example
    -------
    >>> stream = Resampler(8000, 16000)
    >>> chunks = [stream(np.ones(n, dtype=np.float32)) for n in (1, 50, 29)]
    >>> len(np.concatenate([*chunks, stream.finish()]))
    160
    """

    def __init__(self, from_hz: int, to_hz: int) -> None:
        divisor = gcd(from_hz, to_hz)
        self._from, self._to = from_hz // divisor, to_hz // divisor
        self._kernel, self._width = _sinc_kernel(self._from, self._to)
        self._pending = np.zeros(self._width, dtype=np.float32)  # before the start
        self._n_taken = self._n_given = 0

    def __call__(self, chunk: np.ndarray) -> np.ndarray:
        """Take samples (n,); returns those that can be computed by now."""
        self._n_taken += len(chunk)
        if self._from == self._to:
            return chunk
        self._pending = np.concatenate([self._pending, chunk.astype(np.float32)])
        n_periods = (len(self._pending) - len(self._kernel)) // self._from + 1
        if n_periods <= 0:
            return np.zeros(0, dtype=np.float32)
        filtered = self._filter(n_periods)
        self._pending = self._pending[n_periods * self._from :]
        self._n_given += len(filtered)
        return filtered

    def finish(self) -> np.ndarray:
        """Return the last samples: there come no more."""
        n_left = ceil(self._n_taken * self._to / self._from) - self._n_given
        if self._from == self._to or n_left <= 0:
            return np.zeros(0, dtype=np.float32)
        n_periods = ceil(n_left / self._to)
        lacking = len(self._kernel) + (n_periods - 1) * self._from - len(self._pending)
        self._pending = np.pad(self._pending, (0, max(0, lacking)))
        return self._filter(n_periods)[:n_left]

    def _filter(self, n_periods: int) -> np.ndarray:
        """Return what the next periods of the input give, ``to`` samples each."""
        windows = np.lib.stride_tricks.sliding_window_view(
            self._pending, len(self._kernel)
        )[:: self._from][:n_periods]  # (n_periods, n_taps)
        pieces = [
            windows[start : start + _PIECE] @ self._kernel
            for start in range(0, n_periods, _PIECE)
        ]
        return np.concatenate(pieces).ravel()


@cache
def _sinc_kernel(from_hz: int, to_hz: int) -> tuple[np.ndarray, int]:
    """Return the filters (n_taps, to_hz), and how far they reach before a sample."""
    lowest = min(from_hz, to_hz) * _ROLLOFF
    width = ceil(_ZEROS * from_hz / lowest)
    taps = np.arange(-width, width + from_hz)[:, None] / from_hz
    time = (taps - np.arange(to_hz) / to_hz) * lowest  # in zero crossings
    time = time.clip(-_ZEROS, _ZEROS)
    kernel = np.sinc(time) * np.cos(time * np.pi / _ZEROS / 2) ** 2 * lowest / from_hz
    return kernel.astype(np.float32), width
