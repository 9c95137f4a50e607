"""What is measured of a voice directly: pitch, voicing and the balance of the spectrum.

Pitch tells women from men and children from adults better than an embedding that was
learnt to tell speakers does from a few dozen of them.
"""

import numpy as np

from utils.audio.speech_frames import N_BANDS, take_frames

MEASURES = "voice measures 1"  # stands for the hash of a model
RATE_HZ = 16000
_QUANTILES = 0.1, 0.25, 0.5, 0.75, 0.9
MEDIAN_PITCH = _QUANTILES.index(0.5)  # its place among the measures
_UNKNOWN_ST = 90.0  # 181 Hz, where no frame is voiced
N_MEASURES = 2 * len(_QUANTILES) + 4 + 2 * N_BANDS


def measure_voice(samples: np.ndarray, rate_hz: int) -> np.ndarray:
    """Measure a recording.

    Parameters
    ----------
    samples : ndarray of shape (n_samples,)
    rate_hz : int

    Returns
    -------
    ndarray of shape (34,)
        Quantiles (10, 25, 50, 75, 90 %) of the pitch in semitones, and of the changes
        of it from frame to frame; shares of frames that are voiced and unvoiced, mean
        strength of the voicing, spectral centroid in octaves; of ten bands the mean
        level over voiced frames, and its deviation over active ones, in dB.

    Example
    -------
    >>> time_s = np.arange(16000) / 16000
    >>> buzz = np.sign(np.sin(2 * np.pi * 120 * time_s))
    >>> found = measure_voice(buzz, 16000)
    >>> bool(abs(2 ** (found[2] / 12) - 120) < 3), found.shape
    (True, (34,))
    """
    frames = take_frames(samples, rate_hz)
    if frames is None or not frames.is_active.any():
        return np.zeros(N_MEASURES)
    voiced, active = frames.is_voiced, frames.is_active
    if voiced.any():
        pitch_st = np.quantile(frames.pitch_st[voiced], _QUANTILES)
        levels_db = frames.bands_db[voiced].mean(axis=0)
        strength = frames.strength[voiced].mean()
    else:
        pitch_st = np.full(len(_QUANTILES), _UNKNOWN_ST)
        levels_db, strength = frames.bands_db[active].mean(axis=0), 0.0
    is_pair = voiced[1:] & voiced[:-1]
    changes_st = np.diff(frames.pitch_st)[is_pair] if is_pair.any() else np.zeros(1)
    return np.concatenate(
        [
            pitch_st,
            np.quantile(np.clip(changes_st, -6, 6), _QUANTILES),
            [voiced[active].mean(), frames.is_unvoiced[active].mean(), strength],
            [frames.centroid_oct[active].mean()],
            levels_db - levels_db.mean(),
            frames.bands_db[active].std(axis=0),
        ]
    )
