"""A back-end: a chain of transforms, a scorer, a score normalisation, a calibration.

It is learnt from training embeddings, kept in a file (`utils.backend.files`), and
turns pairs of embeddings to scores.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from utils.backend.calibration import LinearFusion
from utils.backend.normalisation import Normaliser
from utils.backend.plda import Plda
from utils.backend.quality import Measures, trial_columns
from utils.backend.scorers import CosineScorer, Models, PldaScorer, Scorer
from utils.backend.scoring import score_pairs
from utils.backend.transforms import Transform


@dataclass(frozen=True)
class Cohort:
    """Training speakers that scores are normalised against.

    Attributes
    ----------
    models : Models
        C of them: speakers, or single utterances.
    speakers : ndarray of str, shape (C,)
    """

    models: Models
    speakers: np.ndarray


@dataclass(frozen=True)
class Calibration:
    """A map from scores to log-likelihood ratios, and what it was trained on.

    Attributes
    ----------
    fusion : LinearFusion
        Map of the score, then the lower and the higher value of each quality measure.
    quality : tuple of str
        See `utils.backend.quality`.
    thresholds : dict of float
        On log-likelihood ratios, by the purpose.
    speakers : tuple of str
        Who must not be among the speakers of a test.
    trained_on : dict
    """

    fusion: LinearFusion
    quality: tuple[str, ...]
    thresholds: dict[str, float]
    speakers: tuple[str, ...]
    trained_on: dict


@dataclass(frozen=True)
class Backend:
    """A trained back-end.

    Attributes
    ----------
    transforms : tuple of callable
        Applied in this order: `Affine` or `LengthNorm`.
    plda : Plda, optional
        Without it, pairs are scored by their cosine.
    plda_use : dict
        ``length_norm`` and ``average_enrolment`` of `PldaScorer`.
    cohort : Cohort, optional
        For normalisation.
    method, top
        See `Normaliser`; an empty method leaves the scores as they are.
    calibration : Calibration, optional
    notes : tuple of str
        What there was to say about the training.

    Example
    -------
    >>> cosine = Backend()
    >>> vectors = cosine.prepare(np.array([[3.0, 4.0], [1.0, 0.0]]))
    >>> PairScorer(cosine, cosine.enrol_single(vectors), vectors)(slice(0, 2))
    array([[1. , 0.6],
           [0.6, 1. ]])
    """

    transforms: tuple[Transform, ...] = ()
    plda: Plda | None = None
    plda_use: dict = field(default_factory=dict)
    cohort: Cohort | None = None
    method: str = ""
    top: int = 0
    calibration: Calibration | None = None
    notes: tuple[str, ...] = ()

    @property
    def scorer(self) -> Scorer:
        """What scores transformed embeddings."""
        if self.plda is None:
            return CosineScorer()
        return PldaScorer(self.plda, **self.plda_use)

    def transform(self, embeddings: np.ndarray) -> np.ndarray:
        """Apply the transforms to embeddings (N, D)."""
        for transform in self.transforms:
            embeddings = transform(embeddings)
        return embeddings

    def prepare(self, embeddings: np.ndarray) -> np.ndarray:
        """Map embeddings (N, D) to the scorer's space (N, K)."""
        return self.scorer.prepare(self.transform(embeddings))

    def enrol(self, prepared: np.ndarray, rows: Sequence[np.ndarray]) -> Models:
        """Make a model of the prepared vectors in each set of rows."""
        return self.scorer.enrol(prepared, list(rows))

    def enrol_single(self, prepared: np.ndarray) -> Models:
        """Make a model of each prepared vector."""
        return self.enrol(prepared, np.arange(len(prepared))[:, None])

    def without_cohort_of(self, speakers: Iterable[str]) -> tuple["Backend", int]:
        """Leave speakers out of the cohort; returns also how many they were."""
        if self.cohort is None:
            return self, 0
        shared = np.isin(self.cohort.speakers, list(speakers))
        n_shared = len(np.unique(self.cohort.speakers[shared]))
        rest = Cohort(self.cohort.models[~shared], self.cohort.speakers[~shared])
        return replace(self, cohort=rest), n_shared


class PairScorer:
    """Scores blocks of models with all tests; what belongs to one side is found once.

    Parameters
    ----------
    backend : Backend
    models : Models
        N of them.
    tests : ndarray of shape (M, K)
        Prepared.

    Raises
    ------
    ValueError
        See `Normaliser`.
    """

    def __init__(self, backend: Backend, models: Models, tests: np.ndarray) -> None:
        self.scorer, self.models, self.tests = backend.scorer, models, tests
        self.normalise = None
        if backend.method:
            cohort = backend.cohort.models
            singles = cohort.vectors  # as tests, means stand for one utterance each
            own = backend.method == "zt"  # alone needs the cohort against itself
            self.normalise = Normaliser(
                self.scorer.block(models, singles),
                self.scorer.block(cohort, tests).T,
                backend.method,
                backend.top,
                self.scorer.block(cohort, singles) if own else None,
            )

    def __call__(self, rows: slice) -> np.ndarray:
        """Score the models of some rows with all tests: (n, M)."""
        scores = self.scorer.block(self.models[rows], self.tests)
        return scores if self.normalise is None else self.normalise(scores, rows)

    def measures(self) -> tuple[Measures, Measures]:
        """Return the quality measures that the cohort gives, of models and tests."""
        if self.normalise is None:
            return {}, {}
        sides = self.normalise.of_enrol, self.normalise.of_test
        return tuple({"cohort_mean": side.mean} for side in sides)


@dataclass(frozen=True)
class Side:
    """One side of a list of trials.

    Attributes
    ----------
    models : Models
        Models of the enrolment; or of the tests, each of one utterance.
    measures : dict of ndarray
        See `utils.backend.quality`.
    """

    models: Models
    measures: Measures = field(default_factory=dict)


def score_trials(
    backend: Backend,
    enrol: Side,
    test: Side,
    enrol_rows: np.ndarray,
    test_rows: np.ndarray,
    quality: Sequence[str] = (),
) -> np.ndarray:
    """Score listed pairs, normalised but not calibrated.

    Parameters
    ----------
    backend : Backend
    enrol, test : Side
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
        See `Normaliser` and `trial_columns`.
    """
    pairs = PairScorer(backend, enrol.models, test.models.vectors)
    scores = score_pairs(pairs, len(enrol.models), enrol_rows, test_rows)
    if not quality:
        return scores[:, None]
    sides = (
        side.measures | own
        for side, own in zip((enrol, test), pairs.measures(), strict=True)
    )
    return np.column_stack(
        [scores, trial_columns(quality, *sides, enrol_rows, test_rows)]
    )
