"""How sure each turn is whose it is."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from utils.backend.vectors import length_normalise
from utils.diarization.segmentation import FRAME_S, Segmentation
from utils.diarization.voices import Voices


class TurnScore(NamedTuple):
    """How alike a turn's voice and its speaker's are.

    Attributes
    ----------
    cosine : float
        That of the turn's voice and its speaker's mean voice; NaN where none is known.
    margin : float
        How much less that of the nearest other speaker is: below 0 it is more. NaN
        where there is one speaker.
    nearest : int
        The nearest other speaker; -1 where there is one.
    """

    cosine: float
    margin: float
    nearest: int


def score_turns(
    turns: Sequence[tuple[float, float, int]],
    segmentation: Segmentation,
    voices: Voices,
    labels: np.ndarray,
    means: np.ndarray,
) -> list[TurnScore]:
    """Score turns.

    The voice of a turn is the mean of its speaker's voices in the windows that it lies
    in, each with the weight of the time that it has in the turn. So a short turn is
    scored by what its speaker says in the seconds around it, too.

    Parameters
    ----------
    turns : sequence of (float, float, int)
        Start and stop in seconds, and the speaker.
    segmentation : Segmentation
    voices : Voices
    labels : ndarray of int, shape (N,)
        The speaker of each voice.
    means : ndarray of shape (K, D)
        The voice of each speaker, of unit length.
    """
    starts = segmentation.starts[voices.windows]  # (N,), rising
    n_window = segmentation.active.shape[1]
    found = []
    for start_s, stop_s, speaker in turns:
        first, last = round(start_s / FRAME_S), round(stop_s / FRAME_S)
        low, high = np.searchsorted(starts, [first - n_window, last])
        rows = low + np.flatnonzero(labels[low:high] == speaker)
        weights = [
            segmentation.active[
                voices.windows[row],
                max(first - starts[row], 0) : max(last - starts[row], 0),
                voices.locals[row],
            ].sum()
            for row in rows
        ]
        voice = np.array(weights) @ voices.embeddings[rows]  # (n,) @ (n, D)
        found.append(_compare(voice, means, speaker))
    return found


def _compare(voice: np.ndarray, means: np.ndarray, speaker: int) -> TurnScore:
    if not voice.any():
        return TurnScore(float("nan"), float("nan"), -1)
    cosines = means @ length_normalise(voice[None])[0]  # (K, D) @ (D,)
    own, cosines[speaker] = float(cosines[speaker]), -np.inf
    if len(cosines) == 1:
        return TurnScore(own, float("nan"), -1)
    nearest = int(cosines.argmax())
    return TurnScore(own, own - float(cosines[nearest]), nearest)
