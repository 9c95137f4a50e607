"""A back-end: from embeddings to scores, or to log-likelihood ratios.

A chain of transforms, a scorer, perhaps a score normalisation and a calibration. It is
learnt from training embeddings (`utils.backend.training`) and kept in a folder
(`utils.backend.files`).
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from utils.backend.calibration import Calibration
from utils.backend.normalisation.cohort import Cohort, CohortScores
from utils.backend.normalisation.methods import Normalisation, Normaliser
from utils.backend.quality import Measures, trial_columns
from utils.backend.scorers import CosineScorer, Models, Scorer
from utils.backend.transforms import Transform
from utils.backend.vectors import check_dimension

_BLOCK_ROWS = 4096


@dataclass(frozen=True)
class Backend:
    """A trained back-end: one object from embeddings to log-likelihood ratios.

    Attributes
    ----------
    transforms : tuple of Transform
        Applied in this order.
    scorer : Scorer
    normalisation : Normalisation, optional
        Without it, scores stay as they are.
    cohort : Cohort, optional
        For the normalisation.
    calibration : Calibration, optional
        With it, scores are natural-log likelihood ratios.
    needs : tuple of str
        The splits of a corpus that it can be learnt on, the better first; empty where
        there is nothing to learn.
    note : str
        How it was chosen, if it was.

    Example
    -------
    >>> cosine = Backend()
    >>> vectors = cosine.prepare(np.array([[3.0, 4.0], [1.0, 0.0]]))
    >>> side = MeasuredModels(cosine.enrol_single(vectors))
    >>> PairScorer(cosine, side, side)(slice(0, 2))
    array([[1. , 0.6],
           [0.6, 1. ]])
    """

    transforms: tuple[Transform, ...] = ()
    scorer: Scorer = CosineScorer()
    normalisation: Normalisation | None = None
    cohort: Cohort | None = None
    calibration: Calibration | None = None
    needs: tuple[str, ...] = ()
    note: str = ""

    def __post_init__(self) -> None:
        """Check that there is a cohort where it is needed."""
        if self.normalisation and not self.cohort:
            raise ValueError("a normalisation needs a cohort: see add_cohort")

    @property
    def learns(self) -> bool:
        """Whether it is learnt from embeddings."""
        return bool(self.needs) or self.calibration is not None

    @property
    def is_cosine(self) -> bool:
        """Whether scores rise with the cosine of embeddings and with nothing else."""
        more = self.transforms, self.normalisation, self.quality
        if any(more) or not isinstance(self.scorer, CosineScorer):
            return False
        return self.calibration is None or self.calibration.fusion.weights[0] > 0

    @property
    def quality(self) -> tuple[str, ...]:
        """Names of the quality measures that its calibration uses."""
        return self.calibration.quality if self.calibration else ()

    @property
    def notes(self) -> list[str]:
        """What there is to say about the training."""
        parts = *self.transforms, self.scorer
        notes = [self.note, *(part.note for part in parts)]
        return [note for note in notes if note]

    def transform(self, embeddings: np.ndarray) -> np.ndarray:
        """Apply the transforms to embeddings (N, D)."""
        for transform in self.transforms:
            embeddings = transform(embeddings)
        return embeddings

    def prepare(self, embeddings: np.ndarray) -> np.ndarray:
        """Map embeddings (N, D) to the scorer's space (N, K).

        Raises
        ------
        ValueError
            They are not of the back-end's dimension, or have no direction.
        """
        prepared = self.scorer.prepare(self.transform(embeddings))
        if self.cohort:
            check_dimension(prepared, self.cohort.models.vectors.shape[1])
        return prepared

    def enrol(self, prepared: np.ndarray, rows: Iterable[np.ndarray]) -> Models:
        """Make a model of the prepared vectors in each set of rows."""
        return self.scorer.enrol(prepared, list(rows))

    def enrol_single(self, prepared: np.ndarray) -> Models:
        """Make a model of each prepared vector."""
        return self.enrol(prepared, np.arange(len(prepared))[:, None])  # (N, 1)

    def single_models(self, embeddings: np.ndarray) -> "MeasuredModels":
        """Make a model of each embedding (N, D), without quality measures."""
        return MeasuredModels(self.enrol_single(self.prepare(embeddings)))

    def without_cohort_of(self, speakers: Iterable[str]) -> tuple["Backend", int]:
        """Leave speakers out of the cohort; returns also how many they were."""
        if self.cohort is None:
            return self, 0
        rest = self.cohort.without(speakers)
        numbers = (len(np.unique(c.speakers)) for c in (self.cohort, rest))
        before, after = numbers
        return replace(self, cohort=rest), before - after


@dataclass(frozen=True)
class MeasuredModels:
    """The models of one side of trials, and how good their speech is.

    Attributes
    ----------
    models : Models
        On the test side, each of one utterance.
    measures : dict of ndarray
        See `utils.backend.quality`.
    """

    models: Models
    measures: Measures = field(default_factory=dict)


class PairScorer:
    """Scores blocks of models with all tests; what belongs to one side is found once.

    Parameters
    ----------
    backend : Backend
    enrol : MeasuredModels
        N of them.
    test : MeasuredModels
        M of them.

    Raises
    ------
    ValueError
        See `Normaliser`.
    """

    def __init__(
        self, backend: Backend, enrol: MeasuredModels, test: MeasuredModels
    ) -> None:
        self.scorer, self.calibration = backend.scorer, backend.calibration
        self.models, self.tests = enrol.models, test.models.vectors
        self.measures = enrol.measures, test.measures
        self.normaliser = None
        if backend.normalisation and backend.cohort:
            cohort = backend.cohort.models
            singles = cohort.vectors  # as tests, means stand for one utterance each
            cohort_scores = CohortScores(
                self.scorer.block(self.models, singles),
                self.scorer.block(cohort, self.tests).T,  # (C, M) to (M, C)
                lambda: self.scorer.block(cohort, singles),
            )
            self.normaliser = Normaliser(backend.normalisation, cohort_scores)
            self.measures = (
                enrol.measures | {"cohort_mean": self.normaliser.enrol.mean},
                test.measures | {"cohort_mean": self.normaliser.test.mean},
            )

    def __call__(self, rows: slice) -> np.ndarray:
        """Score the models of some rows with all tests, (n, M), as the back-end says.

        Raises
        ------
        ValueError
            See `trial_columns`.
        """
        scores = self.uncalibrated(rows)
        if self.calibration is None:
            return scores
        numbers = np.arange(len(self.models))[rows]  # (n,)
        own = np.repeat(numbers, len(self.tests))  # (n M,)
        other = np.tile(np.arange(len(self.tests)), len(numbers))  # (n M,)
        measures = trial_columns(self.calibration.quality, *self.measures, own, other)
        llrs = self.calibration.fusion(np.column_stack([scores.ravel(), measures]))
        return llrs.reshape(scores.shape)  # (n M,) to (n, M)

    def uncalibrated(self, rows: slice) -> np.ndarray:
        """Score the models of some rows with all tests, normalised alone: (n, M)."""
        scores = self.scorer.block(self.models[rows], self.tests)
        return scores if self.normaliser is None else self.normaliser(scores, rows)


def uncalibrated_columns(
    pairs: PairScorer,
    enrol_rows: np.ndarray,
    test_rows: np.ndarray,
    quality: Sequence[str],
) -> np.ndarray:
    """Return what a calibration of listed pairs is made of.

    Parameters
    ----------
    pairs : PairScorer
    enrol_rows, test_rows : ndarray of int, shape (n_trials,)
    quality : sequence of str
        Q measures.

    Returns
    -------
    ndarray of shape (n_trials, 1 + 2 Q)
        Score, and the lower and the higher value of each measure.

    Raises
    ------
    ValueError
        See `trial_columns`.
    """
    scores = score_pairs(pairs.uncalibrated, len(pairs.models), enrol_rows, test_rows)
    measures = trial_columns(quality, *pairs.measures, enrol_rows, test_rows)
    return np.column_stack([scores, measures])


def score_trials(
    backend: Backend,
    enrol: MeasuredModels,
    test: MeasuredModels,
    enrol_rows: np.ndarray,
    test_rows: np.ndarray,
) -> np.ndarray:
    """Score listed pairs: normalised and calibrated, as the back-end says.

    Parameters
    ----------
    backend : Backend
    enrol, test : MeasuredModels
    enrol_rows, test_rows : ndarray of int, shape (n_trials,)

    Returns
    -------
    ndarray of shape (n_trials,)
        Natural-log likelihood ratios where the back-end is calibrated.

    Raises
    ------
    ValueError
        See `Normaliser` and `trial_columns`.
    """
    pairs = PairScorer(backend, enrol, test)
    columns = uncalibrated_columns(pairs, enrol_rows, test_rows, backend.quality)
    if backend.calibration is None:
        return columns[:, 0]
    return backend.calibration.fusion(columns)


def score_pairs(
    score_block: Callable[[slice], np.ndarray],
    n_enrol: int,
    enrol_rows: np.ndarray,
    test_rows: np.ndarray,
    block_rows: int = _BLOCK_ROWS,
) -> np.ndarray:
    """Score listed pairs from blocks of the matrix of all pairs.

    Memory for ``block_rows * M`` values, whatever the list.

    Parameters
    ----------
    score_block : callable
        Takes a slice of the enrolment rows; returns their scores with all M tests.
    n_enrol : int
        Number N of enrolment rows.
    enrol_rows, test_rows : ndarray of int, shape (n_trials,)
        What each trial compares.
    block_rows : int
        Rows in a block.

    Returns
    -------
    ndarray of shape (n_trials,)
    """
    scores = np.empty(len(enrol_rows))
    block_of = enrol_rows // block_rows
    order = np.argsort(block_of, kind="stable")
    ends = np.searchsorted(block_of[order], np.arange(n_enrol // block_rows + 2))
    for block, (first, last) in enumerate(zip(ends[:-1], ends[1:], strict=True)):
        trials, start = order[first:last], block * block_rows
        if len(trials):
            matrix = score_block(slice(start, start + block_rows))
            rows = enrol_rows[trials] - start
            scores[trials] = matrix[rows, test_rows[trials]]
    return scores
