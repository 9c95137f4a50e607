"""Transforms of embeddings that are learnt on the training speakers."""

from dataclasses import dataclass

import numpy as np
from scipy.linalg import eigh

from utils.scoring import length_normalise


@dataclass(frozen=True)
class LinearTransform:
    """Subtract a mean, then project.

    Attributes
    ----------
    mean : ndarray of shape (D,)
    projection : ndarray of shape (D, K)

    Example
    -------
    >>> shift = LinearTransform(np.array([1.0, 0.0]), np.eye(2))
    >>> shift(np.array([[1.0, 2.0]]))
    array([[0., 2.]])
    """

    mean: np.ndarray
    projection: np.ndarray

    def __call__(self, embeddings: np.ndarray) -> np.ndarray:
        """Map embeddings (N, D) to (N, K)."""
        return (embeddings - self.mean) @ self.projection


def fit_mean(embeddings: np.ndarray) -> LinearTransform:
    """Make the transform that subtracts the mean of embeddings (N, D)."""
    return LinearTransform(embeddings.mean(axis=0), np.eye(embeddings.shape[1]))


def fit_lda(
    embeddings: np.ndarray, speakers: np.ndarray, n_dims: int, shrinkage: float
) -> LinearTransform:
    """Linear discriminant analysis, by the generalised eigenproblem B v = l W v.

    B and W are the covariances between and within speakers: R. A. Fisher, "The use
    of multiple measurements in taxonomic problems", Annals of Eugenics 7 (1936).
    W is shrunk towards a multiple of the identity, so that few data or constant
    dimensions do no harm. The projected W is the identity.

    Parameters
    ----------
    embeddings : ndarray of shape (N, D)
    speakers : ndarray of shape (N,)
        Who speaks.
    n_dims : int
        Dimension K of the result; at most the number of speakers less one, and D.
    shrinkage : float
        Share of the identity in W, in (0, 1].

    Returns
    -------
    LinearTransform

    Raises
    ------
    ValueError
        There are fewer than two speakers, no variance within them, or the
        shrinkage is out of range.
    """
    if not 0 < shrinkage <= 1:
        raise ValueError(f"shrinkage must lie in (0, 1], not {shrinkage}")
    unit = length_normalise(np.asarray(embeddings, dtype=np.float64))
    names, labels, counts = np.unique(speakers, return_inverse=True, return_counts=True)
    if len(names) < 2:
        raise ValueError("discriminant analysis needs two speakers or more")
    mean, n_all = unit.mean(axis=0), len(unit)
    sums = np.zeros((len(names), unit.shape[1]))
    np.add.at(sums, labels, unit)
    means = sums / counts[:, None]
    deviations = unit - means[labels]
    within = deviations.T @ deviations / n_all
    scale = np.trace(within) / len(within)
    if scale == 0:
        raise ValueError("no speaker has two different embeddings")
    within = (1 - shrinkage) * within + shrinkage * scale * np.eye(len(within))
    offsets = (means - mean) * np.sqrt(counts / n_all)[:, None]
    _, vectors = eigh(offsets.T @ offsets, within)  # eigenvalues rise
    n_dims = min(n_dims, len(names) - 1, unit.shape[1])
    return LinearTransform(mean, vectors[:, ::-1][:, :n_dims])
