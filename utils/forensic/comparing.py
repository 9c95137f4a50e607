"""Scores: of all pairs of a population as in the case, and of the case itself."""

from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from utils.backend.backend import Backend, MeasuredModels
from utils.backend.pairs import PairScorer
from utils.forensic.population import Population
from utils.metrics.bootstrap import Speakers


class CaseTrials(NamedTuple):
    """Scored pairs of a model of known recordings and a questioned recording.

    Attributes
    ----------
    scores : ndarray of shape (n_trials,)
    speakers : Speakers
        Those of the model (``enrol``) and of the questioned recording.
    n_known : float
        Recordings of a model, on average.
    """

    scores: np.ndarray
    speakers: Speakers
    n_known: float

    @property
    def is_target(self) -> np.ndarray:
        """Whether both sides are one speaker: (n_trials,)."""
        return self.speakers.are_same


def without_calibration(backend: Backend) -> Backend:
    """Return a back-end that scores: ratios are those of the case's population."""
    return replace(backend, calibration=None)


def model_rows(population: Population, n_known: int) -> list[np.ndarray]:
    """Divide the recordings of each speaker into models like the case's known ones.

    A model is of one session where there are several, of so many recordings at most,
    and of half of a speaker's at most where there is one session.
    """
    rows = []
    for speaker in range(len(population.names)):
        own = np.flatnonzero(population.speakers == speaker)
        sessions = np.unique(population.sessions[own])
        most = n_known if len(sessions) > 1 else min(n_known, max(1, len(own) // 2))
        for session in sessions:
            rows += list(_parts(own[population.sessions[own] == session], most))
    return rows


def _parts(rows: np.ndarray, size: int) -> Iterator[np.ndarray]:
    for start in range(0, len(rows), size):
        yield rows[start : start + size]


def score_population(
    backend: Backend, population: Population, n_known: int
) -> CaseTrials:
    """Score all pairs of a model and a recording that is not in it.

    Target pairs of one session are left out where speakers have several.

    Parameters
    ----------
    backend : Backend
    population : Population
    n_known : int
        Known recordings of the case.
    """
    backend = without_calibration(backend)
    rows = model_rows(population, n_known)
    models = backend.enrol(backend.prepare(population.known), rows)
    tests = backend.enrol_single(backend.prepare(population.questioned))
    scorer = PairScorer(backend, MeasuredModels(models), MeasuredModels(tests))
    scores = scorer(slice(None))  # (M, N)
    of_model = population.speakers[[own[0] for own in rows]]  # (M,)
    session = population.sessions[[own[0] for own in rows]]
    kept = np.ones(scores.shape, dtype=bool)
    for place, own in enumerate(rows):
        kept[place, own] = False
    if population.has_sessions:
        is_own = of_model[:, None] == population.speakers
        kept &= ~(is_own & (session[:, None] == population.sessions))
    model, test = np.nonzero(kept)
    speakers = Speakers(
        of_model[model], population.speakers[test], len(population.names)
    )
    return CaseTrials(
        scores[model, test], speakers, float(np.mean([len(own) for own in rows]))
    )


def score_case(
    backend: Backend, known: np.ndarray, questioned: np.ndarray
) -> np.ndarray:
    """Score a model of known embeddings (n, D) with others (M, D): (M,)."""
    backend = without_calibration(backend)
    model = backend.enrol(backend.prepare(known), [np.arange(len(known))])
    tests = backend.enrol_single(backend.prepare(questioned))
    pairs = PairScorer(backend, MeasuredModels(model), MeasuredModels(tests))
    return pairs(slice(None))[0]
