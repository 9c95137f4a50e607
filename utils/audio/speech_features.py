"""What tells speech from noise, tones and music: a few measures of a recording.

None depends on the level or on a constant offset, and what lies beyond a telephone's
band is left out.
"""

from typing import NamedTuple

import numpy as np

from utils.audio.speech_frames import (
    FLOOR_DB,
    N_BANDS,
    SpeechFrames,
    smooth,
    take_frames,
)

_FRAMES_A_MEAN_NEEDS = 4
_RUN, _LEAP_ST = 8, 3.0  # frames and range of a pitch that leaps
_BEAT_FRAMES = slice(12, 120)
_TINY = 1e-12


class SpeechFeatures(NamedTuple):
    """Measures of a recording; all 0 for digital silence.

    Attributes
    ----------
    syllabic_db : float
        Movement of ten bands between about 2 and 8 Hz, as syllables make it.
    common_db : float
        That of all bands together.
    rough_db : float
        Movement faster than that.
    band_coherence, neighbour_coherence : float
        Correlation of that movement between all bands, and between neighbours.
    shape_flux_db : float
        Change of the bands within 40 ms, less that of the level.
    shape_spread_db : float
        Deviation of the bands, less the level, from their mean.
    active_share : float
        Frames less than 25 dB below the loud level.
    periodicity_spread : float
        Standard deviation of how periodic frames are, in [0, 1].
    glide_st : float
        Median movement of the pitch in 10 ms, in semitones.
    pitch_range_st : float
        Between its quartiles.
    leaping_share : float
        Frames, of the active ones, about which the pitch leaps while it is voiced.
    voiced_gain_db : float
        Level of voiced frames above that of unvoiced ones.
    unvoiced_rise_oct : float
        Spectral centroid of unvoiced frames above that of voiced ones.
    flatness_db : float
        Geometric over arithmetic mean of the power spectrum.
    centroid_spread_oct : float
        Standard deviation of the spectral centroid.
    held : float
        Correlation of the spectrum's fine structure over 100 ms: notes hold it.
    held_voiced, long_held_voiced, held_unvoiced : float
        The same, of voiced frames over 40 and 160 ms, of unvoiced ones over 40 ms.
    attack_skew : float
        Skewness of the level's steps: plucked and struck sounds rise faster than
        they fall.
    beat : float
        Greatest autocorrelation of onsets between 0.12 and 1.2 s.
    """

    syllabic_db: float
    common_db: float
    rough_db: float
    band_coherence: float
    neighbour_coherence: float
    shape_flux_db: float
    shape_spread_db: float
    active_share: float
    periodicity_spread: float
    glide_st: float
    pitch_range_st: float
    leaping_share: float
    voiced_gain_db: float
    unvoiced_rise_oct: float
    flatness_db: float
    centroid_spread_oct: float
    held: float
    held_voiced: float
    long_held_voiced: float
    held_unvoiced: float
    attack_skew: float
    beat: float


def measure(
    samples: np.ndarray, rate_hz: int, frames: SpeechFrames | None = None
) -> SpeechFeatures:
    """Measure a recording, the first five minutes of it.

    Parameters
    ----------
    samples : ndarray of shape (n_samples,)
        At any level, of any length.
    rate_hz : int
        8000 or more; less is measured in its narrower band.
    frames : SpeechFrames, optional
        Those of the samples, where they were taken before.

    Returns
    -------
    SpeechFeatures

    Example
    -------
    >>> time_s = np.arange(16000) / 8000
    >>> tone = measure(np.sin(2 * np.pi * 440 * time_s), 8000)
    >>> round(tone.held_voiced, 2), round(tone.syllabic_db, 2)
    (1.0, 0.0)
    """
    frames = take_frames(samples, rate_hz) if frames is None else frames
    if frames is None:
        return SpeechFeatures(*np.zeros(len(SpeechFeatures._fields)).tolist())
    found = _movement(frames) | _voice(frames) | _texture(frames) | _timing(frames)
    return SpeechFeatures(**{name: float(value) for name, value in found.items()})


