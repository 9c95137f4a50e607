"""Training of a back-end: transforms and PLDA, adaptation, cohort, calibration."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from utils.backend.adaptation import EMBEDDING_METHODS, PLDA_METHODS
from utils.backend.backend import Backend, Calibration, Cohort, Side, score_trials
from utils.backend.calibration import decision_thresholds, fit_fusion
from utils.backend.plda_training import PldaSettings
from utils.backend.quality import Measures
from utils.backend.transforms import TransformSettings


@dataclass(frozen=True)
class Adaptation:
    """Adaptation to a domain of unlabelled embeddings.

    Attributes
    ----------
    method : str
        One of `EMBEDDING_METHODS`, by which the training embeddings move to the new
        domain, or of `PLDA_METHODS`.
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
        if backend.plda is None:
            raise ValueError(f"adaptation {self.method!r} needs a back-end with PLDA")
        adapt = PLDA_METHODS[self.method]
        plda = adapt(backend.plda, backend.transform(unlabelled), **self.options)
        return replace(backend, plda=plda)


def fit_backend(
    steps: Sequence[TransformSettings | PldaSettings],
    embeddings: np.ndarray,
    speakers: np.ndarray,
    adaptation: Adaptation | None = None,
    unlabelled: np.ndarray | None = None,
) -> Backend:
    """Learn the transforms and the model, each on what the one before makes.

    Parameters
    ----------
    steps : sequence
        Transforms; at the end perhaps PLDA.
    embeddings : ndarray of shape (N, D)
    speakers : ndarray of shape (N,)
        Who speaks.
    adaptation : Adaptation, optional
    unlabelled : ndarray of shape (M, D), optional
        Vectors of the domain to adapt to.

    Returns
    -------
    Backend
        Without normalisation and calibration.

    Raises
    ------
    ValueError
        The data do not allow a step, PLDA is not the last, or adaptation needs it.
    """
    current = np.asarray(embeddings, dtype=np.float64)
    if adaptation:
        current = adaptation.of_embeddings(current, unlabelled)
    backend = Backend()
    for step in steps:
        if backend.plda is not None:
            raise ValueError("PLDA must be the last step of a back-end")
        learnt = step.fit(current, speakers)
        if learnt.note:
            backend = replace(backend, notes=(*backend.notes, learnt.note))
        if isinstance(step, PldaSettings):
            backend = replace(backend, plda=learnt.model, plda_use=step.use)
        else:
            current = learnt(current)
            backend = replace(backend, transforms=(*backend.transforms, learnt))
    return adaptation.of_backend(backend, unlabelled) if adaptation else backend


def add_cohort(
    backend: Backend,
    method: str,
    embeddings: np.ndarray,
    speakers: np.ndarray,
    top: int,
    cohort: str = "speakers",
) -> Backend:
    """Return the back-end with a score normalisation.

    Parameters
    ----------
    backend : Backend
    method, top
        See `Normaliser`.
    embeddings : ndarray of shape (N, D)
    speakers : ndarray of shape (N,)
    cohort : str
        Its models: ``speakers``, each the mean of their utterances, or single
        ``utterances``.

    Raises
    ------
    ValueError
        The cohort is neither.
    """
    if cohort not in ("speakers", "utterances"):
        raise ValueError(f"a cohort is of speakers or utterances, not {cohort!r}")
    names, prepared = np.asarray(speakers, dtype=str), backend.prepare(embeddings)
    if cohort == "utterances":
        models = backend.enrol_single(prepared)
    else:
        names, labels = np.unique(names, return_inverse=True)
        rows = [np.flatnonzero(labels == label) for label in range(len(names))]
        models = backend.enrol(prepared, rows)
    return replace(backend, cohort=Cohort(models, names), method=method, top=top)


@dataclass(frozen=True)
class CalibrationSettings:
    """How to calibrate.

    Attributes
    ----------
    prior : float
        Prior of a target trial.
    far : sequence of float
        False-alarm rates whose thresholds are kept.
    quality : sequence of str
        Measures beside the score: see `utils.backend.quality`.
    most_utterances : int
        Number of utterances; a random choice is used where there are more.
    """

    prior: float = 0.05
    far: Sequence[float] = (0.01,)
    quality: Sequence[str] = ()
    most_utterances: int = 2000


def calibrate(
    backend: Backend,
    embeddings: np.ndarray,
    speakers: np.ndarray,
    measures: Measures,
    settings: CalibrationSettings,
) -> Backend:
    """Return the back-end with a calibration trained on all pairs of embeddings.

    Parameters
    ----------
    backend : Backend
    embeddings : ndarray of shape (N, D)
        Vectors of speakers who are neither in the training nor in a test.
    speakers : ndarray of shape (N,)
    measures : dict of ndarray, shape (N,)
        Quality measures of the utterances.
    settings : CalibrationSettings

    Raises
    ------
    ValueError
        There are no target or no nontarget pairs; see `fit_fusion` and `score_trials`.
    """
    order = np.random.default_rng(0).permutation(len(embeddings))
    chosen = np.sort(order[: settings.most_utterances])
    speakers = speakers[chosen]
    prepared = backend.prepare(embeddings[chosen])
    own = {name: values[chosen] for name, values in measures.items()}
    side = Side(backend.enrol_single(prepared), own)
    rows, columns = np.triu_indices(len(chosen), k=1)
    is_target = speakers[rows] == speakers[columns]
    scores = score_trials(backend, side, side, rows, columns, settings.quality)
    fusion = fit_fusion(scores, is_target, settings.prior, penalty=1e-6)
    llrs = fusion(scores)
    calibration = Calibration(
        fusion,
        tuple(settings.quality),
        decision_thresholds(llrs, is_target, settings.prior, settings.far),
        tuple(np.unique(speakers).astype(str).tolist()),
        {"n_target": int(is_target.sum()), "n_nontarget": int((~is_target).sum())},
    )
    return replace(backend, calibration=calibration)
