"""How good a recording is: noise, clipping, bandwidth."""

from typing import NamedTuple

import numpy as np

SILENCE_DB = -60.0  # mean power, relative to full scale: nothing to recognise
_FULL_SCALE = 0.999
_SNR_FRAME_S = 0.02
_QUIET_SHARE = 0.1  # of the frames, taken for noise
_FLOOR_DB = -120.0
_SPECTRUM_FRAME_S = 0.032
_BAND_STEP_HZ = 125.0
_BAND_RANGE_DB = 50.0  # below the loudest band; what is weaker is no part of speech


class Quality(NamedTuple):
    """Facts about a recording that tell how far a score of it can be trusted.

    Attributes
    ----------
    rate_hz : int
    snr_db : float
        Estimate, see `estimate_snr_db`; NaN for less than 0.2 s.
    clipped_share : float
        See `measure_clipping`.
    bandwidth_hz : float
        See `measure_bandwidth_hz`: 4000 and less for a telephone's speech, whatever
        the rate of the file.
    """

    rate_hz: int
    snr_db: float
    clipped_share: float
    bandwidth_hz: float


def measure_quality(samples: np.ndarray, rate_hz: int) -> Quality:
    """Measure a recording at its own rate.

    Parameters
    ----------
    samples : ndarray of shape (n_samples,), in [-1, 1]
    rate_hz : int

    Returns
    -------
    Quality

    Example
    -------
    >>> samples = np.clip(np.random.default_rng(0).standard_normal(16000), -1, 1)
    >>> quality = measure_quality(samples, 16000)
    >>> quality.bandwidth_hz, quality.clipped_share > 0.05
    (8000.0, True)
    """
    return Quality(
        rate_hz,
        estimate_snr_db(samples, rate_hz),
        measure_clipping(samples),
        measure_bandwidth_hz(samples, rate_hz),
    )


def measure_level_db(samples: np.ndarray) -> float:
    """Return the mean power relative to full scale.

    Parameters
    ----------
    samples : ndarray of shape (n_samples,), in [-1, 1]
        Not all zero.

    Example
    -------
    >>> round(measure_level_db(np.array([0.1, -0.1])))
    -20
    """
    return float(10 * np.log10(np.mean(samples.astype(np.float64) ** 2)))


def estimate_snr_db(samples: np.ndarray, rate_hz: int) -> float:
    """Estimate the ratio of speech to noise from the loudness of frames.

    The quietest tenth of the frames of 20 ms is taken for noise alone; speech is the
    power above it in the louder half. Speech without pauses makes it too low, and
    music or other voices are taken for speech.

    Parameters
    ----------
    samples : ndarray of shape (n_samples,)
    rate_hz : int

    Returns
    -------
    float
        In dB; NaN for less than ten frames.

    Example
    -------
    >>> rng = np.random.default_rng(0)
    >>> noise = rng.standard_normal(32000)
    >>> burst = (np.arange(32000) // 8000 % 2 == 0) * rng.standard_normal(32000)
    >>> abs(estimate_snr_db(10 * burst + noise, 16000) - 20) < 1
    True
    """
    power = np.sort(frame_powers(samples, round(_SNR_FRAME_S * rate_hz)))
    n_frames = len(power)
    if n_frames < 10:
        return float("nan")
    floor = 10 ** (_FLOOR_DB / 10)
    noise = max(power[: max(1, round(_QUIET_SHARE * n_frames))].mean(), floor)
    speech = max(power[n_frames // 2 :].mean() - noise, floor)
    return float(10 * np.log10(speech / noise))


def frame_powers(samples: np.ndarray, size: int) -> np.ndarray:
    """Return the mean power of whole frames of ``size`` samples: float64.

    Example
    -------
    >>> frame_powers(np.array([1, 1, 2, 2, 9]), 2).tolist()
    [1.0, 4.0]
    """
    n_frames = len(samples) // size
    frames = samples[: n_frames * size].astype(np.float64).reshape(n_frames, size)
    return np.mean(frames**2, axis=1)


def measure_clipping(samples: np.ndarray) -> float:
    """Return the share of samples at full scale beside another that is.

    Parameters
    ----------
    samples : ndarray of shape (n_samples,), in [-1, 1]

    Returns
    -------
    float
        In [0, 1].

    Example
    -------
    >>> measure_clipping(np.array([0.0, 1.0, 0.0, -1.0, -1.0]))
    0.25
    """
    is_full = np.abs(samples) >= _FULL_SCALE
    return float(np.mean(is_full[1:] & is_full[:-1])) if len(samples) > 1 else 0.0


def measure_bandwidth_hz(samples: np.ndarray, rate_hz: int) -> float:
    """Find the frequency up to which there is sound.

    Bands of 125 Hz count that come, in the loudest twentieth of their frames, within
    50 dB of the loudest band. A 16 kHz file that was made of an 8 kHz one has 4000,
    or a little more where a poor resampler left an image. Noise counts as sound.

    Parameters
    ----------
    samples : ndarray of shape (n_samples,)
        At any level.
    rate_hz : int

    Returns
    -------
    float
        A multiple of 125 Hz, at most ``rate_hz / 2``; 0 for silence.

    Example
    -------
    >>> measure_bandwidth_hz(np.sin(2 * np.pi * 1000 * np.arange(8000) / 8000), 8000)
    1125.0
    """
    size = round(_SPECTRUM_FRAME_S * rate_hz)
    n_frames = max(1, len(samples) // size)
    frames = np.resize(samples - np.mean(samples), (n_frames, size))
    power = np.abs(np.fft.rfft(frames * np.hanning(size))) ** 2  # (T, F)
    band = (np.fft.rfftfreq(size, 1 / rate_hz) // _BAND_STEP_HZ).astype(int)
    loud = np.bincount(band, np.percentile(power, 95, axis=0)) / np.bincount(band)
    heard = np.flatnonzero(loud > max(loud) * 10 ** (-_BAND_RANGE_DB / 10))
    if len(heard) == 0:
        return 0.0
    return float(min((heard[-1] + 1) * _BAND_STEP_HZ, rate_hz / 2))
