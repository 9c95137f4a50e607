"""Training of two-covariance PLDA: expectation maximisation, exact likelihood.

See `utils.backend.plda.model` for the model.
"""

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from utils.backend.parts import Step
from utils.backend.plda.model import Plda, diagonalise
from utils.backend.scorers import PldaScorer, check_length_norm
from utils.backend.vectors import check_spread

_FLOOR = 1e-6  # of an eigenvalue, as a share of the mean one


@dataclass(frozen=True)
class Statistics:
    """What the training needs to know of the data.

    Attributes
    ----------
    means : ndarray of shape (S, D)
        Mean of each speaker's embeddings.
    counts : ndarray of int, shape (S,)
        How many they are.
    scatter : ndarray of shape (D, D)
        Sum of outer products of the deviations from the speakers' means.
    """

    means: np.ndarray
    counts: np.ndarray
    scatter: np.ndarray


def collect_statistics(embeddings: np.ndarray, speakers: np.ndarray) -> Statistics:
    """Summarise labelled embeddings.

    Parameters
    ----------
    embeddings : ndarray of shape (N, D)
    speakers : ndarray of shape (N,)

    Raises
    ------
    ValueError
        There are fewer than two speakers, every speaker has a single embedding, a
        value is not finite, or the embeddings are all equal.
    """
    embeddings = np.asarray(embeddings, dtype=np.float64)
    names, labels, counts = np.unique(speakers, return_inverse=True, return_counts=True)
    if len(names) < 2 or counts.max() < 2:
        raise ValueError(
            "PLDA needs two speakers or more, and some with two embeddings or more"
        )
    mean = embeddings.mean(axis=0)
    if not np.isfinite(mean).all():
        raise ValueError("embeddings must be finite: there are NaN or infinite ones")
    check_spread(embeddings)
    if (np.diff(labels) < 0).any():
        embeddings = embeddings[np.argsort(labels, kind="stable")]
    centred = embeddings - mean
    starts = np.concatenate([[0], np.cumsum(counts)[:-1]])
    means = np.add.reduceat(centred, starts) / counts[:, None]  # (N, D) to (S, D)
    centred -= np.repeat(means, counts, axis=0)
    return Statistics(means + mean, counts, centred.T @ centred)


def log_det(covariance: np.ndarray) -> float:
    """Return the logarithm of the determinant of a positive definite matrix."""
    return 2 * float(np.sum(np.log(np.diag(np.linalg.cholesky(covariance)))))


def log_likelihood(
    data: Statistics, mean: np.ndarray, between: np.ndarray, within: np.ndarray
) -> float:
    """Exact log-likelihood of the training embeddings.

    A speaker's mean of n embeddings is N(m, B + W/n), their deviations from it are
    independent of it and follow W.

    Returns
    -------
    float
        Natural logarithm, summed over all embeddings.
    """
    n_dims, n_all = len(mean), int(data.counts.sum())
    n_deviations = n_all - len(data.counts)
    total = -0.5 * n_deviations * (n_dims * np.log(2 * np.pi) + log_det(within))
    total -= 0.5 * np.trace(np.linalg.solve(within, data.scatter))
    total -= 0.5 * n_dims * np.sum(np.log(data.counts))
    for n in np.unique(data.counts):
        centred = data.means[data.counts == n] - mean
        covariance = between + within / n
        log_total = n_dims * np.log(2 * np.pi) + log_det(covariance)
        squares = np.sum(centred * np.linalg.solve(covariance, centred.T).T)
        total -= 0.5 * (len(centred) * log_total + squares)
    return float(total)


@dataclass(frozen=True)
class Training:
    """How a training went.

    Attributes
    ----------
    log_likelihoods : list of float
        Per embedding, before the first iteration and after each; never falling.
        With shrinkage, less the penalty that it stands for.
    condition_number : float
        How far the covariance within speakers is stretched.
    n_single : int
        Speakers with one embedding, which say nothing about W.
    """

    log_likelihoods: list[float]
    condition_number: float
    n_single: int

    @property
    def note(self) -> str:
        """Say how the training went."""
        first, last = self.log_likelihoods[0], self.log_likelihoods[-1]
        return (
            f"PLDA: log-likelihood of an embedding {first:.2f} to {last:.2f}, "
            f"condition number within speakers {self.condition_number:.3g}, "
            f"{self.n_single} speakers with one utterance"
        )


@dataclass(frozen=True)
class PldaSettings(Step):
    """How to train PLDA, and how to use it: the last step of a back-end's chain.

    Attributes
    ----------
    n_iterations, rank, shrinkage
        See `fit_plda`.
    length_norm : str
        ``none``, or ``psi``: Kaldi's normalisation of projected vectors.
    average_enrolment : bool
        Treat the mean of the enrolment utterances as one utterance, instead of by
        the book.
    """

    is_scorer: ClassVar[bool] = True

    n_iterations: int
    rank: int | None
    shrinkage: float
    length_norm: str
    average_enrolment: bool

    def __post_init__(self) -> None:
        """Check the values."""
        check_length_norm(self.length_norm)

    def fit(self, embeddings: np.ndarray, speakers: np.ndarray) -> PldaScorer:
        """Train on embeddings (N, D) and who speaks in each; see `fit_plda`."""
        model, training = fit_plda(
            embeddings, speakers, self.n_iterations, self.rank, self.shrinkage
        )
        use = self.length_norm, self.average_enrolment
        return PldaScorer(model, *use, training.note)


