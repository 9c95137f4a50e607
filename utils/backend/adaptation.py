"""Domain adaptation of a back-end with unlabelled embeddings of the new domain."""

import numpy as np
from scipy.linalg import cholesky, eigh

from utils.backend.plda.model import Plda, diagonalise
from utils.backend.transforms import shrunk

SHRINKAGE = 0.01  # of covariances that CORAL maps from and to


def adapt_mean(model: Plda, embeddings: np.ndarray) -> Plda:
    """Replace a model's mean by that of embeddings (N, D) of the new domain."""
    return Plda(np.mean(embeddings, axis=0), model.transform, model.psi)


def adapt_kaldi(
    model: Plda,
    embeddings: np.ndarray,
    within_scale: float = 0.3,
    between_scale: float = 0.7,
    mean_scale: float = 1.0,
) -> Plda:
    """Kaldi's unsupervised adaptation.

    Directions in which the new domain varies more than B + W says are widened: of
    the excess, ``within_scale`` goes to W and ``between_scale`` to B, measured in the
    space where B + W is the identity; ``mean_scale`` of the squared shift of the
    mean counts as variance. The mean moves to the new domain's. (Kaldi's
    ivector-adapt-plda.)

    Parameters
    ----------
    model : Plda
        A model of full rank.
    embeddings : ndarray of shape (N, D)
        Unlabelled, of the new domain.
    within_scale, between_scale, mean_scale : float
        Not negative; the first two sum to 1 or less.

    Returns
    -------
    Plda

    Raises
    ------
    ValueError
        A scale is out of range, or the model is of lower rank.
    """
    if min(within_scale, between_scale, mean_scale) < 0:
        raise ValueError("scales must not be negative")
    if within_scale + between_scale > 1:
        raise ValueError("within_scale and between_scale must sum to 1 or less")
    between, within = model.covariances()
    new_mean = np.mean(embeddings, axis=0)
    shift = new_mean - model.mean
    variance = np.cov(embeddings.T, bias=True) + mean_scale * np.outer(shift, shift)
    # columns of vectors: variance v = value (B + W) v, and v^T (B + W) v = 1
    values, vectors = eigh(variance, between + within)
    excess = np.maximum(values - 1, 0.0)
    back = np.linalg.inv(vectors)  # rows map whitened directions to embeddings
    added = (back.T * excess) @ back
    between = between + between_scale * added
    return diagonalise(
        new_mean, cholesky(between + _tiny(between), lower=True),
        within + within_scale * added,
    )  # fmt: skip


def _tiny(matrix: np.ndarray) -> np.ndarray:
    """Return what makes a positive semi-definite matrix safe to factor."""
    return 1e-10 * np.trace(matrix) / len(matrix) * np.eye(len(matrix))


def move_mean(source: np.ndarray, embeddings: np.ndarray) -> np.ndarray:
    """Give embeddings (N, D) of a source the mean of those of a target (M, D)."""
    return source + (np.mean(embeddings, axis=0) - np.mean(source, axis=0))


def move_covariance(
    source: np.ndarray, embeddings: np.ndarray, shrinkage: float = SHRINKAGE
) -> np.ndarray:
    """Give embeddings (N, D) of a source the target's mean and, by `coral`, covariance.

    A back-end that is then trained on them fits the target.
    """
    centred = source - np.mean(source, axis=0)
    return centred @ coral(source, embeddings, shrinkage) + np.mean(embeddings, axis=0)


def coral(source: np.ndarray, embeddings: np.ndarray, shrinkage: float) -> np.ndarray:
    """Return the transform that gives embeddings of a source the target's covariance.

    B. Sun, J. Feng and K. Saenko, "Return of frustratingly easy domain adaptation",
    AAAI 2016: whiten with the source's covariance, colour with the target's.

    Parameters
    ----------
    source : ndarray of shape (N, D)
    embeddings : ndarray of shape (M, D)
        The target domain, unlabelled.
    shrinkage : float
        Share of the identity, scaled to the mean variance, in both covariances;
        above 0 where they are singular.

    Returns
    -------
    ndarray of shape (D, D)
        ``source @ it`` has the target's covariance.
    """
    c_source, c_target = (_covariance(x, shrinkage) for x in (source, embeddings))
    return _power(c_source, -0.5) @ _power(c_target, 0.5)


def _covariance(x: np.ndarray, shrinkage: float) -> np.ndarray:
    return shrunk(np.cov(x.T, bias=True), shrinkage)


def _power(matrix: np.ndarray, exponent: float) -> np.ndarray:
    """Return a power of a symmetric positive definite matrix."""
    values, vectors = eigh(matrix)
    if values[0] <= 0:
        raise ValueError("a covariance is singular: use shrinkage above 0")
    return (vectors * values**exponent) @ vectors.T


def adapt_coral_plus(
    model: Plda, embeddings: np.ndarray, within_share: float = 0.8,
    between_share: float = 0.8, shrinkage: float = SHRINKAGE,
) -> Plda:  # fmt: skip
    """CORAL+: adapt B and W by CORAL, keeping the larger variance in each direction.

    K. A. Lee, Q. Wang and T. Koshinaka, "The CORAL+ algorithm for unsupervised
    domain adaptation of PLDA", ICASSP 2019: with the pseudo-in-domain
    covariance S' = A^T S A of each part, S+ = S + g B^-T max(0, D - I) B^-1 where B
    diagonalises S to the identity and S' to D.

    Parameters
    ----------
    model : Plda
        A model of full rank.
    embeddings : ndarray of shape (N, D)
        The new domain, unlabelled.
    within_share, between_share : float
        How much of the widening to take, in [0, 1].
    shrinkage : float
        Share of the identity in the new domain's covariance.

    Returns
    -------
    Plda
        With the new domain's mean.
    """
    between, within = model.covariances()
    total = between + within
    colour = _power(total, -0.5) @ _power(_covariance(embeddings, shrinkage), 0.5)
    parts = []
    for part, share in ((between, between_share), (within, within_share)):
        pseudo = colour.T @ part @ colour
        values, vectors = eigh(pseudo, part + _tiny(part))
        back = np.linalg.inv(vectors)
        parts.append(part + share * (back.T * np.maximum(values - 1, 0.0)) @ back)
    mean = np.mean(embeddings, axis=0)
    return diagonalise(mean, cholesky(parts[0] + _tiny(parts[0]), lower=True), parts[1])


EMBEDDING_METHODS = {"mean": move_mean, "coral": move_covariance}
PLDA_METHODS = {
    "kaldi": adapt_kaldi,
    "coral+": adapt_coral_plus,
    "plda-mean": adapt_mean,
}
