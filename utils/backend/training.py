"""Training of a back-end: transforms and PLDA, adaptation, cohort, calibration."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeVar

import numpy as np

from utils.backend.adaptation import EMBEDDING_METHODS, PLDA_METHODS
from utils.backend.backend import Backend, MeasuredModels
from utils.backend.calibration import (
    PENALTY,
    Calibration,
    decision_thresholds,
    fit_fusion,
)
from utils.backend.normalisation.cohort import Cohort
from utils.backend.normalisation.methods import Normalisation
from utils.backend.pairs import PairScorer, uncalibrated_columns
from utils.backend.parts import Step, Stored, splits_to_learn_on
from utils.backend.quality import Measures
from utils.backend.scorers import CosineScorer, Scorer
from utils.backend.transforms import Transform
from utils.backend.vectors import check_spread

_Part = TypeVar("_Part", bound=Stored)


@dataclass(frozen=True)
class Adaptation:
    """Adaptation to a domain of unlabelled embeddings.

    Attributes
    ----------
    method : str
        One of `EMBEDDING_METHODS`, by which the training embeddings move to the new
        domain, or one of `PLDA_METHODS`.
    options : dict
        Arguments of the method's function.
    """

    method: str
    options: dict

    def __post_init__(self) -> None:
        """Check the values."""
        known = [*EMBEDDING_METHODS, *PLDA_METHODS]
        if self.method not in known:
            raise ValueError(f"adaptation is {', '.join(known)}, not {self.method!r}")

    def of_embeddings(
        self, embeddings: np.ndarray, unlabelled: np.ndarray
    ) -> np.ndarray:
        """Move training embeddings (N, D), where the method does that."""
        if self.method not in EMBEDDING_METHODS:
            return embeddings
        return EMBEDDING_METHODS[self.method](embeddings, unlabelled, **self.options)

    def of_backend(self, backend: Backend, unlabelled: np.ndarray) -> Backend:
        """Adapt the PLDA of a back-end, where the method does that.

        Raises
        ------
        ValueError
            The back-end has no PLDA.
        """
        if self.method not in PLDA_METHODS:
            return backend
        adapt = partial(PLDA_METHODS[self.method], **self.options)
        moved = backend.transform(unlabelled)
        return replace(
            backend, scorer=backend.scorer.adapted(self.method, adapt, moved)
        )


def split_chain(steps: Sequence[Step]) -> tuple[list[Step], Step]:
    """Return the transforms of a chain, and what scores at its end: else the cosine.

    Raises
    ------
    ValueError
        Something that scores is not the last step.
    """
    has_scorer = bool(steps) and steps[-1].is_scorer
    *transforms, scorer = [*steps] if has_scorer else [*steps, CosineScorer()]
    if any(step.is_scorer for step in transforms):
        raise ValueError("what scores, such as PLDA, must be the last step of a chain")
    return transforms, scorer


def fit_backend(
    steps: Sequence[Step],
    embeddings: np.ndarray,
    speakers: np.ndarray,
) -> Backend:
    """Learn the steps, each on what the one before makes.

    Parameters
    ----------
    steps : sequence of Step
        Transforms; at the end perhaps a scorer, instead of the cosine.
    embeddings : ndarray of shape (N, D)
    speakers : ndarray of shape (N,)
        Who speaks.

    Returns
    -------
    Backend
        Without normalisation and calibration.

    Raises
    ------
    ValueError
        The data do not allow a step; see `split_chain`.
    TypeError
        A step learns something else than its place in the chain asks for.
    """
    transforms, scorer = split_chain(steps)
    current = np.asarray(embeddings, dtype=np.float64)
    learnt = []
    for step in transforms:
        learnt.append(_learnt(step, Transform, current, speakers))
        current = learnt[-1](current)
    return Backend(
        tuple(learnt),
        _learnt(scorer, Scorer, current, speakers),
        needs=splits_to_learn_on(step.learns_from for step in (*transforms, scorer)),
    )


def _learnt(
    step: Step, base: type[_Part], embeddings: np.ndarray, speakers: np.ndarray
) -> _Part:
    """Learn a step, which must give what its place in a chain asks for."""
    part = step.fit(embeddings, speakers)
    if not isinstance(part, base):
        raise TypeError(
            f"{type(step).__qualname__}.fit returns {type(part).__qualname__}, not a "
            f"{base.__qualname__}"
        )
    return part


def fit_adapted(
    steps: Sequence[Step],
    embeddings: np.ndarray,
    speakers: np.ndarray,
    adaptation: Adaptation,
    unlabelled: np.ndarray,
) -> Backend:
    """Learn the steps, and adapt what is learnt to another domain.

    Parameters
    ----------
    steps, embeddings, speakers
        See `fit_backend`.
    adaptation : Adaptation
    unlabelled : ndarray of shape (M, D)
        Embeddings of the domain to adapt to.

    Raises
    ------
    ValueError
        As `fit_backend`; or the adaptation needs PLDA.
    """
    source = np.asarray(embeddings, dtype=np.float64)
    moved = adaptation.of_embeddings(source, unlabelled)
    return adaptation.of_backend(fit_backend(steps, moved, speakers), unlabelled)


def add_cohort(
    backend: Backend,
    normalisation: Normalisation,
    embeddings: np.ndarray,
    speakers: np.ndarray,
    cohort: str,
) -> Backend:
    """Return the back-end with a score normalisation.

    Parameters
    ----------
    backend : Backend
    normalisation : Normalisation
    embeddings : ndarray of shape (N, D)
    speakers : ndarray of shape (N,)
    cohort : str
        Its models: ``speakers``, each the mean of their utterances, or single
        ``utterances``.

    Raises
    ------
    ValueError
        The cohort is neither, or of one alone, or the embeddings are all equal.
    """
    if cohort not in ("speakers", "utterances"):
        raise ValueError(f"a cohort is of speakers or utterances, not {cohort!r}")
    check_spread(embeddings)
    names, prepared = np.asarray(speakers, dtype=str), backend.prepare(embeddings)
    if cohort == "utterances":
        models = backend.enrol_single(prepared)
    else:
        names, labels = np.unique(names, return_inverse=True)
        rows = [np.flatnonzero(labels == label) for label in range(len(names))]
        models = backend.enrol(prepared, rows)
    if len(models) < 2:
        raise ValueError(f"a cohort needs two {cohort} or more, not {len(models)}")
    return replace(
        backend,
        normalisation=normalisation,
        cohort=Cohort(models, names),
        needs=splits_to_learn_on([backend.needs, normalisation.learns_from]),
    )


@dataclass(frozen=True)
class CalibrationSettings:
    """How to calibrate.

    Attributes
    ----------
    prior : float
        Probability of a target trial.
    far : sequence of float
        False-alarm rates whose thresholds are kept.
    quality : sequence of str
        Measures beside the score: see `utils.backend.quality`.
    most_utterances : int
        A random choice of so many is used where there are more.
    """

    prior: float
    far: Sequence[float]
    quality: Sequence[str]
    most_utterances: int


def calibrate(
    backend: Backend,
    embeddings: np.ndarray,
    speakers: np.ndarray,
    measures: Measures,
    settings: CalibrationSettings,
    manifest: str | None = None,
) -> Backend:
    """Return the back-end with a calibration trained on all pairs of embeddings.

    Parameters
    ----------
    backend : Backend
    embeddings : ndarray of shape (N, D)
        Their speakers are neither in the training nor in a test.
    speakers : ndarray of shape (N,)
    measures : dict of ndarray, shape (N,)
        Quality measures of the utterances.
    settings : CalibrationSettings
    manifest : str, optional
        Where the utterances are listed, for the record.

    Raises
    ------
    ValueError
        There are no target or no nontarget pairs, or the embeddings are all equal; see
        `fit_fusion` and `PairScorer`.
    """
    check_spread(embeddings)
    order = np.random.default_rng(0).permutation(len(embeddings))
    chosen = np.sort(order[: settings.most_utterances])
    speakers = speakers[chosen]
    prepared = backend.prepare(embeddings[chosen])
    own = {name: values[chosen] for name, values in measures.items()}
    side = MeasuredModels(backend.enrol_single(prepared), own)
    pairs = PairScorer(backend, side, side)
    rows, columns = np.triu_indices(len(chosen), k=1)
    is_target = speakers[rows] == speakers[columns]
    scores = uncalibrated_columns(pairs, rows, columns, settings.quality)
    fusion = fit_fusion(scores, is_target, settings.prior, PENALTY)
    llrs = fusion(scores)
    n_target = int(is_target.sum())
    numbers = {"n_target": n_target, "n_nontarget": len(is_target) - n_target}
    calibration = Calibration(
        fusion,
        tuple(settings.quality),
        decision_thresholds(llrs, is_target, settings.prior, settings.far),
        tuple(np.unique(speakers).astype(str).tolist()),
        numbers | ({"manifest": manifest} if manifest else {}),
    )
    return replace(backend, calibration=calibration)
