"""What happens to speech on its way: speed, noise, rooms, gain and telephone lines."""

import io

import numpy as np
import soundfile
from scipy.signal import butter, fftconvolve, sosfilt

from utils.audio.decoding import resample

_SPEED_STEPS = 100  # speeds are resampled as whole hundredths
_LINE_RATE_HZ = 8000
_LINE_BAND_HZ = (300.0, 3400.0)  # of analogue telephony, ITU-T G.712

# libsndfile's names: container, subtype, and the rate that it works at
CODECS = {
    "ulaw": ("WAV", "ULAW", _LINE_RATE_HZ),
    "alaw": ("WAV", "ALAW", _LINE_RATE_HZ),
    "gsm": ("WAV", "GSM610", _LINE_RATE_HZ),
    "adpcm": ("WAV", "IMA_ADPCM", _LINE_RATE_HZ),
    "opus": ("OGG", "OPUS", 16000),
    "vorbis": ("OGG", "VORBIS", 16000),
}


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


def transmit(samples: np.ndarray, rate_hz: int, codec: str) -> np.ndarray:
    """Send speech through a codec; those of telephones keep 300 to 3400 Hz.

    Parameters
    ----------
    samples : ndarray of float32, shape (n_samples,), in [-1, 1]
    rate_hz : int
    codec : str
        One of `CODECS`: ``ulaw`` and ``alaw`` (ITU-T G.711), ``gsm`` (GSM 06.10 full
        rate), ``adpcm``, ``opus`` or ``vorbis``.

    Returns
    -------
    ndarray of float32, shape (n_samples,)

    Example
    -------
    >>> transmit(np.zeros(1600, dtype=np.float32), 16000, "ulaw").shape
    (1600,)
    """
    container, subtype, codec_rate_hz = CODECS[codec]
    sent = resample(samples.astype(np.float32), rate_hz, codec_rate_hz)
    if codec_rate_hz == _LINE_RATE_HZ:
        band = butter(4, _LINE_BAND_HZ, "bandpass", fs=codec_rate_hz, output="sos")
        sent = sosfilt(band, sent).astype(np.float32)
    file = io.BytesIO()
    sent = np.clip(sent, -1, 1)
    soundfile.write(file, sent, codec_rate_hz, format=container, subtype=subtype)
    file.seek(0)
    received = soundfile.read(file, dtype="float32")[0][: len(sent)]
    received = np.pad(received, (0, len(sent) - len(received)))
    heard = resample(received, codec_rate_hz, rate_hz)[: len(samples)]
    return np.pad(heard, (0, len(samples) - len(heard)))
