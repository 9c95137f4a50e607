"""Long pauses of a recording, which are no part of a voice."""

import numpy as np

from utils.audio.quality import frame_powers
from utils.runtime.runs import runs

LONGEST_S = 1.0
_KEPT_S, _FRAME_S = 0.26, 0.02
_LOUD_FRAMES = 15  # of the average whose greatest is the loud level
_RANGE_DB = 30.0  # under it


def shorten_pauses(samples: np.ndarray, rate_hz: int) -> np.ndarray:
    """Take out the middle of long pauses, and most of silence before and after.

    What lies more than 30 dB under the loudest 0.3 s for longer than a second is a long
    pause; a quarter of a second beside the speech is left of it. An encoder that hears
    all of a recording would else hear little but its silence.

    Parameters
    ----------
    samples : ndarray of shape (n_samples,)
    rate_hz : int

    Returns
    -------
    ndarray
        The same samples where there is no long pause.

    Example
    -------
    >>> tone = np.sin(np.arange(16000) / 10)
    >>> len(shorten_pauses(np.concatenate([tone, np.zeros(160000)]), 16000)) / 16000
    1.26
    """
    size = round(_FRAME_S * rate_hz)
    n = len(samples) // size
    if n * _FRAME_S <= LONGEST_S:
        return samples
    power = frame_powers(samples - samples.mean(), size)
    loudest = np.convolve(power, np.full(_LOUD_FRAMES, 1 / _LOUD_FRAMES), "valid").max()
    is_kept = np.ones(n, dtype=bool)
    margin = round(_KEPT_S / _FRAME_S)
    for start, stop in runs(power < loudest * 10 ** (-_RANGE_DB / 10)):
        if (stop - start) * _FRAME_S > LONGEST_S:
            first = start + margin if start else 0
            is_kept[first : stop - margin if stop < n else n] = False
    if is_kept.all():
        return samples
    rest = np.full(len(samples) - n * size, is_kept[-1])
    return samples[np.concatenate([np.repeat(is_kept, size), rest])]
