"""Voice activity: frame posteriors from energy, then SpeechBrain's boundaries."""

import numpy as np
import torch
from speechbrain.inference.VAD import VAD

from utils.audio.speech_level import speech_threshold_db


class BoundaryRules(VAD):
    """SpeechBrain's boundary functions, without its neural posterior model.

    Parameters
    ----------
    time_resolution_s : float
        Seconds between frames.
    """

    def __init__(self, time_resolution_s: float) -> None:
        torch.nn.Module.__init__(self)
        self.time_resolution = time_resolution_s
        self.sample_rate = 1  # only boundaries in seconds are used
        self.device = "cpu"


class EnergyVad:
    """Speech frames by their energy between an utterance's quiet and loud levels.

    The posterior is a sigmoid of a frame's energy about a threshold that lies
    ``range_db`` under the loud level (95th percentile), but ``margin_db`` above the
    quiet level (10th percentile) where the recording is noisy, and never less than
    ``margin_db`` under the loud level: a recording without pauses is kept whole.

    Two kinds of recordings, for which that fails, are told from all others. In one
    with hum, the channels of the filterbank with a level that hardly moves are left out
    of the energy. In one with little speech, the 95th percentile is noise, so that the
    loudest frames take its place, and it that of the quiet level.

    Parameters
    ----------
    hop_s : float
        Seconds between frames.
    range_db, margin_db : float
        See above.
    activation, deactivation : float
        Posteriors in [0, 1] at which speech starts and ends.
    close_s, shortest_s : float
        Pauses up to ``close_s`` are bridged; segments up to ``shortest_s`` dropped.
    hum_db : float, optional
        Channels with hum are left out where the range between quiet and loud grows by
        more than this; None never leaves any out.
    loud_s : float, optional
        The shortest speech that is looked for among noise; None looks for none.
    """

    def __init__(  # noqa: PLR0913 - one argument per YAML value
        self,
        hop_s: float,
        range_db: float,
        margin_db: float,
        activation: float,
        deactivation: float,
        close_s: float,
        shortest_s: float,
        hum_db: float | None = None,
        loud_s: float | None = None,
    ) -> None:
        self.hop_s = hop_s
        self.range_db, self.margin_db = range_db, margin_db
        self.activation, self.deactivation = activation, deactivation
        self.close_s, self.shortest_s = close_s, shortest_s
        self.hum_db, self.loud_s = hum_db, loud_s
        self.rules = BoundaryRules(hop_s)

    def posteriors(self, fbank_db: np.ndarray) -> np.ndarray:
        """Probability of speech in every frame.

        Parameters
        ----------
        fbank_db : ndarray of shape (T, F)
            Filterbank energies in dB, not normalised.

        Returns
        -------
        ndarray of shape (T,), in [0, 1]
        """
        energy_db = mean_db(fbank_db)
        if self.hum_db is not None:
            energy_db = self._without_hum(fbank_db, energy_db)
        quiet_db, loud_db = np.percentile(energy_db, [10, 95])
        if self.loud_s is not None and loud_db - quiet_db < 2 * self.margin_db:
            loudest_db = nth_largest(energy_db, round(self.loud_s / self.hop_s))
            if loudest_db - loud_db > 2 * self.margin_db:
                quiet_db, loud_db = loud_db, loudest_db
        threshold_db = speech_threshold_db(
            quiet_db, loud_db, self.range_db, self.margin_db
        )
        return 1 / (1 + np.exp(-np.clip(energy_db - threshold_db, -50, 50)))

    def _without_hum(self, fbank_db: np.ndarray, energy_db: np.ndarray) -> np.ndarray:
        """Return the energy of the channels without hum, where that tells more."""
        range_db = np.ptp(np.percentile(energy_db, [10, 95]))
        if range_db > self.range_db + self.margin_db:
            return energy_db  # noise has no part in the threshold
        moves_db = np.ptp(np.percentile(fbank_db, [10, 80], axis=0), axis=0)  # (F,)
        is_hum = moves_db < self.margin_db
        if is_hum.all() or not is_hum.any():
            return energy_db
        others_db = mean_db(fbank_db[:, ~is_hum])
        gain_db = np.ptp(np.percentile(others_db, [10, 95])) - range_db
        return others_db if gain_db > self.hum_db else energy_db

    def segments(self, fbank_db: np.ndarray) -> np.ndarray:
        """Find the stretches of speech.

        Parameters
        ----------
        fbank_db : ndarray of shape (T, F)
            Filterbank energies in dB, not normalised.

        Returns
        -------
        ndarray of int, shape (n_segments, 2)
            First frame, and first frame after, of each segment. Empty where
            there is no speech.
        """
        is_speech = hysteresis(
            self.posteriors(fbank_db), self.activation, self.deactivation
        )
        decisions = torch.from_numpy(is_speech)[None, :, None].int()  # (1, T, 1)
        bounds_s = self.rules.get_boundaries(decisions)
        bounds_s = self.rules.merge_close_segments(bounds_s, self.close_s)
        bounds_s = self.rules.remove_short_segments(bounds_s, self.shortest_s)
        frames = np.rint(bounds_s.reshape(-1, 2).numpy() / self.hop_s).astype(int)
        return frames + [0, 1]  # SpeechBrain names the last frame, a slice the next


def mean_db(fbank_db: np.ndarray) -> np.ndarray:
    """Mean power of every frame's channels: (T, F) in dB to (T,) in dB."""
    return 10 * np.log10(np.mean(10 ** (fbank_db / 10), axis=1))


def nth_largest(values: np.ndarray, n: int) -> float:
    """Return the n-th largest value, or the least of fewer.

    Example
    -------
    >>> float(nth_largest(np.array([1.0, 3.0, 2.0]), 2))
    2.0
    """
    return np.partition(values, max(len(values) - n, 0))[max(len(values) - n, 0)]


def hysteresis(
    posteriors: np.ndarray, activation: float, deactivation: float
) -> np.ndarray:
    """Speech starts at ``activation`` and lasts until below ``deactivation``.

    Parameters
    ----------
    posteriors : ndarray of shape (T,)
    activation, deactivation : float
        Thresholds; ``activation`` is the higher one.

    Returns
    -------
    ndarray of bool, shape (T,)

    Example
    -------
    >>> hysteresis(np.array([0.4, 0.6, 0.4, 0.1, 0.4]), 0.5, 0.25).astype(int)
    array([0, 1, 1, 0, 0])
    """
    decided = (posteriors >= activation) | (posteriors < deactivation)
    last_decided = np.maximum.accumulate(
        np.where(decided, np.arange(len(posteriors)), -1)
    )
    return np.where(last_decided >= 0, posteriors[last_decided] >= activation, False)
