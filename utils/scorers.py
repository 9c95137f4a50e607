"""From embeddings to the scores of all pairs: cosine and PLDA alike.

A scorer maps embeddings to its own space once (`prepare`), makes models of several
utterances there (`enrol`), and scores blocks of models with all tests (`block`).
"""

from collections.abc import Callable
from typing import NamedTuple, Protocol

import numpy as np

from utils.plda import Plda
from utils.scoring import length_normalise

Transform = Callable[[np.ndarray], np.ndarray]


class Models(NamedTuple):
    """Enrolled models.

    Attributes
    ----------
    vectors : ndarray of shape (N, K)
    n_utterances : ndarray of int, shape (N,)
    """

    vectors: np.ndarray
    n_utterances: np.ndarray


class Scorer(Protocol):
    """What all scorers can do."""

    def prepare(self, embeddings: np.ndarray) -> np.ndarray:
        """Map embeddings (N, D) to the scorer's space (N, K)."""

    def enrol(self, prepared: np.ndarray, rows: list[np.ndarray]) -> Models:
        """Make a model of the prepared vectors in each set of rows."""

    def block(self, models: Models, tests: np.ndarray) -> np.ndarray:
        """Score all models (N, K) with all tests (M, K): (N, M)."""


class CosineScorer:
    """Cosine similarity after a transform of the embeddings.

    Parameters
    ----------
    transform : callable

    Example
    -------
    >>> scorer = CosineScorer(np.asarray)
    >>> tests = scorer.prepare(np.array([[3.0, 4.0], [1.0, 0.0]]))
    >>> scorer.block(scorer.enrol(tests, [np.array([1])]), tests)
    array([[0.6, 1. ]])
    """

    def __init__(self, transform: Transform) -> None:
        self.transform = transform

    def prepare(self, embeddings: np.ndarray) -> np.ndarray:
        """Transform and length-normalise."""
        return length_normalise(self.transform(embeddings))

    def enrol(self, prepared: np.ndarray, rows: list[np.ndarray]) -> Models:
        """Average the unit vectors, and normalise the average."""
        means = length_normalise(np.stack([prepared[own].mean(axis=0) for own in rows]))
        return Models(means, np.array([len(own) for own in rows]))

    def block(self, models: Models, tests: np.ndarray) -> np.ndarray:
        """Return cosine similarities."""
        return models.vectors @ tests.T


class PldaScorer:
    """PLDA log-likelihood ratios of transformed, length-normalised embeddings.

    Parameters
    ----------
    transform : callable
    model : Plda
        Trained on embeddings that were transformed and length-normalised alike.
    average_enrolment : bool
        Treat the mean of the enrolment utterances as one utterance, instead of by
        the book.
    """

    def __init__(
        self, transform: Transform, model: Plda, average_enrolment: bool = False
    ) -> None:
        self.transform, self.model = transform, model
        self.average_enrolment = average_enrolment

    def prepare(self, embeddings: np.ndarray) -> np.ndarray:
        """Transform, length-normalise and project."""
        return self.model.project(length_normalise(self.transform(embeddings)))

    def enrol(self, prepared: np.ndarray, rows: list[np.ndarray]) -> Models:
        """Average the projected vectors."""
        means = np.stack([prepared[own].mean(axis=0) for own in rows])
        counts = np.array([len(own) for own in rows])
        return Models(means, np.ones_like(counts) if self.average_enrolment else counts)

    def block(self, models: Models, tests: np.ndarray) -> np.ndarray:
        """Return natural-log likelihood ratios."""
        return self.model.llr(models.vectors, tests, models.n_utterances)
