"""Pauses within what a segmentation network takes for one turn, by their level."""

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import maximum_filter1d, uniform_filter1d

from utils.diarization.segmentation import FRAME_S

LEAST_DB = -100.0  # of digital silence
_SMOOTHED_S, _LOUDEST_S, _AROUND_S = 0.08, 0.15, 2.0
_LEAST_SHARE = 1e-6
_PRE_EMPHASIS = 0.97


@dataclass(frozen=True)
class PauseRule:
    """How sure a network must be of speech where the sound is low.

    A network that was taught with turns of people fills pauses of up to half a second.
    Here a frame is speech where the network's log-odds of it exceed ``odds_per_db`` for
    each dB that the frame lies more than ``neutral_db`` under the loudest of the two
    seconds around.

    Attributes
    ----------
    neutral_db : float
        Under the loudest, where the network alone decides.
    odds_per_db : float
        Natural logarithm; 0 leaves all to the network.

    Example
    -------
    >>> shares = np.array([[0.1, 0.9, 0.0]] * 300)  # of nobody, one and two talking
    >>> levels_db = np.repeat([-20.0, -80.0, -20.0], 100)
    >>> PauseRule(16.0, 0.075).is_speech(shares, levels_db)[[50, 150, 250]].tolist()
    [True, False, True]
    """

    neutral_db: float
    odds_per_db: float

    def is_speech(self, shares: np.ndarray, levels_db: np.ndarray) -> np.ndarray:
        """Decide in which frames somebody talks.

        Parameters
        ----------
        shares : ndarray of shape (n_frames, 1 + N)
            Probability that none, one, ... N talk; 0 where no window sees a frame.
        levels_db : ndarray of shape (n_frames,)
            See `frame_levels`.

        Returns
        -------
        ndarray of bool, shape (n_frames,)
        """
        silent, speech = np.maximum(
            [shares[:, 0], shares[:, 1:].sum(axis=1)], _LEAST_SHARE
        )
        low_db = depth(levels_db) - self.neutral_db
        is_seen = shares.any(axis=1)
        return is_seen & (np.log(speech / silent) > self.odds_per_db * low_db)


def depth(levels_db: np.ndarray) -> np.ndarray:
    """Return how far frames lie under the loudest around, in dB: (n_frames,).

    The loudest moment of a frame's nearest counts, so that weak sounds between loud
    ones are none of a pause.
    """
    smooth_db = uniform_filter1d(np.maximum(levels_db, LEAST_DB), n_odd(_SMOOTHED_S))
    near_db = maximum_filter1d(smooth_db, n_odd(_LOUDEST_S))
    return maximum_filter1d(smooth_db, n_odd(_AROUND_S)) - near_db


def n_odd(length_s: float) -> int:
    """Return the odd number of frames next to a length."""
    return 2 * round(length_s / FRAME_S / 2) + 1


def frame_levels(windows: np.ndarray, first: int, step: int, n: int) -> np.ndarray:
    """Return the levels of frames of windows, of speech more than of hum.

    Parameters
    ----------
    windows : ndarray of shape (B, n_samples)
    first, step : int
        Samples up to the middle of the first frame, and from one to the next.
    n : int
        Frames.

    Returns
    -------
    ndarray of shape (B, n), in dB
        Of the power of ``step`` samples around the middle of each frame, after
        pre-emphasis.
    """
    begin = first - step // 2
    samples = windows[:, begin - 1 : begin + n * step].astype(np.float64)
    emphasised = samples[:, 1:] - _PRE_EMPHASIS * samples[:, :-1]
    frames = (emphasised**2).reshape(len(windows), n, step)
    return 10 * np.log10(frames.mean(axis=2) + 10 ** (LEAST_DB / 10))
