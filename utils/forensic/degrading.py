"""Bring recordings of a population into the condition of a case."""

import numpy as np

from utils.audio.acoustics import add_noise, coloured_noise, pass_codec, transmit
from utils.audio.codecs import CODECS, LINE_RATE_HZ
from utils.audio.quality import estimate_snr_db
from utils.forensic.material import Condition

_CLOSE_DB = 2.0  # of the SNR
_CLOSE_HZ = 300.0
_TRIES = 4  # that bring the SNR near
_CLIPPED = 0.001  # share from which on recordings are clipped on purpose
_PINK = 1.0


def degrade(
    samples: np.ndarray, rate_hz: int, own: Condition, wanted: Condition
) -> np.ndarray:
    """Make a recording as bad as wanted; what is as bad already is left.

    It is cut to as much speech; pink noise comes in, the band is limited, the codec
    passed, and peaks are clipped, in the order in which it happens on the way.

    Parameters
    ----------
    samples : ndarray of float32, shape (n_samples,), in [-1, 1]
    rate_hz : int
    own : Condition
        That of the recording.
    wanted : Condition

    Returns
    -------
    ndarray of float32, shape (n_wanted,)
        The samples themselves where nothing is to be done.

    Example
    -------
    >>> rng = np.random.default_rng(0)
    >>> own, wanted = Condition(4.0, 40.0, 8000.0), Condition(2.0, 40.0, 8000.0)
    >>> degrade(rng.standard_normal(64000), 16000, own, wanted).shape
    (32000,)
    """
    if own.speech_s > 1.1 * wanted.speech_s > 0:
        samples = samples[: round(len(samples) * wanted.speech_s / own.speech_s)]
    if own.snr_db > wanted.snr_db + _CLOSE_DB:
        samples = noisy(samples, rate_hz, wanted.snr_db)
    samples = _through_line(samples, rate_hz, own, wanted)
    if wanted.clipped_share > max(_CLIPPED, 2 * own.clipped_share):
        loud = np.quantile(np.abs(samples), 1 - wanted.clipped_share)
        samples = np.clip(samples / max(loud, 1e-9), -1, 1).astype(np.float32)
    return samples


def noisy(samples: np.ndarray, rate_hz: int, snr_db: float) -> np.ndarray:
    """Add pink noise until the estimated SNR is as wanted."""
    noise = coloured_noise(len(samples), _PINK, np.random.default_rng(len(samples)))
    added_db, made = snr_db, samples
    for _ in range(_TRIES):
        made = add_noise(samples, noise, added_db)
        missed_db = snr_db - estimate_snr_db(made, rate_hz)
        if not abs(missed_db) > _CLOSE_DB / 2:  # NaN where it is too short
            break
        added_db += missed_db
    return made


def _through_line(
    samples: np.ndarray, rate_hz: int, own: Condition, wanted: Condition
) -> np.ndarray:
    is_wider = own.bandwidth_hz > wanted.bandwidth_hz + _CLOSE_HZ
    codec = wanted.codec if wanted.codec != own.codec else ""
    if is_wider and wanted.bandwidth_hz <= LINE_RATE_HZ / 2:
        codec = codec or "mulaw"  # of a telephone
    if is_wider and codec and CODECS[codec].rate_hz == LINE_RATE_HZ:
        samples = transmit(samples, rate_hz, codec)
    elif codec:
        samples = pass_codec(samples, rate_hz, codec)
    return below(samples, rate_hz, wanted.bandwidth_hz) if is_wider else samples


def below(samples: np.ndarray, rate_hz: int, bandwidth_hz: float) -> np.ndarray:
    """Leave nothing above a frequency, not even what a resampler leaves.

    Example
    -------
    >>> tone = np.sin(2 * np.pi * 3000 * np.arange(8000) / 8000)
    >>> bool(np.abs(below(tone, 8000, 2500.0)).max() < 1e-6)
    True
    """
    spectrum = np.fft.rfft(samples)
    spectrum[np.fft.rfftfreq(len(samples), 1 / rate_hz) > bandwidth_hz] = 0
    return np.fft.irfft(spectrum, len(samples)).astype(np.float32)
