"""Conditions that are simulated: speech over a telephone, in noise, and cut short."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from utils.audio.acoustics import add_noise, coloured_noise, transmit

_NOISE_SNR_DB = 10.0
_SHORT_S = 1.2  # of speech, in some 2 s of a recording


class Condition(NamedTuple):
    """A way to worsen a recording.

    Attributes
    ----------
    name : str
    measure : str
        The quality measure that it lowers.
    worsen : callable
        Maps samples (n_samples,), their rate in Hz and their seconds of speech to
        samples.
    """

    name: str
    measure: str
    worsen: Callable[[np.ndarray, int, float], np.ndarray]


def over_telephone(samples: np.ndarray, rate_hz: int, speech_s: float) -> np.ndarray:
    """Send speech over a telephone line: 300 to 3400 Hz, µ-law."""
    return transmit(samples, rate_hz, "mulaw")


def in_noise(samples: np.ndarray, rate_hz: int, speech_s: float) -> np.ndarray:
    """Add pink noise, 10 dB under the speech; the same to equal lengths."""
    n_samples = len(samples)
    noise = coloured_noise(n_samples, 1.0, np.random.default_rng(n_samples))
    return add_noise(samples, noise, _NOISE_SNR_DB)


def cut_short(samples: np.ndarray, rate_hz: int, speech_s: float) -> np.ndarray:
    """Keep the start, with 1.2 s of speech, some 2 s.

    Example
    -------
    >>> cut_short(np.zeros(16000 * 10), 16000, speech_s=8.0).shape
    (24000,)
    """
    share = _SHORT_S / max(speech_s, _SHORT_S)
    return samples[: round(share * len(samples))]


CONDITIONS = (
    Condition("over a telephone", "bandwidth_hz", over_telephone),
    Condition("in noise", "snr_db", in_noise),
    Condition("cut short", "speech_s", cut_short),
)
