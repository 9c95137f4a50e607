"""Score normalisation: where a model's and a test's scores lie among impostors.

Conventions
-----------
``enrol_cohort`` (N, C) and ``test_cohort`` (M, C) hold the scores of every model and
every test against a cohort of C other speakers; ``scores`` (N, M) those of the
trials. Each side's mean and standard deviation are computed once. `UNUSABLE` (NaN)
marks cohort entries that must not count, such as the trial's own speakers.

References
----------
R. Auckenthaler, M. Carey and H. Lloyd-Thomas, "Score normalization for
text-independent speaker verification systems", Digital Signal Processing 10 (2000):
Z, T and ZT. P. Kenny, Odyssey 2010: S. P. Matejka et al., "Analysis of score
normalization in multilingual speaker recognition", Interspeech 2017: adaptive S.
"""

from typing import NamedTuple

import numpy as np

UNUSABLE = np.nan
METHODS = ("z", "t", "s", "zt", "as", "as-cross")
_FLOOR = 1e-3  # of a standard deviation, as a share of the cohort's own


class Moments(NamedTuple):
    """Mean and standard deviation of the cohort scores of each row, (N,) each."""

    mean: np.ndarray
    deviation: np.ndarray


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
        raise ValueError("normalisation needs two cohort scores or more of everyone")
    floor = _floor(cohort_scores)
    if top is not None and top < cohort_scores.shape[1]:
        filled = np.where(np.isnan(cohort_scores), -np.inf, cohort_scores)
        highest = -np.partition(-filled, top - 1, axis=1)[:, :top]
        cohort_scores = np.where(np.isinf(highest), np.nan, highest)
    deviation = np.maximum(np.nanstd(cohort_scores, axis=1), floor)
    return Moments(np.nanmean(cohort_scores, axis=1), deviation)


class Normaliser:
    """Normalise blocks of scores; what belongs to a model or a test is found once.

    Parameters
    ----------
    enrol_cohort : ndarray of shape (N, C)
    test_cohort : ndarray of shape (M, C)
    method : str
        ``z`` (by the model's cohort scores), ``t`` (by the test's), ``s`` (the mean
        of both), ``zt`` (z, then t on scores that were z-normalised themselves),
        ``as`` (s on the ``top`` highest scores of each side's own), ``as-cross``
        (s, each side on the cohort entries that are highest for the other).
    top : int
        For the adaptive methods.
    cohort_cohort : ndarray of shape (C, C), optional
        Scores of the cohort as models (rows) against itself as tests; ``zt`` only.

    Raises
    ------
    ValueError
        The method is unknown, shapes do not match, or see `moments`.

    Example
    -------
    >>> cohort = np.array([[1.0, 3.0]])
    >>> Normaliser(cohort, cohort, "s")(np.array([[4.0]]))
    array([[2.]])
    """

    def __init__(
        self,
        enrol_cohort: np.ndarray,
        test_cohort: np.ndarray,
        method: str,
        top: int = 200,
        cohort_cohort: np.ndarray | None = None,
    ) -> None:
        if method not in METHODS:
            raise ValueError(f"method must be one of {METHODS}, not {method!r}")
        if enrol_cohort.shape[1] != test_cohort.shape[1]:
            raise ValueError(
                f"cohort scores {enrol_cohort.shape} and {test_cohort.shape} do not "
                "fit: they must be of one cohort"
            )
        self.enrol_cohort, self.test_cohort = enrol_cohort, test_cohort
        self.method, self.top = method, top
        limit = top if method == "as" else None
        self.of_enrol = moments(enrol_cohort, limit)
        self.enrol_floor, self.test_floor = _floor(enrol_cohort), _floor(test_cohort)
        if method == "zt":
            if cohort_cohort is None:
                raise ValueError("zt needs the scores of the cohort against itself")
            diagonal = np.eye(len(cohort_cohort), dtype=bool)
            of_cohort = moments(np.where(diagonal, UNUSABLE, cohort_cohort))
            self.of_test = moments(_by_rows(test_cohort.T, of_cohort).T)
        else:
            self.of_test = moments(test_cohort, limit)

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
        own = self.enrol_cohort[rows]
        if scores.shape != (len(own), len(self.test_cohort)):
            raise ValueError(f"scores {scores.shape} do not fit the cohort scores")
        if self.method == "as-cross":
            sides = (own, self.enrol_floor), (self.test_cohort, self.test_floor)
            by_model = _by_selection(scores, *sides[0], self.test_cohort, self.top)
            by_test = _by_selection(scores.T, *sides[1], own, self.top).T
            return (by_model + by_test) / 2
        of_rows = Moments(self.of_enrol.mean[rows], self.of_enrol.deviation[rows])
        if self.method == "t":
            return _by_rows(scores.T, self.of_test).T
        by_model = _by_rows(scores, of_rows)
        if self.method == "z":
            return by_model
        if self.method == "zt":
            return _by_rows(by_model.T, self.of_test).T
        return (by_model + _by_rows(scores.T, self.of_test).T) / 2


def _by_rows(scores: np.ndarray, of_rows: Moments) -> np.ndarray:
    """Standardise each row."""
    return (scores - of_rows.mean[:, None]) / of_rows.deviation[:, None]


def _floor(cohort_scores: np.ndarray) -> float:
    """Return the lowest standard deviation that a row may have."""
    return _FLOOR * float(np.nanstd(cohort_scores)) + np.finfo(float).tiny


def _by_selection(
    scores: np.ndarray, own: np.ndarray, floor: float, selecting: np.ndarray, top: int
) -> np.ndarray:
    """Standardise (N, M) by ``own`` (N, C) where ``selecting`` (M, C) is high.

    Sums over selected cohort entries are products with 0/1 matrices.
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
        raise ValueError("normalisation needs two cohort scores or more of everyone")
    mean = values @ chosen.T / count
    square = values**2 @ chosen.T / count
    deviation = np.sqrt(np.maximum(square - mean**2, floor**2))
    return (scores - mean) / deviation