def fit_plda(
    embeddings: np.ndarray,
    speakers: np.ndarray,
    n_iterations: int,
    rank: int | None,
    shrinkage: float,
) -> tuple[Plda, Training]:
    """Train a model by expectation maximisation, with minimum divergence.

    Parameters
    ----------
    embeddings : ndarray of shape (N, D)
    speakers : ndarray of shape (N,)
        Who speaks.
    n_iterations : int
    rank : int or None
        Rank of the covariance between speakers; None: full.
    shrinkage : float
        In [0, 1). Adds this share of the mean variance to every direction of the
        scatter within speakers, as if so much of the data were noise: W is then
        invertible whatever the data.

    Returns
    -------
    model : Plda
    training : Training

    Raises
    ------
    ValueError
        See `collect_statistics`; or the data do not vary within speakers and there
        is no shrinkage.
    """
    data = shrunk(collect_statistics(embeddings, speakers), shrinkage)
    mean, loading, within = initial_parameters(data, rank)
    curve = [log_likelihood(data, mean, loading @ loading.T, within)]
    for _ in range(n_iterations):
        mean, loading, within = em_step(data, mean, loading, within)
        curve.append(log_likelihood(data, mean, loading @ loading.T, within))
    n_all = int(data.counts.sum())
    values = np.linalg.eigvalsh(within)
    training = Training(
        [value / n_all for value in curve],
        float(values[-1] / values[0]),
        int(np.sum(data.counts == 1)),
    )
    return diagonalise(mean, loading, within), training


def shrunk(data: Statistics, shrinkage: float) -> Statistics:
    """Add a share of the mean variance to the scatter within speakers."""
    if not 0 <= shrinkage < 1:
        raise ValueError(f"shrinkage must lie in [0, 1), not {shrinkage}")
    n_dims = len(data.scatter)
    centred = data.means - data.means.mean(axis=0)
    total = (np.trace(data.scatter) + np.sum(data.counts @ centred**2)) / n_dims
    spread = max(np.trace(data.scatter) / n_dims, _FLOOR * total)
    amount = max(shrinkage, _FLOOR) * spread
    return replace(data, scatter=data.scatter + amount * np.eye(n_dims))


def initial_parameters(
    data: Statistics, rank: int | None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Start from moments: the mean, the main directions between speakers, and W."""
    mean = data.means.mean(axis=0)
    centred = data.means - mean
    between = centred.T @ centred / len(centred)
    within = data.scatter / data.counts.sum()
    values, vectors = np.linalg.eigh(between)
    rank = min(rank or len(mean), len(mean))
    values = np.maximum(values[::-1], _FLOOR * values.mean())
    loading = vectors[:, ::-1] * np.sqrt(values)
    within += loading[:, rank:] @ loading[:, rank:].T  # what the rank leaves over
    return mean, loading[:, :rank], within


def em_step(
    data: Statistics, mean: np.ndarray, loading: np.ndarray, within: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Improve mean (D,), loading V (D, R) with B = V V^T, and W (D, D) once.

    With h ~ N(0, I) and x = m + V h + e, the posterior of h after n embeddings of
    mean x has precision L = I + n V^T W^-1 V and mean L^-1 n V^T W^-1 (x - m).
    """
    n_all, n_speakers = data.counts.sum(), len(data.counts)
    weighted = np.linalg.solve(within, loading)  # W^-1 V
    gram = loading.T @ weighted  # V^T W^-1 V
    centred = data.means - mean
    hidden = np.empty((n_speakers, loading.shape[1]))
    prior = np.zeros_like(gram)  # sum of E[h h^T]
    second = np.zeros_like(gram)  # sum of n E[h h^T]
    for n in np.unique(data.counts):
        same = data.counts == n
        covariance = np.linalg.inv(np.eye(len(gram)) + n * gram)
        hidden[same] = n * centred[same] @ weighted @ covariance
        moment = hidden[same].T @ hidden[same] + same.sum() * covariance
        prior += moment
        second += n * moment
    weights = data.counts[:, None]
    cross = (weights * centred).T @ hidden  # sum of n (x - m) h^T
    loading = np.linalg.solve(second, cross.T).T
    total = (weights * centred).T @ centred
    within = (data.scatter + total - loading @ cross.T) / n_all
    within = (within + within.T) / 2
    # minimum divergence: h takes the mean and the covariance that it is found to have
    shift = hidden.mean(axis=0)
    covariance = prior / n_speakers - np.outer(shift, shift)
    return mean + loading @ shift, loading @ np.linalg.cholesky(covariance), within
