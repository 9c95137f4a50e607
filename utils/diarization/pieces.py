"""Local speakers cut into pieces, each short enough to be of one person.

A window may have more speakers than a network can tell apart, or two alike voices that
it takes for one. A piece ends at a pause, or where it is long; which pieces are one
person, their embeddings tell.
"""

from dataclasses import dataclass, replace

import numpy as np

from utils.diarization.segmentation import FRAME_S, Segmentation, Segmenter, Source
from utils.runtime.runs import runs


@dataclass(frozen=True)
class PieceSegmenter:
    """Cuts what another segmenter finds.

    Attributes
    ----------
    segmenter : Segmenter
    shortest_s, longest_s : float
        Speech of a piece; a speaker with less has one.
    """

    segmenter: Segmenter
    shortest_s: float
    longest_s: float

    def __call__(self, source: Source) -> Segmentation:
        """Segment one channel of a recording, each piece as a local voice."""
        found = self.segmenter(source)
        lengths = round(self.shortest_s / FRAME_S), round(self.longest_s / FRAME_S)
        pieces = [
            [
                (speaker, piece)
                for speaker, own in enumerate(active.T)
                for piece in cut(own, *lengths)
            ]
            for active in found.active
        ]
        n_windows, n_window, _ = found.active.shape
        most = max([1, *map(len, pieces)])
        active = np.zeros((n_windows, n_window, most), dtype=bool)
        speakers = np.full((n_windows, most), -1)
        for window, own in enumerate(pieces):
            for place, (speaker, piece) in enumerate(own):
                active[window, piece, place] = True
                speakers[window, place] = speaker
        return replace(found, active=active, speakers=speakers)


def cut(is_on: np.ndarray, n_shortest: int, n_longest: int) -> list[np.ndarray]:
    """Cut the frames in which somebody talks into pieces.

    Parameters
    ----------
    is_on : ndarray of bool, shape (T,)
    n_shortest, n_longest : int
        Frames of speech. A run that is longer is cut evenly; runs are joined to the
        shortest length, and what is left over at the end to the piece before.

    Returns
    -------
    list of ndarray of int
        The frames of each piece.

    Example
    -------
    >>> speech = np.array([1, 1, 0, 1, 0, 1, 1, 1, 1, 1, 0, 1], dtype=bool)
    >>> [piece.tolist() for piece in cut(speech, n_shortest=3, n_longest=4)]
    [[0, 1, 3], [5, 6, 7], [8, 9, 11]]
    """
    parts = [
        part
        for start, stop in runs(is_on)
        for part in np.array_split(
            np.arange(start, stop), -(-(stop - start) // n_longest)
        )
    ]
    pieces: list[np.ndarray] = []
    held = np.zeros(0, dtype=int)
    for part in parts:
        held = np.append(held, part)
        if len(held) >= n_shortest:
            pieces.append(held)
            held = np.zeros(0, dtype=int)
    if len(held) and pieces:
        pieces[-1] = np.append(pieces[-1], held)
    elif len(held):
        pieces.append(held)
    return pieces
