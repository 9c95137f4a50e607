"""Hard triplets from a history of embeddings: Deep Speaker's "select batch"."""

from dataclasses import dataclass

import numpy as np

from utils.crops import Crop


@dataclass(frozen=True)
class History:
    """Crops of many speakers with the embeddings that the model gave them.

    Attributes
    ----------
    crops : list of Crop
    embeddings : ndarray of shape (N, D)
        Of unit length.
    speakers : ndarray of int, shape (N,)
        Speaker of each crop.
    origins : ndarray of int, shape (N,)
        Person of each crop; differs from the speaker where copies at another speed
        count as other speakers.
    n_hardest : int
        A negative is drawn from the anchor's so many hardest.
    """

    crops: list[Crop]
    embeddings: np.ndarray
    speakers: np.ndarray
    origins: np.ndarray
    n_hardest: int

    def __post_init__(self) -> None:
        """Check that every anchor has a positive.

        Raises
        ------
        ValueError
            A speaker has a single crop.
        """
        if np.unique(self.speakers, return_counts=True)[1].min() < 2:
            raise ValueError("a history needs two crops or more of every speaker")

    def select_batch(self, n_triplets: int, rng: np.random.Generator) -> list[Crop]:
        """Choose triplets with hard negatives.

        Parameters
        ----------
        n_triplets : int
        rng : Generator

        Returns
        -------
        list of Crop, length 3 * n_triplets
            Anchors, then positives, then negatives.
        """
        anchors = rng.choice(
            len(self.crops), n_triplets, replace=n_triplets > len(self.crops)
        )
        positives = self._positives(anchors, rng)
        negatives = self._negatives(anchors, rng)
        chosen = np.concatenate([anchors, positives, negatives])
        return [self.crops[index] for index in chosen]

    def _positives(self, anchors: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Draw another crop of each anchor's speaker."""
        is_positive = self.speakers[anchors, None] == self.speakers[None]
        is_positive[np.arange(len(anchors)), anchors] = False
        return np.where(is_positive, rng.random(is_positive.shape), -1).argmax(axis=1)

    def _negatives(self, anchors: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Draw one of each anchor's most similar crops of other people."""
        hardest = hardest_negatives(
            self.embeddings, self.origins, anchors, self.n_hardest
        )
        column = rng.integers(hardest.shape[1], size=len(anchors))
        return hardest[np.arange(len(anchors)), column]


def hardest_negatives(
    embeddings: np.ndarray, people: np.ndarray, anchors: np.ndarray, n_hardest: int
) -> np.ndarray:
    """Find the crops of other people that are most similar to each anchor.

    Parameters
    ----------
    embeddings : ndarray of shape (N, D)
        Of unit length.
    people : ndarray of int, shape (N,)
        Who speaks. Crops of the anchor's own person are masked.
    anchors : ndarray of int, shape (A,)
        Rows of the anchors.
    n_hardest : int
        How many to return for each.

    Returns
    -------
    ndarray of int, shape (A, n_hardest)
        Rows of the negatives, hardest first; fewer where there are not so many.

    Raises
    ------
    ValueError
        Some anchor has no crop of another person.

    Example
    -------
    >>> embeddings = np.array([[1.0, 0.0], [0.9, 0.1], [0.0, 1.0], [0.6, 0.4]])
    >>> hardest_negatives(embeddings, np.array([0, 0, 1, 2]), np.array([0]), 2)
    array([[3, 2]])
    """
    similarity = embeddings[anchors] @ embeddings.T  # (A, N)
    is_other = people[anchors, None] != people[None]
    n_hardest = min(n_hardest, int(is_other.sum(axis=1).min()))
    if n_hardest == 0:
        raise ValueError("an anchor has no negative: the history holds one person")
    similarity = np.where(is_other, similarity, -np.inf)
    return np.argsort(-similarity, axis=1, kind="stable")[:, :n_hardest]
