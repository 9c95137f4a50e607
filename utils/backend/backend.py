"""A back-end: from embeddings to scores, or to log-likelihood ratios.

A chain of transforms, a scorer, perhaps a score normalisation and a calibration. It is
learnt from training embeddings (`utils.backend.training`) and kept in a folder
(`utils.backend.files`).
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

import numpy as np

from utils.backend.calibration import Calibration
from utils.backend.normalisation.cohort import Cohort
from utils.backend.normalisation.methods import Normalisation
from utils.backend.quality import Measures
from utils.backend.scorers import CosineScorer, Models, Scorer
from utils.backend.transforms import Transform
from utils.backend.vectors import check_dimension


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
    >>> Backend().prepare(np.array([[3.0, 4.0], [1.0, 0.0]]))
    array([[0.6, 0.8],
           [1. , 0. ]])
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
