"""From embeddings to the scores of all pairs: cosine and PLDA alike.

A scorer maps embeddings to its own space once (`prepare`), makes models of several
utterances there (`enrol`), and scores blocks of models with all tests (`block`).
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from utils.backend.parts import Arrays, Settings, Step, Stored
from utils.backend.plda.model import Plda
from utils.backend.vectors import check_dimension, length_normalise


@dataclass(frozen=True)
class Models:
    """Enrolled models.

    Attributes
    ----------
    vectors : ndarray of shape (N, K)
    n_utterances : ndarray of int, shape (N,)
    """

    vectors: np.ndarray
    n_utterances: np.ndarray

    def __getitem__(self, rows: slice | np.ndarray) -> "Models":
        """Take the models of some rows."""
        return Models(self.vectors[rows], self.n_utterances[rows])

    def __len__(self) -> int:
        """Count the models."""
        return len(self.vectors)


class Scorer(Stored, Step):
    """Scores models with tests; a new one defines `prepare`, `enrol` and `block`."""

    is_scorer: ClassVar[bool] = True

    def prepare(self, embeddings: np.ndarray) -> np.ndarray:
        """Map transformed embeddings (N, D) to the scorer's space (N, K)."""
        raise NotImplementedError

    def enrol(self, prepared: np.ndarray, rows: list[np.ndarray]) -> Models:
        """Make a model of the prepared vectors in each set of rows."""
        raise NotImplementedError

    def block(self, models: Models, tests: np.ndarray) -> np.ndarray:
        """Score all models (N, K) with all tests (M, K): (N, M)."""
        raise NotImplementedError

    def factors(
        self, models: Models, tests: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray] | None:
        """Write the scores as a matrix product, left @ right.T, where they are one.

        The models' numbers of utterances must be equal.
        """
        return None

    def adapted(
        self,
        method: str,
        adapt: Callable[[Plda, np.ndarray], Plda],
        embeddings: np.ndarray,
    ) -> "Scorer":
        """Adapt to transformed embeddings of another domain, where it can.

        Raises
        ------
        ValueError
            It cannot.
        """
        raise ValueError(f"adaptation {method!r} needs a back-end with PLDA")


