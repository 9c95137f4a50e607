"""Transforms of embeddings: steps that learn them, and what they have learnt.

``fit(embeddings, speakers)`` of a step returns a callable that maps embeddings
(N, D) to (N, K). A back-end is a chain of them: hparams/backend.yaml.
"""

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from utils.backend.parts import Step, Stored
from utils.backend.vectors import (
    check_dimension,
    check_spread,
    check_spread_within,
    length_normalise,
)


class Transform(Stored, Step):
    """Maps embeddings (N, D) to (N, K)."""

    def __call__(self, embeddings: np.ndarray) -> np.ndarray:
        """Map embeddings (N, D) to (N, K)."""
        raise NotImplementedError


@dataclass(frozen=True)
class Affine(Transform, kind="affine"):
    """Subtract a mean, then multiply by a matrix.

    Attributes
    ----------
    mean : ndarray of shape (D,)
    matrix : ndarray of shape (D, K)
    note : str
        What there is to say about the training data.

    Example
    -------
    >>> shift = Affine(np.array([1.0, 0.0]), np.eye(2))
    >>> shift(np.array([[1.0, 2.0]]))
    array([[0., 2.]])
    """

    mean: np.ndarray
    matrix: np.ndarray
    note: str = field(default="", compare=False)

    def __call__(self, embeddings: np.ndarray) -> np.ndarray:
        """Map embeddings (N, D) to (N, K).

        Raises
        ------
        ValueError
            Their dimension is another.
        """
        check_dimension(embeddings, len(self.mean))
        return (embeddings - self.mean) @ self.matrix  # (N, D) @ (D, K)


@dataclass(frozen=True)
class LengthNorm(Transform, kind="length"):
    """Scale each embedding to unit length; there is nothing to learn.

    Example
    -------
    >>> LengthNorm().fit(np.eye(2), np.array(["a", "b"]))(np.array([[3.0, 4.0]]))
    array([[0.6, 0.8]])
    """

    learns_from: ClassVar[tuple[str, ...]] = ()

    def fit(self, embeddings: np.ndarray, speakers: np.ndarray) -> "LengthNorm":
        """Return itself."""
        return self

    def __call__(self, embeddings: np.ndarray) -> np.ndarray:
        """Map embeddings (N, D) to unit vectors (N, D)."""
        return length_normalise(embeddings)


@dataclass(frozen=True)
class Mean(Step):
    """Subtract the mean of the training embeddings."""

    learns_from: ClassVar[tuple[str, ...]] = ("cohort", "train")

    def fit(self, embeddings: np.ndarray, speakers: np.ndarray) -> Affine:
        """Learn the mean of embeddings (N, D).

        Raises
        ------
        ValueError
            The embeddings are all equal.
        """
        check_spread(embeddings)
        embeddings = np.asarray(embeddings, dtype=np.float64)
        return Affine(embeddings.mean(axis=0), np.eye(embeddings.shape[1]))


@dataclass(frozen=True)
class Whitening(Step):
    """Give the embeddings mean zero and the identity as covariance.

    Attributes
    ----------
    method : str
        ``zca`` keeps the axes, ``pca`` turns to the principal ones, largest first
        (A. Kessy, A. Lewin and K. Strimmer, "Optimal whitening and decorrelation",
        The American Statistician 72 (2018)).
    shrinkage : float
        Share of a multiple of the identity in the covariance, in [0, 1]; above 0
        where there are fewer embeddings than dimensions.
    n_dims : int, optional
        Principal dimensions K to keep; ``pca`` only.
    """

    method: str
    shrinkage: float
    n_dims: int | None = None

    def __post_init__(self) -> None:
        """Check the values."""
        if self.method not in ("zca", "pca"):
            raise ValueError(f"method must be zca or pca, not {self.method!r}")
        if self.method == "zca" and self.n_dims is not None:
            raise ValueError("zca keeps all dimensions: leave n_dims out, or use pca")

    def fit(self, embeddings: np.ndarray, speakers: np.ndarray) -> Affine:
        """Learn from embeddings (N, D).

        Raises
        ------
        ValueError
            The covariance is singular, or the embeddings are all equal.
        """
        check_spread(embeddings)
        embeddings = np.asarray(embeddings, dtype=np.float64)
        mean = embeddings.mean(axis=0)
        covariance = np.cov(embeddings.T, bias=True).reshape(len(mean), len(mean))
        values, vectors = _eigen(shrunk(covariance, self.shrinkage))
        matrix = vectors / np.sqrt(values)
        if self.method == "zca":
            matrix = matrix @ vectors.T
        note = f"whitening: condition number {values[0] / values[-1]:.3g}"
        return Affine(mean, matrix[:, : self.n_dims], note)


