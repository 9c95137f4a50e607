"""How many speakers there may be, and the form that all ways of clustering share."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np


@dataclass(frozen=True)
class SpeakerCount:
    """Bounds of the number of speakers; both equal where it is known.

    Attributes
    ----------
    fewest : int
    most : int or None
        None: as many as are found.

    Raises
    ------
    ValueError
        The bounds are below 1, or the wrong way round.

    Example
    -------
    >>> SpeakerCount.exactly(2).clip(5), SpeakerCount(fewest=3).clip(1)
    (2, 3)
    """

    fewest: int = 1
    most: int | None = None

    def __post_init__(self) -> None:
        """Check the bounds."""
        if self.fewest < 1 or (self.most is not None and self.most < self.fewest):
            raise ValueError(
                f"{self.fewest} to {self.most} speakers: bounds must rise from 1"
            )

    @classmethod
    def exactly(cls, n_speakers: int) -> "SpeakerCount":
        """Return the bounds of a known number."""
        return cls(n_speakers, n_speakers)

    def clip(self, n_found: int) -> int:
        """Return the allowed number nearest to one that was found."""
        most = n_found if self.most is None else self.most
        return max(self.fewest, min(n_found, most))


ANY_COUNT = SpeakerCount()


class Clusterer(Protocol):
    """Groups embeddings by speaker.

    Takes embeddings of shape (N, D), in the order of time where they are of one
    recording; the bounds of the number of groups; and what is to be added to the
    cosines of pairs, of shape (N, N), where more than the embeddings is known of them.
    Returns labels from 0, int of shape (N,), numbered as they appear. There are never
    more groups than embeddings.
    """

    def __call__(
        self,
        embeddings: np.ndarray,
        count: SpeakerCount = ANY_COUNT,
        offsets: np.ndarray | None = None,
    ) -> np.ndarray:
        """Return the label of each embedding."""


def number_by_appearance(labels: np.ndarray) -> np.ndarray:
    """Replace labels of any kind by numbers from 0, in the order of their appearance.

    Parameters
    ----------
    labels : ndarray of shape (N,)

    Returns
    -------
    ndarray of int, shape (N,)

    Example
    -------
    >>> number_by_appearance(np.array([7, 2, 7, 3])).tolist()
    [0, 1, 0, 2]
    """
    _, first, inverse = np.unique(labels, return_index=True, return_inverse=True)
    return np.argsort(np.argsort(first))[inverse]