@dataclass(frozen=True)
class CosineScorer(Scorer, kind="cosine"):
    """Cosine similarity.

    Example
    -------
    >>> scorer = CosineScorer()
    >>> tests = scorer.prepare(np.array([[3.0, 4.0], [1.0, 0.0]]))
    >>> scorer.block(scorer.enrol(tests, [np.array([1])]), tests)
    array([[0.6, 1. ]])
    """

    learns_from: ClassVar[tuple[str, ...]] = ()

    def fit(self, embeddings: np.ndarray, speakers: np.ndarray) -> "CosineScorer":
        """Return itself."""
        return self

    def prepare(self, embeddings: np.ndarray) -> np.ndarray:
        """Length-normalise."""
        return length_normalise(embeddings)

    def enrol(self, prepared: np.ndarray, rows: list[np.ndarray]) -> Models:
        """Average the unit vectors, and normalise the average."""
        return Models(length_normalise(_means(prepared, rows)), _counts(rows))

    def factors(
        self, models: Models, tests: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return both sides as they are: (N, K) and (M, K)."""
        return models.vectors, tests

    def block(self, models: Models, tests: np.ndarray) -> np.ndarray:
        """Return cosine similarities."""
        return models.vectors @ tests.T  # (N, K) @ (K, M)


@dataclass(frozen=True)
class PldaScorer(Scorer, kind="plda"):
    """PLDA log-likelihood ratios.

    Attributes
    ----------
    model : Plda
    length_norm : str
        ``none``, or ``psi``: Kaldi's normalisation of projected vectors.
    average_enrolment : bool
        Treat the mean of the enrolment utterances as one utterance, instead of by
        the book.
    note : str
        How the training went.
    """

    model: Plda
    length_norm: str = "none"
    average_enrolment: bool = False
    note: str = ""

    def __post_init__(self) -> None:
        """Check the values."""
        check_length_norm(self.length_norm)

    def state(self) -> tuple[Settings, Arrays]:
        """Return how the model is used, and its arrays."""
        settings = {
            "length_norm": self.length_norm,
            "average_enrolment": self.average_enrolment,
            "note": self.note,
        }
        return settings, dict(vars(self.model))

    @classmethod
    def restored(cls, settings: Settings, arrays: Arrays) -> "PldaScorer":
        """Build it from its state."""
        return cls(Plda(**arrays), **settings)

    def adapted(
        self,
        method: str,
        adapt: Callable[[Plda, np.ndarray], Plda],
        embeddings: np.ndarray,
    ) -> "PldaScorer":
        """Adapt the model to transformed embeddings (N, D) of another domain."""
        return replace(self, model=adapt(self.model, embeddings))

    def prepare(self, embeddings: np.ndarray) -> np.ndarray:
        """Project; lengths are normalised later, as they depend on the utterances."""
        return self.model.project(embeddings)

    def enrol(self, prepared: np.ndarray, rows: list[np.ndarray]) -> Models:
        """Average the projected vectors."""
        counts = _counts(rows)
        if self.average_enrolment:
            counts = np.ones_like(counts)
        return Models(self._scaled(_means(prepared, rows), counts), counts)

    def factors(
        self, models: Models, tests: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """See `Plda.factors`."""
        count = int(models.n_utterances[0])
        return self.model.factors(models.vectors, self._scaled(tests, 1), count)

    def block(self, models: Models, tests: np.ndarray) -> np.ndarray:
        """Return natural-log likelihood ratios."""
        return self.model.llr(
            models.vectors, self._scaled(tests, 1), models.n_utterances
        )

    def _scaled(self, projected: np.ndarray, counts: np.ndarray | int) -> np.ndarray:
        if self.length_norm == "none":
            return projected
        return self.model.normalise_length(projected, counts)


@dataclass(frozen=True)
class KaldiPldaScorer(PldaScorer, kind="kaldi-plda"):
    """PLDA as Kaldi's programs apply it, one after the other.

    A model is the mean of its vectors as they are (ivector-mean); the mean, not each
    vector, is scaled to the length sqrt(D) (ivector-normalize-length) and projected.

    Attributes
    ----------
    scale : bool
        Scale vectors to that length.
    """

    scale: bool = True

    def state(self) -> tuple[Settings, Arrays]:
        """Return how the model is used, and its arrays."""
        settings, arrays = super().state()
        return settings | {"scale": self.scale}, arrays

    def prepare(self, embeddings: np.ndarray) -> np.ndarray:
        """Check the dimension; all else depends on the utterances of a model."""
        check_dimension(embeddings, len(self.model.mean))
        return np.asarray(embeddings, dtype=np.float64)

    def enrol(self, prepared: np.ndarray, rows: list[np.ndarray]) -> Models:
        """Average the vectors."""
        return Models(_means(prepared, rows), _counts(rows))

    def factors(
        self, models: Models, tests: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """See `Plda.factors`."""
        return super().factors(self._projected(models), self._project(tests))

    def block(self, models: Models, tests: np.ndarray) -> np.ndarray:
        """Return natural-log likelihood ratios."""
        return super().block(self._projected(models), self._project(tests))

    def _projected(self, models: Models) -> Models:
        counts = models.n_utterances
        return Models(self._scaled(self._project(models.vectors), counts), counts)

    def _project(self, vectors: np.ndarray) -> np.ndarray:
        if self.scale:
            vectors = length_normalise(vectors) * np.sqrt(vectors.shape[1])
        return self.model.project(vectors)


def check_length_norm(name: str) -> None:
    """Raise a ValueError unless it is a normalisation of `PldaScorer`."""
    if name not in ("none", "psi"):
        raise ValueError(f"length_norm must be none or psi, not {name!r}")


def _means(prepared: np.ndarray, rows: list[np.ndarray]) -> np.ndarray:
    counts = _counts(rows)  # (N,)
    starts = np.concatenate([[0], np.cumsum(counts)[:-1]])
    # (sum of counts, K) to (N, K)
    sums = np.add.reduceat(prepared[np.concatenate(rows)], starts)
    return sums / counts[:, None]  # (N, K) by (N, 1)


def _counts(rows: list[np.ndarray]) -> np.ndarray:
    return np.array([len(own) for own in rows])