@dataclass(frozen=True)
class Lda(Step):
    """Linear discriminant analysis, by the generalised eigenproblem B v = l W v.

    B and W are the covariances between and within speakers: R. A. Fisher, "The use
    of multiple measurements in taxonomic problems", Annals of Eugenics 7 (1936).
    The projected W is the identity.

    Attributes
    ----------
    n_dims : int
        Dimension K of the result; at most the number of speakers less one, and D.
    shrinkage : float
        Share of a multiple of the identity in W, in (0, 1], so that few data or
        constant dimensions do no harm.
    """

    n_dims: int
    shrinkage: float

    def __post_init__(self) -> None:
        """Check the values."""
        if not 0 < self.shrinkage <= 1:
            raise ValueError(f"shrinkage must lie in (0, 1], not {self.shrinkage}")

    def fit(self, embeddings: np.ndarray, speakers: np.ndarray) -> Affine:
        """Learn from embeddings (N, D) and who speaks in each.

        Raises
        ------
        ValueError
            See `scatter`.
        """
        from scipy.linalg import eigh  # slow to import, and used to learn alone

        mean, between, within = scatter(embeddings, speakers)
        within = shrunk(within, self.shrinkage)
        _, vectors = eigh(between, within)  # eigenvalues rise
        most = min(len(np.unique(speakers)) - 1, len(mean))
        n_dims = min(self.n_dims, most)
        note = f"LDA: {len(mean)} to {n_dims} dimensions"
        if n_dims < self.n_dims:
            note += f", not {self.n_dims}: the data allow no more"
        values = np.linalg.eigvalsh(within)
        note += f"; condition number within speakers {values[-1] / values[0]:.3g}"
        return Affine(mean, vectors[:, ::-1][:, :n_dims], note)


@dataclass(frozen=True)
class Wccn(Step):
    """Within-class covariance normalisation: W becomes the identity.

    A. Hatch, S. Kajarekar and A. Stolcke, "Within-class covariance normalization
    for SVM-based speaker recognition", Interspeech 2006: multiply by C with
    C C^T = W^-1.

    Attributes
    ----------
    shrinkage : float
        Share of a multiple of the identity in W, in [0, 1].
    """

    shrinkage: float

    def fit(self, embeddings: np.ndarray, speakers: np.ndarray) -> Affine:
        """Learn from embeddings (N, D) and who speaks in each.

        Raises
        ------
        ValueError
            W is singular; see `scatter`.
        """
        mean, _, within = scatter(embeddings, speakers)
        values, vectors = _eigen(shrunk(within, self.shrinkage))
        note = f"WCCN: condition number within speakers {values[0] / values[-1]:.3g}"
        return Affine(np.zeros_like(mean), vectors / np.sqrt(values), note)


def scatter(
    embeddings: np.ndarray, speakers: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the mean (D,), and the covariances between and within speakers (D, D).

    Raises
    ------
    ValueError
        There are fewer than two speakers, or no variance, at all or within them.
    """
    check_spread(embeddings)
    embeddings = np.asarray(embeddings, dtype=np.float64)
    names, labels, counts = np.unique(speakers, return_inverse=True, return_counts=True)
    if len(names) < 2:
        raise ValueError("there must be two speakers or more to learn from")
    mean, n_all = embeddings.mean(axis=0), len(embeddings)
    means = np.zeros((len(names), embeddings.shape[1]))
    np.add.at(means, labels, embeddings)
    means /= counts[:, None]
    deviations = embeddings - means[labels]
    check_spread_within(deviations, embeddings)
    offsets = (means - mean) * np.sqrt(counts / n_all)[:, None]
    return mean, offsets.T @ offsets, deviations.T @ deviations / n_all


def shrunk(covariance: np.ndarray, share: float, least: float = 0.0) -> np.ndarray:
    """Move a covariance (D, D) by a share in [0, 1] to a multiple of the identity.

    The multiple is the mean variance, or ``least`` where that is smaller.

    Raises
    ------
    ValueError
        The share is out of range.

    Example
    -------
    >>> shrunk(np.array([[2.0, 1.0], [1.0, 0.0]]), 0.5)
    array([[1.5, 0.5],
           [0.5, 0.5]])
    """
    if not 0 <= share <= 1:
        raise ValueError(f"shrinkage must lie in [0, 1], not {share}")
    scale = max(np.trace(covariance) / len(covariance), least)
    return (1 - share) * covariance + share * scale * np.eye(len(covariance))


def _eigen(covariance: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return eigenvalues, falling, and eigenvectors of a regular covariance."""
    values, vectors = np.linalg.eigh(covariance)
    if values[0] <= 1e-12 * values[-1]:
        raise ValueError("a covariance is singular: use shrinkage above 0")
    return values[::-1], vectors[:, ::-1]
