"""Which of the voices in a recording's windows are one person."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from utils.backend.vectors import length_normalise
from utils.diarization.counts import (
    ANY_COUNT,
    Clusterer,
    SpeakerCount,
    number_by_appearance,
)
from utils.diarization.segmentation import Segmentation
from utils.diarization.voices import Voices


@dataclass(frozen=True)
class Grouping:
    """Clusters the voices of a recording.

    Reliable voices make the groups; then every voice is given to the nearest, voices
    that are heard at once to different ones.

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
    same_speaker_bonus, same_window_penalty : float
        Added to the cosine of voices of one local speaker; taken off that of other
        voices of one window. Neither where the segmentation knows no speakers.
    """

    clusterer: Clusterer
    reliable_s: float
    most: int
    smallest_s: float
    same_speaker_bonus: float
    same_window_penalty: float

    def __call__(
        self,
        segmentation: Segmentation,
        voices: Voices,
        count: SpeakerCount = ANY_COUNT,
    ) -> np.ndarray:
        """Return the label of each voice: int, shape (N,), numbered as they appear."""
        n_voices = len(voices.windows)
        if n_voices < 2:
            return np.zeros(n_voices, dtype=int)
        chosen = self.reliable(voices.clean_s, count)
        embeddings = voices.embeddings[chosen]
        offsets = None
        if segmentation.knows_speakers:
            speakers = segmentation.speakers_of(voices.windows, voices.locals)
            offsets = self.offsets(voices.windows[chosen], speakers[chosen])
        labels = self.clusterer(embeddings, count, offsets)
        centres = self.centres(embeddings, labels, voices.clean_s[chosen], count)
        similarities = voices.embeddings @ centres.T
        rivals = heard_at_once(segmentation, voices)
        return number_by_appearance(assign(similarities, voices.clean_s, rivals))

    def offsets(self, windows: np.ndarray, speakers: np.ndarray) -> np.ndarray:
        """Return what windows (N,) and local speakers (N,) add to cosines: (N, N)."""
        is_beside = windows[:, None] == windows
        is_same = is_beside & (speakers[:, None] == speakers)
        bonus, penalty = self.same_speaker_bonus, self.same_window_penalty
        return np.where(is_same, bonus, -penalty * is_beside)

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
        n_kept = count.clip(max(int(np.sum(sizes_s >= self.smallest_s)), 1))
        kept = np.argsort(-sizes_s, kind="stable")[:n_kept]
        weights = (labels == kept[:, None]) * (clean_s + self.reliable_s)  # (K, n)
        return length_normalise(weights @ embeddings)


def heard_at_once(segmentation: Segmentation, voices: Voices) -> list[np.ndarray]:
    """Return, for each voice, the rows of those that talk in one of its frames."""
    rivals: list[np.ndarray] = []
    bounds = np.flatnonzero(np.diff(voices.windows)) + 1
    for rows in np.split(np.arange(len(voices.windows)), bounds):
        window = segmentation.active[voices.windows[rows[0]]]
        active = window[:, voices.locals[rows]].astype(np.float32)  # (T, n)
        is_rival = active.T @ active > 0  # (n, n)
        np.fill_diagonal(is_rival, False)
        rivals += [rows[own] for own in is_rival]
    return rivals


def assign(
    similarities: np.ndarray, clean_s: np.ndarray, rivals: Sequence[np.ndarray]
) -> np.ndarray:
    """Give each voice to the group that is nearest and that no rival has.

    Parameters
    ----------
    similarities : ndarray of shape (N, K)
    clean_s : ndarray of shape (N,)
        Voices with more clean speech come first.
    rivals : sequence of N ndarray of int
        Rows of voices that are other people's. With more of them than groups, two share
        one.

    Returns
    -------
    ndarray of int, shape (N,)

    Example
    -------
    >>> similarities = np.array([[0.9, 0.5], [0.8, 0.1], [0.9, 0.1]])
    >>> assign(similarities, np.array([1.0, 2.0, 1.0]), [[1], [0], []])
    array([1, 0, 0])
    """
    labels = np.full(len(similarities), -1)
    for row in np.argsort(-clean_s, kind="stable"):
        taken = labels[rivals[row]]
        free = similarities[row].copy()
        free[taken[taken >= 0]] = -np.inf
        is_left = np.isfinite(free).any()
        labels[row] = (free if is_left else similarities[row]).argmax()
    return labels
