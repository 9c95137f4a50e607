"""What happens to speech on its way: speed, noise, rooms, gain and telephone lines."""

import numpy as np
from scipy.signal import butter, fftconvolve, sosfilt

from utils.audio.codecs import CODECS, LINE_RATE_HZ, encode_and_decode
from utils.audio.resampling import resample

_SPEED_STEPS = 100  # speeds are resampled as whole hundredths
_LINE_BAND_HZ = (300.0, 3400.0)  # of analogue telephony, ITU-T G.712
_BAND_ORDER = 4  # of the filter on either side


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


def reverberate(samples: np.ndarray, response: np.ndarray) -> np.ndarray:
    """Play speech in a room, in time with the direct path.

    Parameters
    ----------
    samples : ndarray of shape (n_samples,)
    response : ndarray of shape (n_taps,)
        Impulse response of the room; what lies before its peak is cut off.

    Returns
    -------
    ndarray of float32, shape (n_samples,)
        With the power of ``samples``.

    Example
    -------
    >>> reverberate(np.array([1.0, 0.0, 0.0]), np.array([0.0, 2.0, 0.0]))
    array([1., 0., 0.], dtype=float32)
    """
    direct = int(np.argmax(np.abs(response)))
    wet = fftconvolve(samples, response[direct:])[: len(samples)]
    power = np.sqrt(np.mean(wet**2))
    level = np.sqrt(np.mean(np.square(samples))) / power if power else 1.0
    return (level * wet).astype(np.float32)


def change_gain(samples: np.ndarray, gain_db: float) -> np.ndarray:
    """Set the level of the peak, and clip what is beyond full scale.

    Parameters
    ----------
    samples : ndarray of shape (n_samples,)
        Not all zero.
    gain_db : float
        Level of the peak in dB full scale; above 0 it is clipped.

    Returns
    -------
    ndarray of float32, shape (n_samples,), in [-1, 1]

    Example
    -------
    >>> change_gain(np.array([0.1, -0.2]), -6.0206).round(3)
    array([ 0.25, -0.5 ], dtype=float32)
    """
    scale = 10 ** (gain_db / 20) / np.abs(samples).max()
    return np.clip(scale * samples, -1, 1).astype(np.float32)


def limit_band(
    samples: np.ndarray, rate_hz: int, band_hz: tuple[float, float]
) -> np.ndarray:
    """Keep a band of frequencies, by a Butterworth filter of the fourth order.

    Parameters
    ----------
    samples : ndarray of float32, shape (n_samples,)
    rate_hz : int
    band_hz : (float, float)
        At its limits 3 dB are lost.

    Returns
    -------
    ndarray of float32, shape (n_samples,)
    """
    band = butter(_BAND_ORDER, band_hz, "bandpass", fs=rate_hz, output="sos")
    return sosfilt(band, samples).astype(np.float32)


def transmit(samples: np.ndarray, rate_hz: int, codec: str) -> np.ndarray:
    """Send speech through a codec; those of telephones keep 300 to 3400 Hz.

    Parameters
    ----------
    samples : ndarray of float32, shape (n_samples,), in [-1, 1]
    rate_hz : int
    codec : str
        A key of `utils.audio.codecs.CODECS`.

    Returns
    -------
    ndarray of float32, shape (n_samples,)

    Example
    -------
    >>> transmit(np.zeros(1600, dtype=np.float32), 16000, "mulaw").shape
    (1600,)
    """
    is_telephone = CODECS[codec].rate_hz == LINE_RATE_HZ
    return pass_codec(samples, rate_hz, codec, _LINE_BAND_HZ if is_telephone else None)


def pass_codec(
    samples: np.ndarray,
    rate_hz: int,
    codec: str,
    band_hz: tuple[float, float] | None = None,
) -> np.ndarray:
    """Send speech through a codec at its rate, and back.

    Parameters
    ----------
    samples, rate_hz, codec
        See `transmit`.
    band_hz : (float, float), optional
        The band that speech is limited to before.
    """
    line_hz = CODECS[codec].rate_hz
    sent = resample(samples.astype(np.float32), rate_hz, line_hz)
    if band_hz is not None:
        sent = limit_band(sent, line_hz, band_hz)
    received = encode_and_decode(sent, line_hz, codec)
    heard = resample(received, line_hz, rate_hz)[: len(samples)]
    return np.pad(heard, (0, len(samples) - len(heard)))
