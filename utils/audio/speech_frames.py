"""Frames of a recording as speech is told by: bands, periodicity, fine structure."""

from typing import NamedTuple

import numpy as np

N_BANDS = 10
FLOOR_DB = 50.0  # of the bands, below the loud level
_RATE_HZ = 8000
_SIZE, _HOP, _FFT = 320, 80, 512
_KEPT_HZ = (60, 3900)
LONGEST_S, _SHORTEST_FRAMES = 300, 16  # of a recording, analysed
_BANDS_HZ = (250.0, 3700.0)
_LOUD_FRAMES = 31  # of the average whose greatest is the loud level
_ACTIVE_DB = 25.0  # below the loud level
_MARGIN = 15  # frames kept on either side of the first and the last active one
_PITCH_HZ = (65.0, 450.0)
_VOICED, _UNVOICED = 0.35, 0.30  # strength of the periodicity
_DETAIL_HZ, _DETAIL_BINS = (200.0, 3600.0), 25  # the fine structure of spectra
_TINY = 1e-12


class SpeechFrames(NamedTuple):
    """Frames of 40 ms, every 10 ms, from the first to the last that is active.

    Attributes
    ----------
    level_db : ndarray of shape (T,)
        Relative to the loud level, the greatest average of 0.3 s.
    is_active : ndarray of bool, shape (T,)
        Less than 25 dB below the loud level.
    bands_db : ndarray of shape (T, N_BANDS)
        Relative to the loud level, not below ``FLOOR_DB``.
    strength, pitch_st : ndarray of shape (T,)
        Height of the autocorrelation's peak, at most 1 and lower for low voices, of
        which a frame holds fewer periods; its place in semitones.
    is_voiced, is_unvoiced : ndarray of bool, shape (T,)
        Active, and clearly periodic or clearly not.
    detail_db : ndarray of shape (T, F)
        The spectrum, less its envelope.
    flatness_db, centroid_oct : ndarray of shape (T,)
        Geometric over arithmetic mean, and the centroid, of the power spectrum.
    """

    level_db: np.ndarray
    is_active: np.ndarray
    bands_db: np.ndarray
    strength: np.ndarray
    pitch_st: np.ndarray
    is_voiced: np.ndarray
    is_unvoiced: np.ndarray
    detail_db: np.ndarray
    flatness_db: np.ndarray
    centroid_oct: np.ndarray


def take_frames(samples: np.ndarray, rate_hz: int) -> SpeechFrames | None:
    """Analyse a recording up to 3.9 kHz, the first five minutes of it.

    Parameters
    ----------
    samples : ndarray of shape (n_samples,)
        At any level, of any length.
    rate_hz : int

    Returns
    -------
    SpeechFrames or None
        At least 16 frames; None for digital silence.

    Example
    -------
    >>> time_s = np.arange(8000) / 8000
    >>> frames = take_frames(np.sin(2 * np.pi * 200 * time_s), 8000)
    >>> bool(abs(2 ** (np.median(frames.pitch_st) / 12) - 200) < 5)
    True
    """
    narrow = _to_narrow_band(np.asarray(samples, dtype=np.float64), rate_hz)
    return None if narrow is None else _analyse(narrow)


def active_s(frames: SpeechFrames | None, duration_s: float) -> float:
    """Return how long sound is active: in speech without noise, the time of speech.

    Parameters
    ----------
    frames : SpeechFrames or None
        See `take_frames`.
    duration_s : float
        That of the recording, no longer than `LONGEST_S`.

    Returns
    -------
    float
        In seconds.

    Example
    -------
    >>> tone = np.sin(2 * np.pi * 200 * np.arange(8000) / 8000)
    >>> frames = take_frames(np.concatenate([tone, np.zeros(24000)]), 8000)
    >>> round(active_s(frames, duration_s=4), 1)
    1.0
    """
    if frames is None:
        return 0.0
    return min(duration_s, int(frames.is_active.sum()) * _HOP / _RATE_HZ)


