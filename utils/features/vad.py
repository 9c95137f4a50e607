"""Voice activity: frame posteriors from energy, then SpeechBrain's boundaries."""

import numpy as np
import torch
from speechbrain.inference.VAD import VAD


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
    ) -> None:
        self.hop_s = hop_s
        self.range_db, self.margin_db = range_db, margin_db
        self.activation, self.deactivation = activation, deactivation
        self.close_s, self.shortest_s = close_s, shortest_s
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
        energy_db = 10 * np.log10(np.mean(10 ** (fbank_db / 10), axis=1))
        quiet_db, loud_db = np.percentile(energy_db, [10, 95])
        threshold_db = max(
            loud_db - self.range_db,
            min(quiet_db + self.margin_db, loud_db - self.margin_db),
        )
        return 1 / (1 + np.exp(-np.clip(energy_db - threshold_db, -50, 50)))

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
