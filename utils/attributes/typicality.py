"""Whether an embedding lies where the training did."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from utils.attributes.learning import LEAST_VARIANCE, Labelled
from utils.backend.transforms import shrunk

_SHRINKAGE = 0.2  # share of the covariance that is a multiple of the identity
_KEPT = 0.995  # share of the training, told by others' speakers, that is typical


@dataclass(frozen=True)
class Typicality:
    """A Gaussian of the training's embeddings, and how far from it is too far.

    Attributes
    ----------
    mean : ndarray of shape (D,)
    root : ndarray of shape (D, D)
        Maps a deviation to one whose squared length is the Mahalanobis distance.
    limit : float
        Largest distance, in units of the square root of D.
    """

    mean: np.ndarray
    root: np.ndarray
    limit: float

    def distance(self, vectors: np.ndarray) -> np.ndarray:
        """Return how far vectors (N, D) are from the training: (N,), typically 1."""
        white = (vectors - self.mean) @ self.root
        return np.linalg.norm(white, axis=1) / np.sqrt(len(self.mean))

    def is_typical(self, vectors: np.ndarray) -> np.ndarray:
        """Tell which vectors (N, D) lie where the training did: bool, (N,)."""
        return self.distance(vectors) <= self.limit


def fit_typicality(data: Labelled, folds: np.ndarray) -> Typicality:
    """Fit the Gaussian; the limit is what speakers of other folds keep to.

    Parameters
    ----------
    data : Labelled
    folds : ndarray of int, shape (N,)
        See `utils.attributes.fitting.speaker_folds`.
    """
    distances = np.empty(len(folds))
    for fold in np.unique(folds):
        inside = folds == fold
        mean, root = _gaussian(data.vectors[~inside])
        part = Typicality(mean, root, np.inf)
        distances[inside] = part.distance(data.vectors[inside])
    return Typicality(*_gaussian(data.vectors), float(np.quantile(distances, _KEPT)))


def _gaussian(vectors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    mean = vectors.mean(axis=0)
    covariance = np.cov(vectors.T, bias=True).reshape(len(mean), len(mean))
    values, vectors_of = np.linalg.eigh(shrunk(covariance, _SHRINKAGE, LEAST_VARIANCE))
    return mean, vectors_of / np.sqrt(values)
