"""Which of the voices in a recording's windows are one person."""

from dataclasses import dataclass

import numpy as np

from utils.backend.vectors import length_normalise
from utils.diarization.counts import (
    ANY_COUNT,
    Clusterer,
    SpeakerCount,
    number_by_appearance,
)
from utils.diarization.voices import Voices


@dataclass(frozen=True)
class Grouping:
    """Clusters the voices of a recording.

    Reliable voices make the groups. Then every voice is given to the nearest, those of
    one window to different ones: H. Bredin, "pyannote.audio 2.1 speaker diarization
    pipeline", Interspeech 2023, section 2.

    Attributes
    ----------
    clusterer : Clusterer
        Makes the groups.
    reliable_s : float
        Clean speech of a reliable voice.
    most : int
        Reliable voices that are clustered, evenly spread over the recording: bounds the
        memory.
    smallest_s : float
        A group with less clean speech is dissolved, unless the number of speakers asks
        for it.
    is_apart : bool
        Whether the voices of a window are of different people, as they are unless
        `utils.diarization.pieces` cuts them.
    """

    clusterer: Clusterer
    reliable_s: float
    most: int
    smallest_s: float
    is_apart: bool = True

    def __call__(self, voices: Voices, count: SpeakerCount = ANY_COUNT) -> np.ndarray:
        """Return the label of each voice: int, shape (N,), numbered as they appear."""
        n_voices = len(voices.windows)
        if n_voices < 2:
            return np.zeros(n_voices, dtype=int)
        chosen = self.reliable(voices.clean_s, count)
        embeddings = voices.embeddings[chosen]
        windows = voices.windows[chosen] if self.is_apart else None
        labels = self.clusterer(embeddings, count, windows)
        centres = self.centres(embeddings, labels, voices.clean_s[chosen], count)
        similarities = voices.embeddings @ centres.T
        if not self.is_apart:
            return number_by_appearance(similarities.argmax(axis=1))
        return number_by_appearance(assign(similarities, voices.windows))

    def reliable(self, clean_s: np.ndarray, count: SpeakerCount) -> np.ndarray:
        """Return the rows of the voices that make the groups."""
        chosen = np.flatnonzero(clean_s >= self.reliable_s)
        if len(chosen) < max(count.fewest, 2):
            chosen = np.arange(len(clean_s))
        if len(chosen) > self.most:
            chosen = chosen[np.linspace(0, len(chosen) - 1, self.most).astype(int)]
        return chosen

    def centres(
        self,
        embeddings: np.ndarray,
        labels: np.ndarray,
        clean_s: np.ndarray,
        count: SpeakerCount,
    ) -> np.ndarray:
        """Return the mean voices of the groups that stay, of unit length: (K, D)."""
        sizes_s = np.bincount(labels, clean_s)
        n_kept = max(int(np.sum(sizes_s >= self.smallest_s)), count.fewest, 1)
        kept = np.argsort(-sizes_s, kind="stable")[:n_kept]
        weights = (labels == kept[:, None]) * (clean_s + self.reliable_s)  # (K, n)
        return length_normalise(weights @ embeddings)


def assign(similarities: np.ndarray, windows: np.ndarray) -> np.ndarray:
    """Give voices to groups, those of one window to different ones where there are.

    Parameters
    ----------
    similarities : ndarray of shape (N, K)
    windows : ndarray of int, shape (N,)

    Returns
    -------
    ndarray of int, shape (N,)

    Example
    -------
    >>> assign(np.array([[0.9, 0.5], [0.8, 0.1], [0.9, 0.1]]), np.array([0, 0, 1]))
    array([1, 0, 0])
    """
    from scipy.optimize import linear_sum_assignment

    labels = similarities.argmax(axis=1)
    bounds = np.flatnonzero(np.diff(windows)) + 1
    for rows in np.split(np.arange(len(windows)), bounds):
        if len(rows) > 1:
            matched, groups = linear_sum_assignment(-similarities[rows])
            labels[rows[matched]] = groups
    return labels
