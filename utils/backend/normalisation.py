"""Score normalisation: where a model's and a test's scores lie among impostors.

Conventions
-----------
`CohortScores` holds the scores of every model (N, C) and every test (M, C) against a
cohort of C other speakers; ``scores`` (N, M) are those of the trials. Each side's
mean and standard deviation are computed once. `UNUSABLE` (NaN) marks cohort entries
that must not count, such as the trial's own speakers.

References
----------
R. Auckenthaler, M. Carey and H. Lloyd-Thomas, "Score normalization for
text-independent speaker verification systems", Digital Signal Processing 10 (2000):
Z, T and ZT. P. Kenny, Odyssey 2010: S. P. Matejka et al., "Analysis of score
normalization in multilingual speaker recognition", Interspeech 2017: adaptive S.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import numpy as np

from utils.backend.parts import Stored

UNUSABLE = np.nan
_TOO_FEW = (
    "normalisation needs two cohort scores or more of everyone: use more speakers"
)
_FLOOR = 1e-3  # of a standard deviation, as a share of the cohort's own


class Moments(NamedTuple):
    """Mean and standard deviation of the cohort scores of each row, (N,) each."""

    mean: np.ndarray
    deviation: np.ndarray


class BlockCohort(NamedTuple):
    """The cohort scores of a block of models (n, C), of all tests (M, C), and floors.

    The floors are the lowest standard deviations that each side may have.
    """

    enrol: np.ndarray
    test: np.ndarray
    enrol_floor: float
    test_floor: float


def moments(cohort_scores: np.ndarray, top: int | None = None) -> Moments:
    """Summarise the cohort scores of each model or test.

    Parameters
    ----------
    cohort_scores : ndarray of shape (N, C)
        NaN entries do not count.
    top : int, optional
        Use the so many highest scores of each row alone.

    Returns
    -------
    Moments
        Standard deviations are floored, so that a cohort of equal scores does no
        harm.

    Raises
    ------
    ValueError
        A row has fewer than two scores, or ``top`` is below 2.

    Example
    -------
    >>> moments(np.array([[1.0, 3.0, -9.0]]), top=2)
    Moments(mean=array([2.]), deviation=array([1.]))
    """
    n_usable = np.sum(~np.isnan(cohort_scores), axis=1)
    if n_usable.min() < 2 or (top is not None and top < 2):
        raise ValueError(_TOO_FEW)
    floor = _floor(cohort_scores)
    if top is not None and top < cohort_scores.shape[1]:
        filled = np.where(np.isnan(cohort_scores), -np.inf, cohort_scores)
        highest = -np.partition(-filled, top - 1, axis=1)[:, :top]
        cohort_scores = np.where(np.isinf(highest), np.nan, highest)
    deviation = np.maximum(np.nanstd(cohort_scores, axis=1), floor)
    return Moments(np.nanmean(cohort_scores, axis=1), deviation)


@dataclass(frozen=True)
class CohortScores:
    """The cohort scores of both sides of trials.

    Attributes
    ----------
    enrol : ndarray of shape (N, C)
    test : ndarray of shape (M, C)
    cohort : callable
        Takes nothing; returns the scores of the cohort as models (rows) against
        itself as tests, (C, C).

    Raises
    ------
    ValueError
        The sides are of different cohorts.
    """

    enrol: np.ndarray
    test: np.ndarray
    cohort: Callable[[], np.ndarray] | None = None

    def __post_init__(self) -> None:
        """Check the shapes."""
        if self.enrol.shape[1] != self.test.shape[1]:
            raise ValueError(
                f"cohort scores {self.enrol.shape} and {self.test.shape} do not fit: "
                "they must be of one cohort"
            )


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
        floors = _floor(cohort.enrol), _floor(cohort.test)
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


def _floor(cohort_scores: np.ndarray) -> float:
    """Return the lowest standard deviation that a row may have."""
    return _FLOOR * float(np.nanstd(cohort_scores)) + np.finfo(float).tiny


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
        raise ValueError(_TOO_FEW)
    mean = values @ chosen.T / count
    square = values**2 @ chosen.T / count
    deviation = np.sqrt(np.maximum(square - mean**2, floor**2))
    return (scores - mean) / deviation
