"""Who spoke when in a recording: segmentation, voices, grouping, turns."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from utils.backend.vectors import length_normalise
from utils.diarization.assembly import talking, tidy
from utils.diarization.counts import ANY_COUNT, SpeakerCount
from utils.diarization.grouping import Grouping
from utils.diarization.segmentation import FRAME_S, Segmenter, Source
from utils.diarization.turn_scores import TurnScore, score_turns
from utils.diarization.voices import VoiceEmbedder, Voices


class Diarization(NamedTuple):
    """Who spoke when.

    Attributes
    ----------
    turns : list of (float, float, int)
        Start and stop in seconds, and the speaker's number from 0, by time.
    scores : list of TurnScore
        How sure each turn is its speaker's.
    embeddings : ndarray of float32, shape (K, D)
        The voice of each speaker, of unit length.
    margins : ndarray of shape (K,)
        How much nearer, by cosine, a speaker's voices are on average to their own mean
        than to the nearest other's; to nothing where there is one speaker.
    duration_s : float
    """

    turns: list[tuple[float, float, int]]
    scores: list[TurnScore]
    embeddings: np.ndarray
    margins: np.ndarray
    duration_s: float


@dataclass(frozen=True)
class Diarizer:
    """Tells who spoke when.

    Attributes
    ----------
    segmenter : Segmenter
    embedder : VoiceEmbedder
    grouping : Grouping
    longest_pause_s : float
        Pauses within a turn.
    shortest_s : float
        Shorter turns are left out.
    """

    segmenter: Segmenter
    embedder: VoiceEmbedder
    grouping: Grouping
    longest_pause_s: float
    shortest_s: float

    def __call__(
        self,
        source: Source,
        count: SpeakerCount = ANY_COUNT,
        is_speech: np.ndarray | None = None,
    ) -> Diarization:
        """Diarize one channel of a recording.

        Parameters
        ----------
        source : Source
        count : SpeakerCount
        is_speech : ndarray of bool, shape (n_frames,), optional
            Where there is speech, if that is known; see `utils.diarization.assembly`.

        Returns
        -------
        Diarization
            Without turns where there is no speech.

        Raises
        ------
        UserError
            See `utils.audio.streaming.read_blocks`.
        """
        segmentation = self.segmenter(source)
        voices = self.embedder(source, segmentation)
        labels = self.grouping(segmentation, voices, count)
        turns = self.turns(talking(segmentation, voices, labels, is_speech))
        means, margins = describe_speakers(voices, labels)
        scores = score_turns(turns, segmentation, voices, labels, means)
        return Diarization(turns, scores, means, margins, source.duration_s())

    def turns(self, is_on: np.ndarray) -> list[tuple[float, float, int]]:
        """Make turns of frames (n_frames, K)."""
        found = [
            (float(start * FRAME_S), float(stop * FRAME_S), speaker)
            for speaker, own in enumerate(is_on.T)
            for start, stop in tidy(own, self.longest_pause_s, self.shortest_s)
        ]
        return sorted(found)


def describe_speakers(
    voices: Voices, labels: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the mean voice (K, D) of each speaker, and how well it stands apart (K,).

    Example
    -------
    >>> x = np.eye(2, dtype=np.float32)
    >>> voices = Voices(np.arange(2), np.zeros(2, int), np.ones(2), x)
    >>> describe_speakers(voices, np.array([0, 1]))[1].tolist()
    [1.0, 1.0]
    """
    n_speakers = labels.max(initial=-1) + 1
    if not n_speakers:
        return voices.embeddings, np.zeros(0)
    is_own = labels == np.arange(n_speakers)[:, None]  # (K, N)
    means = length_normalise((is_own * (voices.clean_s + FRAME_S)) @ voices.embeddings)
    similarities = voices.embeddings @ means.T  # (N, K)
    own = similarities[np.arange(len(labels)), labels]
    similarities[np.arange(len(labels)), labels] = -np.inf
    other = similarities.max(axis=1)
    margins = own - np.where(np.isfinite(other), other, 0.0)
    sums = is_own @ margins
    return means.astype(np.float32), sums / is_own.sum(axis=1)