def _movement(frames: SpeechFrames) -> dict[str, float]:
    """Measure how the bands move."""
    steady, slow = smooth(frames.bands_db, 5), smooth(frames.bands_db, 31)
    is_near = smooth(frames.is_active[:, None] * 1.0, 31)[:, 0] > 0.02
    moves = (steady - slow)[is_near]
    covariance = np.cov(moves.T) + 1e-3 * np.eye(N_BANDS)
    spread = np.sqrt(np.diag(covariance))
    correlation = covariance / np.outer(spread, spread)
    settled = smooth(frames.bands_db, 3)
    change = settled[4:] - settled[:-4]
    change = change[frames.is_active[4:] | frames.is_active[:-4]]
    shapes = frames.bands_db - frames.bands_db.mean(axis=1, keepdims=True)
    shapes = shapes[frames.is_active]
    return {
        "syllabic_db": _rms(moves),
        "common_db": _rms(moves.mean(axis=1)),
        "rough_db": _rms((frames.bands_db - steady)[frames.is_active]),
        "band_coherence": correlation[np.triu_indices(N_BANDS, 1)].mean(),
        "neighbour_coherence": np.diag(correlation, 1).mean(),
        "shape_flux_db": change.std(axis=1).mean(),
        "shape_spread_db": _rms(shapes - shapes.mean(axis=0)),
        "active_share": frames.is_active.mean(),
    }


def _voice(frames: SpeechFrames) -> dict[str, float]:
    """Measure periodicity, pitch, and how voiced and unvoiced frames differ."""
    strength = frames.strength[frames.is_active]
    voiced, unvoiced = frames.is_voiced, frames.is_unvoiced
    steps_st = np.abs(np.diff(frames.pitch_st))[voiced[1:] & voiced[:-1]]
    glides_st = steps_st[steps_st < 1]
    pitch_st = frames.pitch_st[voiced]
    quartiles = (
        np.percentile(pitch_st, [25, 75])
        if len(pitch_st) >= _FRAMES_A_MEAN_NEEDS
        else (0, 0)
    )
    runs = np.lib.stride_tricks.sliding_window_view(
        np.where(voiced, frames.pitch_st, np.nan), _RUN
    )
    leaps = np.ptp(runs, axis=1) >= _LEAP_ST  # false where a frame is not voiced
    has_both = min(voiced.sum(), unvoiced.sum()) >= _FRAMES_A_MEAN_NEEDS

    def difference(values: np.ndarray) -> float:
        return values[voiced].mean() - values[unvoiced].mean() if has_both else 0.0

    return {
        "periodicity_spread": strength.std(),
        "glide_st": np.median(glides_st)
        if len(glides_st) >= _FRAMES_A_MEAN_NEEDS
        else 0.0,
        "pitch_range_st": quartiles[1] - quartiles[0],
        "leaping_share": leaps.sum() / frames.is_active.sum(),
        "voiced_gain_db": difference(frames.level_db),
        "unvoiced_rise_oct": -difference(frames.centroid_oct),
    }


def _texture(frames: SpeechFrames) -> dict[str, float]:
    """Measure flatness, centroid and how long the spectrum stays as it is."""
    norm = np.linalg.norm(frames.detail_db, axis=1, keepdims=True)
    unit = frames.detail_db / (norm + _TINY)

    def held(chosen: np.ndarray, lag: int) -> float:
        both = chosen[lag:] & chosen[:-lag]
        alike = (unit[lag:] * unit[:-lag]).sum(axis=1)[both]
        return alike.mean() if len(alike) >= _FRAMES_A_MEAN_NEEDS else 0.0

    return {
        "flatness_db": frames.flatness_db[frames.is_active].mean(),
        "centroid_spread_oct": frames.centroid_oct[frames.is_active].std(),
        "held": held(frames.is_active, 10),
        "held_voiced": held(frames.is_voiced, 4),
        "long_held_voiced": held(frames.is_voiced, 16),
        "held_unvoiced": held(frames.is_unvoiced, 4),
    }


def _timing(frames: SpeechFrames) -> dict[str, float]:
    """Measure the level's steps and the regularity of onsets."""
    level_db = smooth(np.maximum(frames.level_db, -40.0)[:, None], 3)[:, 0]
    steps_db = level_db[4:] - level_db[:-4]
    variance = (steps_db**2).mean() + 1e-3
    onsets = np.diff(smooth(np.maximum(frames.bands_db, -FLOOR_DB), 5), axis=0)
    onsets = np.maximum(onsets, 0).sum(axis=1)
    onsets = onsets - onsets.mean()
    n = len(onsets)
    power = np.abs(np.fft.rfft(onsets, 2 * n)) ** 2
    correlation = np.fft.irfft(power)[:n] / (power.mean() + 1e-3)
    return {
        "attack_skew": (steps_db**3).mean() / variance**1.5,
        "beat": correlation[_BEAT_FRAMES].max(initial=0.0),
    }


def _rms(values: np.ndarray) -> float:
    return float(np.sqrt(np.mean(np.square(values))))
