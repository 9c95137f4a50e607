"""Copies of training utterances: other speeds, noise, babble and rooms."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from scipy.signal import fftconvolve

from utils.audio import resample

_SPEED_STEPS = 100  # speeds are resampled as whole hundredths


@dataclass(frozen=True)
class Copy:
    """One version of an utterance.

    Attributes
    ----------
    suffix : str
        Appended to the utterance's ID; empty for the original.
    speed : float
        1.0, or the factor by which it is faster (and higher).
    samples : ndarray of float32, shape (n_samples,)
    is_noisy : bool
        A corrupted version of the copy before it, of the same length.
    """

    suffix: str
    speed: float
    samples: np.ndarray
    is_noisy: bool


class Corruption:
    """Add noise or babble, and sometimes a simulated room.

    Parameters
    ----------
    snr_db : pair of float
        Range of the signal-to-noise ratio.
    babble_probability : float
        How often the noise is other utterances, not coloured noise.
    babble_voices : int
        Utterances mixed to one babble.
    reverberation_probability : float
        How often a room is simulated first.
    rt60_s : pair of float
        Range of the room's reverberation time.
    """

    def __init__(
        self,
        snr_db: tuple[float, float],
        babble_probability: float,
        babble_voices: int,
        reverberation_probability: float,
        rt60_s: tuple[float, float],
    ) -> None:
        self.snr_db, self.rt60_s = snr_db, rt60_s
        self.babble_probability, self.babble_voices = babble_probability, babble_voices
        self.reverberation_probability = reverberation_probability

    def __call__(
        self,
        samples: np.ndarray,
        rate_hz: int,
        rng: np.random.Generator,
        other_voice: Callable[[], np.ndarray],
    ) -> np.ndarray:
        """Return a corrupted version of the same length.

        Parameters
        ----------
        samples : ndarray of float32, shape (n_samples,)
        rate_hz : int
        rng : Generator
        other_voice : callable
            Returns the samples of another training utterance, chosen at random.

        Returns
        -------
        ndarray of float32, shape (n_samples,)
        """
        if rng.random() < self.reverberation_probability:
            response = room_response(rng.uniform(*self.rt60_s), rate_hz, rng)
            samples = fftconvolve(samples, response)[: len(samples)]
        if rng.random() < self.babble_probability:
            voices = [other_voice() for _ in range(self.babble_voices)]
            noise = sum(
                np.resize(voice / voice.std(), len(samples)) for voice in voices
            )
        else:
            noise = coloured_noise(len(samples), rng.uniform(0, 2), rng)
        return add_noise(samples, noise, rng.uniform(*self.snr_db))


class Copies:
    """All the versions of a training utterance that are stored.

    Parameters
    ----------
    speeds : list of float
        Speeds to store; 1.0 is the original.
    n_noisy : int
        Corrupted versions of the original speed.
    corruption : Corruption
    """

    def __init__(
        self, speeds: list[float], n_noisy: int, corruption: Corruption
    ) -> None:
        self.speeds, self.n_noisy, self.corruption = speeds, n_noisy, corruption

    def __call__(
        self,
        samples: np.ndarray,
        rate_hz: int,
        rng: np.random.Generator,
        other_voice: Callable[[], np.ndarray],
    ) -> Iterator[Copy]:
        """Yield each speed's copy, the original followed by its corrupted versions."""
        for speed in self.speeds:
            faster = change_speed(samples, speed)
            name = "" if speed == 1.0 else f"-sp{speed:g}"
            yield Copy(name, speed, faster, is_noisy=False)
            n_noisy = self.n_noisy if speed == 1.0 else 0
            for number in range(1, n_noisy + 1):
                noisy = self.corruption(samples, rate_hz, rng, other_voice)
                yield Copy(f"-noisy{number}", speed, noisy, is_noisy=True)


def change_speed(samples: np.ndarray, speed: float) -> np.ndarray:
    """Play faster or slower, which moves pitch and formants as well.

    Parameters
    ----------
    samples : ndarray of float32, shape (n_samples,)
    speed : float
        1.1 is ten per cent faster.

    Returns
    -------
    ndarray of float32, shape (about n_samples / speed,)

    Example
    -------
    >>> change_speed(np.ones(1100, dtype=np.float32), 1.1).shape
    (1000,)
    """
    return resample(samples, round(speed * _SPEED_STEPS), _SPEED_STEPS)


def add_noise(samples: np.ndarray, noise: np.ndarray, snr_db: float) -> np.ndarray:
    """Add noise at a signal-to-noise ratio.

    Parameters
    ----------
    samples, noise : ndarray of shape (n_samples,)
    snr_db : float
        Ratio of their mean powers in the result.

    Returns
    -------
    ndarray of float32, shape (n_samples,)
    """
    ratio = np.mean(samples**2) / np.mean(noise**2)
    gain = np.sqrt(ratio / 10 ** (snr_db / 10))
    return (samples + gain * noise).astype(np.float32)


def coloured_noise(
    n_samples: int, slope: float, rng: np.random.Generator
) -> np.ndarray:
    """Noise whose power falls with frequency as 1 / f**slope.

    Parameters
    ----------
    n_samples : int
    slope : float
        0 is white, 1 pink, 2 brown.
    rng : Generator

    Returns
    -------
    ndarray of shape (n_samples,)
    """
    spectrum = np.fft.rfft(rng.standard_normal(n_samples))
    frequency = np.maximum(np.arange(len(spectrum)), 1.0)
    return np.fft.irfft(spectrum / frequency ** (slope / 2), n_samples)


def room_response(rt60_s: float, rate_hz: int, rng: np.random.Generator) -> np.ndarray:
    """Impulse response of a simulated room: a direct path and a decaying tail.

    Parameters
    ----------
    rt60_s : float
        Time in which the tail falls by 60 dB.
    rate_hz : int
    rng : Generator

    Returns
    -------
    ndarray of shape (rt60_s * rate_hz,)
        The direct path is the first sample; the tail has a quarter of its energy
        to as much as all of it.
    """
    time_s = np.arange(round(rt60_s * rate_hz)) / rate_hz
    tail = rng.standard_normal(len(time_s)) * 10 ** (-3 * time_s / rt60_s)
    tail *= np.sqrt(rng.uniform(0.25, 1.0) / np.sum(tail**2))
    tail[0] = 1.0
    return tail