def smooth(values: np.ndarray, n: int) -> np.ndarray:
    """Average over n rows, an odd number, about each.

    Example
    -------
    >>> smooth(np.array([[0.0], [3.0], [0.0]]), 3).ravel().tolist()
    [1.0, 1.0, 1.0]
    """
    padded = np.pad(values, ((n // 2 + 1, n // 2), (0, 0)), mode="edge")
    sums = np.cumsum(padded, axis=0, dtype=np.float64)
    return (sums[n:] - sums[:-n]) / n


def _to_narrow_band(samples: np.ndarray, rate_hz: int) -> np.ndarray | None:
    """Return the kept band at 8 kHz with peak 1; None for silence."""
    samples = samples[: LONGEST_S * rate_hz]
    offset = samples.mean() if len(samples) else 0.0
    peak = np.abs(samples - offset).max(initial=0.0)
    if peak <= 1e-6 * abs(offset):
        return None
    n_s = -(-len(samples) // rate_hz)  # whole seconds make whole hertz
    spectrum = np.fft.rfft((samples - offset) / peak, n_s * rate_hz)
    low, high = (n_s * hz for hz in _KEPT_HZ)
    kept = np.zeros(n_s * _RATE_HZ // 2 + 1, dtype=spectrum.dtype)
    kept[low : min(high, len(spectrum))] = spectrum[low:high]
    narrow = np.fft.irfft(kept, n_s * _RATE_HZ)
    length = round(len(samples) * _RATE_HZ / rate_hz)
    shortest = _SIZE + _SHORTEST_FRAMES * _HOP
    narrow = narrow[:length] / (np.abs(narrow[:length]).max(initial=0.0) + _TINY)
    return np.pad(narrow, (0, max(0, shortest - length))).astype(np.float32)


def _analyse(narrow: np.ndarray) -> SpeechFrames:
    """Take the frames of a signal at 8 kHz."""
    windows = np.lib.stride_tricks.sliding_window_view(narrow, _SIZE)[::_HOP]
    power = np.abs(np.fft.rfft(windows * _WINDOW, _FFT)) ** 2  # (T, F)
    bands = power @ _FILTERS
    total = bands.sum(axis=1) + _TINY
    loud = smooth(total[:, None], min(_LOUD_FRAMES, len(total) // 2 * 2 - 1)).max()
    level_db = 10 * np.log10(total / loud)
    heard = np.flatnonzero(level_db > -_ACTIVE_DB)
    part = slice(max(0, heard[0] - _MARGIN), heard[-1] + _MARGIN + 1)
    power, bands, level_db = power[part], bands[part], level_db[part]
    is_active = level_db > -_ACTIVE_DB
    strength, pitch_st = _pitch(power)
    detailed = power[:, _DETAIL]
    floor = 1e-7 * detailed.max(axis=1, keepdims=True) + _TINY
    spectrum_db = 10 * np.log10(detailed + floor)
    centroid = detailed @ _HZ[_DETAIL] / (detailed.sum(axis=1) + _TINY)
    return SpeechFrames(
        level_db, is_active,
        10 * np.log10(bands / loud + 10 ** (-FLOOR_DB / 10) / N_BANDS),
        strength, pitch_st,
        is_active & (strength > _VOICED), is_active & (strength < _UNVOICED),
        spectrum_db - smooth(spectrum_db.T, _DETAIL_BINS).T,
        spectrum_db.mean(axis=1) - 10 * np.log10(detailed.mean(axis=1) + _TINY),
        np.log2(centroid + 1),
    )  # fmt: skip


def _pitch(power: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return strength (T,) and pitch in semitones (T,) of the periodicity.

    The autocorrelation is that of the square root of the power spectrum; shorter
    periods are preferred a little among equals.
    """
    magnitude = np.sqrt(power)
    magnitude[:, _HZ < 80] = 0
    correlation = magnitude @ _COSINES  # few lags, a tenth of the time of an FFT
    correlation /= correlation[:, :1] + _TINY
    around = correlation[:, _LAGS[0] - 1 :]
    before, here, after = around[:, :-2], around[:, 1:-1], around[:, 2:]
    is_peak = (here >= before) & (here >= after)
    best = np.where(is_peak, here * _PREFERENCE, -1).argmax(axis=1)
    rows = np.arange(len(power))
    a, b, c = before[rows, best], here[rows, best], after[rows, best]
    bend = a - 2 * b + c  # of the parabola through the peak
    shift = np.where(bend < -1e-9, (a - c) / (2 * np.minimum(bend, -1e-9)), 0)
    lag = _LAGS[best] + np.clip(shift, -1, 1)
    return b, 12 * np.log2(2 * _RATE_HZ / lag)


def _mel_filters() -> np.ndarray:
    """Return triangles of shape (F, bands) that are even in mels."""
    low, high = 2595 * np.log10(1 + np.array(_BANDS_HZ) / 700)
    edges = 700 * (10 ** (np.linspace(low, high, N_BANDS + 2) / 2595) - 1)
    rise = (_HZ[:, None] - edges[:-2]) / np.diff(edges)[:-1]
    fall = (edges[2:] - _HZ[:, None]) / np.diff(edges)[1:]
    return np.maximum(0, np.minimum(rise, fall)).astype(np.float32)


_HZ = np.fft.rfftfreq(_FFT, 1 / _RATE_HZ)
_WINDOW = np.hanning(_SIZE).astype(np.float32)
_FILTERS = _mel_filters()
_DETAIL = (_HZ > _DETAIL_HZ[0]) & (_HZ < _DETAIL_HZ[1])
# the autocorrelation is taken at twice the rate
_LAGS = np.arange(
    int(2 * _RATE_HZ / _PITCH_HZ[1]), int(2 * _RATE_HZ / _PITCH_HZ[0]) + 1
)
_COSINES = (  # (F, lags)
    np.cos(np.pi / _FFT * np.outer(np.arange(len(_HZ)), np.arange(_LAGS[-1] + 2)))
    / _FFT
).astype(np.float32)
_PREFERENCE = 1 - 0.1 / 3 * np.log2(_LAGS / _LAGS[0])
