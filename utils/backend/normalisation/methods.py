"""Ways to normalise scores by where a cohort's lie.

References
----------
R. Auckenthaler, M. Carey and H. Lloyd-Thomas, "Score normalization for
text-independent speaker verification systems", Digital Signal Processing 10 (2000):
Z, T and ZT. P. Kenny, Odyssey 2010: S. P. Matejka et al., "Analysis of score
normalization in multilingual speaker recognition", Interspeech 2017: adaptive S.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from utils.backend.normalisation.cohort import (
    TOO_FEW,
    UNUSABLE,
    BlockCohort,
    CohortScores,
    Moments,
    lowest_deviation,
    moments,
)
from utils.backend.parts import Stored


class Normalisation(Stored):
    """A way to normalise scores; a new one defines `normalise`, perhaps `moments`."""

    learns_from: ClassVar[tuple[str, ...]] = ("cohort", "train")

    def moments(self, cohort: CohortScores) -> tuple[Moments, Moments]:
        """Summarise the cohort scores of all models and of all tests."""
        return moments(cohort.enrol), moments(cohort.test)

    def normalise(
        self, scores: np.ndarray, enrol: Moments, test: Moments, cohort: BlockCohort
    ) -> np.ndarray:
        """Normalise the scores of some models with all tests.

        Parameters
        ----------
        scores : ndarray of shape (n, M)
        enrol : Moments
            The n models'.
        test : Moments
            The M tests'.
        cohort : BlockCohort
            The cohort scores of the n models and the M tests.

        Returns
        -------
        ndarray of shape (n, M)
        """
        raise NotImplementedError


@dataclass(frozen=True)
class ZNorm(Normalisation, kind="z"):
    """By the model's cohort scores."""

    def normalise(
        self, scores: np.ndarray, enrol: Moments, test: Moments, cohort: BlockCohort
    ) -> np.ndarray:
        """Standardise each model's scores."""
        return by_rows(scores, enrol)


@dataclass(frozen=True)
class TNorm(Normalisation, kind="t"):
    """By the test's cohort scores."""

    def normalise(
        self, scores: np.ndarray, enrol: Moments, test: Moments, cohort: BlockCohort
    ) -> np.ndarray:
        """Standardise each test's scores."""
        return by_columns(scores, test)


@dataclass(frozen=True)
class SNorm(Normalisation, kind="s"):
    """The mean of Z and T."""

    def normalise(
        self, scores: np.ndarray, enrol: Moments, test: Moments, cohort: BlockCohort
    ) -> np.ndarray:
        """Average both."""
        return (by_rows(scores, enrol) + by_columns(scores, test)) / 2


@dataclass(frozen=True)
class ZTNorm(Normalisation, kind="zt"):
    """Z, then T with cohort scores that were Z-normalised themselves."""

    def moments(self, cohort: CohortScores) -> tuple[Moments, Moments]:
        """Summarise the models' scores, and the tests' Z-normalised ones.

        Raises
        ------
        ValueError
            The scores of the cohort against itself are missing.
        """
        if cohort.cohort is None:
            raise ValueError("zt needs the scores of the cohort against itself")
        square = cohort.cohort()
        diagonal = np.eye(len(square), dtype=bool)
        of_cohort = moments(np.where(diagonal, UNUSABLE, square))
        # (M, C), each column by its cohort model
        return moments(cohort.enrol), moments(by_columns(cohort.test, of_cohort))

    def normalise(
        self, scores: np.ndarray, enrol: Moments, test: Moments, cohort: BlockCohort
    ) -> np.ndarray:
        """Standardise each model's scores, then each test's."""
        return by_columns(by_rows(scores, enrol), test)


@dataclass(frozen=True)
class AdaptiveSNorm(SNorm, kind="as"):
    """S on the highest cohort scores of each side's own.

    Attributes
    ----------
    top : int
        How many, 2 or more.
    """

    top: int

    def __post_init__(self) -> None:
        """Check the value."""
        _check_top(self.top)

    def moments(self, cohort: CohortScores) -> tuple[Moments, Moments]:
        """Summarise the highest scores."""
        return moments(cohort.enrol, self.top), moments(cohort.test, self.top)


