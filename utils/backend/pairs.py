"""Scores of pairs by a back-end: all of a block, or those of a list."""

from collections.abc import Callable, Sequence

import numpy as np

from utils.backend.backend import Backend, MeasuredModels
from utils.backend.normalisation.cohort import CohortScores
from utils.backend.normalisation.methods import Normaliser
from utils.backend.quality import trial_columns

_BLOCK_ROWS = 4096


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

    Example
    -------
    >>> cosine = Backend()
    >>> side = cosine.single_models(np.array([[3.0, 4.0], [1.0, 0.0]]))
    >>> PairScorer(cosine, side, side)(slice(0, 2))
    array([[1. , 0.6],
           [0.6, 1. ]])
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
