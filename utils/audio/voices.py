"""Other voices made of a speaker's own: faster or slower, with other formants."""

from dataclasses import dataclass

import numpy as np
from scipy.signal import istft, stft

from utils.audio.acoustics import change_speed

FORMANTS_HZ = (500.0, 1500.0, 2500.0, 4000.0)  # of a neutral vocal tract of 17 cm
_WINDOW_S = 0.032
_HOPS = 4  # of a window
_FURTHER_POLES = 2  # beside two for every kHz of the band, one formant's pair each
_WHITENING = 1.0001  # white noise 40 dB below the speech, for the model's sake
_LEAST_POWER = 1e-10
_LARGEST_CHANGE = 6.0  # of a magnitude, in nepers


@dataclass(frozen=True)
class Voice:
    """What makes a voice of another.

    Attributes
    ----------
    suffix : str
        Appended to the names of its utterances and of the speaker; empty for the own.
    speed : float
        1.0, or the factor by which it is faster (and higher).
    formants : tuple of float
        Factors of what lies at `FORMANTS_HZ`, after the speed; empty: as they are.

    Example
    -------
    >>> deeper = Voice("-v1", 1.0, (0.9, 0.9, 0.9, 0.9))
    >>> deeper(np.ones(16000, dtype=np.float32), 16000).shape
    (16000,)
    """

    suffix: str = ""
    speed: float = 1.0
    formants: tuple[float, ...] = ()

    def __call__(self, samples: np.ndarray, rate_hz: int) -> np.ndarray:
        """Speak with this voice: (about n_samples / speed,) of float32."""
        faster = change_speed(samples, self.speed)
        return move_formants(faster, rate_hz, self.formants)


@dataclass(frozen=True)
class RandomVoices:
    """Voices of random speeds and formants.

    Attributes
    ----------
    n_voices : int
    speeds : pair of float
        Range of the speed.
    formants : pair of float
        Range of the factor that all formants share.
    deviation : float
        Each formant's factor is that times 1 - ``deviation`` to 1 + ``deviation``.

    Raises
    ------
    ValueError
        Neighbouring formants might change places.

    Example
    -------
    >>> voices = RandomVoices(2, (0.9, 1.1), (0.95, 1.05), 0.05)
    >>> [voice.suffix for voice in voices(np.random.default_rng(0))]
    ['-v1', '-v2']
    """

    n_voices: int
    speeds: tuple[float, float]
    formants: tuple[float, float]
    deviation: float

    def __post_init__(self) -> None:
        """Check that formants keep their order."""
        if not 0 <= self.deviation < 0.2:
            raise ValueError(
                f"a deviation of formants is 0 to 0.2, not {self.deviation}"
            )

    def __call__(self, rng: np.random.Generator) -> list[Voice]:
        """Draw the voices of one speaker; settings have two decimals."""
        return [self._voice(f"-v{n}", rng) for n in range(1, self.n_voices + 1)]

    def _voice(self, suffix: str, rng: np.random.Generator) -> Voice:
        speed, shared = rng.uniform(*self.speeds), rng.uniform(*self.formants)
        own = 1 + self.deviation * rng.uniform(-1, 1, len(FORMANTS_HZ))
        formants = np.round(shared * own, 2).tolist()
        return Voice(suffix, round(float(speed), 2), tuple(formants))


def move_formants(
    samples: np.ndarray, rate_hz: int, factors: tuple[float, ...]
) -> np.ndarray:
    """Move the envelope of the spectrum along the frequencies, and leave the pitch.

    The envelope of each window is that of its linear prediction (`log_envelope`).

    Parameters
    ----------
    samples : ndarray of float32, shape (n_samples,)
    rate_hz : int
    factors : tuple of float
        What the frequencies `FORMANTS_HZ` are multiplied by, linear between them,
        constant beyond; empty leaves the speech as it is.

    Returns
    -------
    ndarray of float32, shape (n_samples,)
    """
    if not factors:
        return samples
    n_window = 2 * round(_WINDOW_S * rate_hz / 2)
    n_overlap = n_window - n_window // _HOPS
    window = {"fs": rate_hz, "nperseg": n_window, "noverlap": n_overlap}
    frequencies, _, spectrum = stft(samples, **window)
    n_poles = rate_hz // 1000 + _FURTHER_POLES
    envelope = log_envelope(np.abs(spectrum) ** 2, n_poles)
    moved = along_frequencies(envelope, frequencies, factors)
    change = np.clip(moved - envelope, -_LARGEST_CHANGE, _LARGEST_CHANGE)
    _, spoken = istft(spectrum * np.exp(change), **window)
    return spoken[: len(samples)].astype(np.float32)


def log_envelope(powers: np.ndarray, n_poles: int) -> np.ndarray:
    """Natural log of the magnitude of all-pole models of power spectra.

    J. Makhoul, "Linear prediction: a tutorial review", Proc. IEEE 63(4), 1975: the
    coefficients by Levinson and Durbin's recursion (equations 38), the model's gain
    left out.

    Parameters
    ----------
    powers : ndarray of shape (n_bins, n_windows)
    n_poles : int

    Returns
    -------
    ndarray of shape (n_bins, n_windows)
    """
    autocorrelation = np.fft.irfft(powers, axis=0)[: n_poles + 1]
    autocorrelation[0] = autocorrelation[0] * _WHITENING + _LEAST_POWER
    predictor = np.zeros_like(autocorrelation)
    predictor[0], error = 1.0, autocorrelation[0].copy()
    for order in range(1, n_poles + 1):
        lags = autocorrelation[order:0:-1]
        reflection = -(predictor[:order] * lags).sum(axis=0) / error
        predictor[1 : order + 1] += reflection * predictor[order - 1 :: -1][:order]
        error *= 1 - reflection**2
    return -np.log(np.abs(np.fft.rfft(predictor, 2 * (len(powers) - 1), axis=0)))


def along_frequencies(
    envelope: np.ndarray, frequencies_hz: np.ndarray, factors: tuple[float, ...]
) -> np.ndarray:
    """Bring what lies at each frequency to factor times that: (n_bins, n_windows)."""
    moved_to = frequencies_hz * np.interp(frequencies_hz, FORMANTS_HZ, factors)
    bins = np.interp(frequencies_hz, moved_to, np.arange(len(frequencies_hz)))
    below = np.minimum(bins.astype(int), len(frequencies_hz) - 2)
    share = (bins - below)[:, None]
    return (1 - share) * envelope[below] + share * envelope[below + 1]
