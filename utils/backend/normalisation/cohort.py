"""Score normalisation: where a model's and a test's scores lie among impostors.

Conventions
-----------
`CohortScores` holds the scores of every model (N, C) and every test (M, C) against a
cohort of C other speakers; ``scores`` (N, M) are those of the trials. Each side's
mean and standard deviation are computed once. `UNUSABLE` (NaN) marks cohort entries
that must not count, such as the trial's own speakers.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from utils.backend.parts import Arrays, Settings, Stored
from utils.backend.scorers import Models

UNUSABLE = np.nan
TOO_FEW = (
    "normalisation needs two cohort scores or more of every model and test: it needs a "
    "larger cohort"
)
_FLOOR = 1e-3  # of a standard deviation, as a share of the cohort's own


@dataclass(frozen=True)
class Cohort(Stored, kind="cohort"):
    """Training speakers that scores are normalised against.

    Attributes
    ----------
    models : Models
        C of them: speakers, or single utterances.
    speakers : ndarray of str, shape (C,)
    """

    models: Models
    speakers: np.ndarray

    def state(self) -> tuple[Settings, Arrays]:
        """Return the arrays alone."""
        return {}, vars(self.models) | {"speakers": self.speakers}

    @classmethod
    def restored(cls, settings: Settings, arrays: Arrays) -> "Cohort":
        """Build it from its arrays."""
        models = Models(arrays["vectors"], arrays["n_utterances"])
        return cls(models, arrays["speakers"])

    def without(self, speakers: Iterable[str]) -> "Cohort":
        """Leave speakers out."""
        kept = ~np.isin(self.speakers, list(speakers))
        return Cohort(self.models[kept], self.speakers[kept])


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
    if n_usable.min() < 2:
        raise ValueError(TOO_FEW)
    if top is not None and top < 2:
        raise ValueError(f"top must be 2 or more, not {top}")
    floor = lowest_deviation(cohort_scores)
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


def lowest_deviation(cohort_scores: np.ndarray) -> float:
    """Return the lowest standard deviation that a row may have."""
    return _FLOOR * float(np.nanstd(cohort_scores)) + np.finfo(float).tiny
