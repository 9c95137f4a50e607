"""VBx: a hidden Markov model whose states are speakers, by variational Bayes.

A speaker's embeddings follow a PLDA, and who speaks next depends on who speaks now.
Speakers that explain nothing lose their weight, so their number is found. Numbers in
brackets are equations of F. Landini et al., "Bayesian HMM clustering of x-vector
sequences (VBx) in speaker diarization", Computer Speech and Language 71 (2022).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from utils.backend.plda.model import Plda
from utils.diarization.counts import (
    ANY_COUNT,
    Clusterer,
    SpeakerCount,
    number_by_appearance,
)

_UNLIKELY = 1e-200  # beside the likeliest speaker of a moment: keeps sums above 0


@dataclass(frozen=True)
class VbxSettings:
    """What VBx assumes.

    Attributes
    ----------
    acoustic_scale : float
        F_A: weight of an embedding; below 1, as neighbours share speech.
    speaker_scale : float
        F_B: weight of the speakers' priors; the larger, the fewer speakers.
    loop_probability : float
        Chance that the next embedding is of the same speaker.
    n_dims : int or None
        Dimensions of the PLDA that are used, those with the largest variance between
        speakers; None: all.
    start_smoothing : float
        How sure the first labels are: their posteriors begin as a softmax of so much.
    n_iterations : int
        At most.
    precision : float
        A smaller gain of the lower bound ends the iterations.
    """

    acoustic_scale: float
    speaker_scale: float
    loop_probability: float
    n_dims: int | None
    start_smoothing: float = 5.0
    n_iterations: int = 40
    precision: float = 1e-6


@dataclass(frozen=True)
class Vbx:
    """Cluster agglomeratively, too finely, and let VBx join what belongs together.

    Attributes
    ----------
    plda : Plda
        The model of the embeddings that are given.
    start : Clusterer
        Gives the first labels.
    settings : VbxSettings
    transform : callable, optional
        Maps embeddings (N, D) to what the PLDA models.
    """

    plda: Plda
    start: Clusterer
    settings: VbxSettings
    transform: Callable[[np.ndarray], np.ndarray] | None = None

    def __call__(
        self,
        embeddings: np.ndarray,
        count: SpeakerCount = ANY_COUNT,
        offsets: np.ndarray | None = None,
    ) -> np.ndarray:
        """Label embeddings; see `utils.diarization.counts.Clusterer`.

        Where VBx finds a number outside of the bounds, it starts again from that many
        agglomerative groups as the nearer bound; if it still drops one, they stay.
        """
        if len(embeddings) < 2:
            return np.zeros(len(embeddings), dtype=int)
        labels = self.refine(
            embeddings, self.start(embeddings, SpeakerCount(count.fewest), offsets)
        )
        n_found = int(labels.max()) + 1
        n_allowed = min(count.clip(n_found), len(embeddings))
        if n_found == n_allowed:
            return labels
        first = self.start(embeddings, SpeakerCount.exactly(n_allowed), offsets)
        labels = self.refine(embeddings, first)
        return labels if labels.max() + 1 == n_allowed else first

    def refine(self, embeddings: np.ndarray, labels: np.ndarray) -> np.ndarray:
        """Improve labels (N,) of embeddings (N, D), in the order of time."""
        if self.transform:
            embeddings = self.transform(embeddings)
        projected = self.plda.project(embeddings)[:, : self.settings.n_dims]
        psi = self.plda.psi[: self.settings.n_dims]
        one_hot = np.eye(labels.max() + 1)[labels]
        start = np.exp(self.settings.start_smoothing * one_hot)
        start /= start.sum(axis=1, keepdims=True)
        posteriors = fit_speakers(projected, psi, start, self.settings).posteriors
        return number_by_appearance(posteriors.argmax(axis=1))


class Fit(NamedTuple):
    """What variational Bayes found.

    Attributes
    ----------
    posteriors : ndarray of shape (N, S)
        Chance of each speaker at each embedding.
    weights : ndarray of shape (S,)
        How often a change leads to each speaker.
    bounds : list of float
        The lower bound of the log-likelihood (25), less a constant, after each
        iteration; never falling.
    """

    posteriors: np.ndarray
    weights: np.ndarray
    bounds: list[float]


def fit_speakers(
    projected: np.ndarray, psi: np.ndarray, start: np.ndarray, settings: VbxSettings
) -> Fit:
    """Find who speaks, by coordinate ascent.

    Parameters
    ----------
    projected : ndarray of shape (N, K)
        Embeddings where the covariance within speakers is I, between them diag(psi).
    psi : ndarray of shape (K,)
    start : ndarray of shape (N, S)
        Posteriors of the speakers to start from.
    settings : VbxSettings
    """
    posteriors = start
    weights = np.full(start.shape[1], 1 / start.shape[1])
    rho = projected * np.sqrt(psi)  # (18)
    scale_a, scale_b = settings.acoustic_scale, settings.speaker_scale
    bounds: list[float] = []
    for _ in range(settings.n_iterations):
        counts = posteriors.sum(axis=0)[:, None]  # (S, 1)
        variance = 1 / (1 + scale_a / scale_b * counts * psi)  # (17), (S, K)
        mean = scale_a / scale_b * variance * (posteriors.T @ rho)  # (16), (S, K)
        log_p = scale_a * (rho @ mean.T - 0.5 * (variance + mean**2) @ psi)  # (23)
        chain = run_chain(log_p, weights, settings.loop_probability)
        posteriors, weights = chain.posteriors, chain.weights
        gain = np.sum(np.log(variance) - variance - mean**2 + 1)
        bounds.append(chain.log_likelihood + scale_b / 2 * float(gain))  # (25)
        if len(bounds) > 1 and bounds[-1] - bounds[-2] < settings.precision:
            break
    return Fit(posteriors, weights, bounds)


class Chain(NamedTuple):
    """Posteriors (N, S), new weights (S,) and log-likelihood of a Markov chain."""

    posteriors: np.ndarray
    weights: np.ndarray
    log_likelihood: float


def run_chain(log_p: np.ndarray, weights: np.ndarray, loop: float) -> Chain:
    """Run forward and backward through a chain that stays, or draws a speaker anew.

    The transitions are ``loop * I + (1 - loop) * weights``, so that a step takes time
    with the number of speakers, not with its square.

    Parameters
    ----------
    log_p : ndarray of shape (N, S)
        Log-likelihood of each embedding for each speaker.
    weights : ndarray of shape (S,)
        Chances of the speakers at the start and after a change.
    loop : float
    """
    n = len(log_p)
    highest = log_p.max(axis=1, keepdims=True)
    p = np.maximum(np.exp(log_p - highest), _UNLIKELY)
    forward, backward = np.empty_like(p), np.ones_like(p)
    scale = np.empty(n)
    prior = weights
    for t in range(n):
        joint = prior * p[t]
        scale[t] = joint.sum()
        forward[t] = joint / scale[t]
        prior = loop * forward[t] + (1 - loop) * weights
    for t in range(n - 1, 0, -1):
        ahead = p[t] * backward[t] / scale[t]
        backward[t - 1] = loop * ahead + (1 - loop) * (weights @ ahead)
    posteriors = forward * backward
    drawn = np.sum(p[1:] * backward[1:] / scale[1:, None], axis=0)
    found = posteriors[0] + (1 - loop) * weights * drawn  # (24)
    total = float(np.log(scale).sum() + highest.sum())
    return Chain(posteriors, found / found.sum(), total)