@dataclass(frozen=True)
class CrossAdaptiveSNorm(Normalisation, kind="as-cross"):
    """S, each side on the cohort entries that are highest for the other.

    Attributes
    ----------
    top : int
        How many, 2 or more.
    """

    top: int

    def __post_init__(self) -> None:
        """Check the value."""
        _check_top(self.top)

    def normalise(
        self, scores: np.ndarray, enrol: Moments, test: Moments, cohort: BlockCohort
    ) -> np.ndarray:
        """Average both sides' selections."""
        floors = cohort.enrol_floor, cohort.test_floor
        own, other = cohort.enrol, cohort.test
        by_model = _by_selection(scores, own, floors[0], other, self.top)
        by_test = _by_selection(scores.T, other, floors[1], own, self.top).T
        return (by_model + by_test) / 2


class Normaliser:
    """Normalises blocks of scores; what belongs to a model or a test is found once.

    Parameters
    ----------
    method : Normalisation
    cohort : CohortScores

    Attributes
    ----------
    enrol, test : Moments

    Raises
    ------
    ValueError
        See `moments`.

    Example
    -------
    >>> cohort = np.array([[1.0, 3.0]])
    >>> Normaliser(SNorm(), CohortScores(cohort, cohort))(np.array([[4.0]]))
    array([[2.]])
    """

    def __init__(self, method: Normalisation, cohort: CohortScores) -> None:
        self.method = method
        self.enrol, self.test = method.moments(cohort)
        floors = lowest_deviation(cohort.enrol), lowest_deviation(cohort.test)
        self.whole = BlockCohort(cohort.enrol, cohort.test, *floors)

    def __call__(self, scores: np.ndarray, rows: slice = slice(None)) -> np.ndarray:
        """Normalise the scores of some models with all tests.

        Parameters
        ----------
        scores : ndarray of shape (n, M)
        rows : slice
            Which models they are of.

        Returns
        -------
        ndarray of shape (n, M)
        """
        block = self.whole._replace(enrol=self.whole.enrol[rows])
        if scores.shape != (len(block.enrol), len(block.test)):
            raise ValueError(f"scores {scores.shape} do not fit the cohort scores")
        enrol = Moments(self.enrol.mean[rows], self.enrol.deviation[rows])
        return self.method.normalise(scores, enrol, self.test, block)


def by_rows(scores: np.ndarray, of_rows: Moments) -> np.ndarray:
    """Standardise each row of scores (N, M)."""
    return (scores - of_rows.mean[:, None]) / of_rows.deviation[:, None]


def by_columns(scores: np.ndarray, of_columns: Moments) -> np.ndarray:
    """Standardise each column of scores (N, M)."""
    return (scores - of_columns.mean) / of_columns.deviation


def _check_top(top: object) -> None:
    if not isinstance(top, int) or top < 2:
        raise ValueError(f"top must be a whole number of 2 or more, not {top!r}")


def _by_selection(
    scores: np.ndarray, own: np.ndarray, floor: float, selecting: np.ndarray, top: int
) -> np.ndarray:
    """Standardise (N, M) by ``own`` (N, C) where ``selecting`` (M, C) is high.

    Sums over selected cohort entries are products with 0/1 matrices (C, M).
    """
    usable = ~np.isnan(own)
    values = np.where(usable, own, 0.0)
    filled = np.where(np.isnan(selecting), -np.inf, selecting)
    top = min(top, filled.shape[1])
    chosen = np.zeros(filled.shape)
    rows = np.arange(len(filled))[:, None]
    chosen[rows, np.argpartition(-filled, top - 1, axis=1)[:, :top]] = 1.0
    chosen[np.isinf(filled)] = 0.0
    count = usable.astype(float) @ chosen.T  # (N, M)
    if count.min() < 2:
        raise ValueError(TOO_FEW)
    mean = values @ chosen.T / count
    square = values**2 @ chosen.T / count
    deviation = np.sqrt(np.maximum(square - mean**2, floor**2))
    return (scores - mean) / deviation
