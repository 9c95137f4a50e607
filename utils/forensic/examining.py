"""A case examined: its likelihood ratio, or the reasons why there is none."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from utils.backend.backend import Backend
from utils.forensic.calibrating import Calibrated, calibrate
from utils.forensic.comparing import CaseTrials, score_case, score_population
from utils.forensic.limits import condition_limits, model_remark, validation_limits
from utils.forensic.material import Material
from utils.forensic.population import Population, check_size
from utils.forensic.validating import Validation, validate
from utils.runtime.errors import UserError


class Aims(NamedTuple):
    """How a case is examined.

    Attributes
    ----------
    is_one_session : bool
        Whether its recordings are said to be of one session.
    seed : int
        For folds and resamples.
    """

    is_one_session: bool = False
    seed: int = 0


@dataclass(frozen=True)
class Ratio:
    """A likelihood ratio, in natural logarithms.

    Attributes
    ----------
    score : float
        It is of.
    llr, low, high : float
        By the calibration, with the ends of its 95 % interval.
    bounded, bounded_low, bounded_high : float
        The same within what the population supports: what is reported.
    """

    score: float
    llr: float
    low: float
    high: float
    bounded: float
    bounded_low: float
    bounded_high: float

    @property
    def is_bounded(self) -> bool:
        """Whether the calibrated ratio lies beyond what is supported."""
        return self.bounded != self.llr


@dataclass(frozen=True)
class Finding:
    """What the examination of a case found.

    Attributes
    ----------
    population : Population
        Without the speakers who may be those of the case.
    trials : CaseTrials
    calibrated : Calibrated
    validation : Validation
    ratio : Ratio
        Not to be reported where there are refusals.
    excluded : tuple of str
        Speakers who were taken out, and why.
    refusals, remarks : tuple of str
    """

    population: Population
    trials: CaseTrials
    calibrated: Calibrated
    validation: Validation
    ratio: Ratio
    excluded: tuple[str, ...]
    refusals: tuple[str, ...]
    remarks: tuple[str, ...]


def examine(
    backend: Backend,
    population: Population,
    questioned: tuple[Material, np.ndarray],
    known: tuple[Sequence[Material], np.ndarray],
    source: str,
    aims: Aims = Aims(),  # noqa: B008 - it cannot change
) -> Finding:
    """Compare the questioned recording with the known ones.

    Speakers of the population whose voices are as near to a recording of the case as
    their own ones are to each other are taken for those of the case: they are left out,
    and the population is scored again.

    Parameters
    ----------
    backend : Backend
    population : Population
        In the conditions of the case.
    questioned : (Material, ndarray of shape (1, D))
        The recording and its embedding.
    known : (sequence of Material, ndarray of shape (n, D))
    source : str
        Name of the population.
    aims : Aims

    Raises
    ------
    UserError
        The population is too small, or its scores cannot be calibrated.
    """
    remarks = [check_size(len(population.names), source)]
    trials, calibrated = _calibrated(
        backend, population, len(known[0]), source, aims.seed
    )
    found = familiar(backend, population, (trials, calibrated), questioned[1], known[1])
    if found:
        population = population.without(list(found))
        remarks = [check_size(len(population.names), source)]
        trials, calibrated = _calibrated(
            backend, population, len(known[0]), source, aims.seed
        )
    validation = validate(calibrated.llrs, trials, aims.seed)
    score = float(score_case(backend, known[1], questioned[1])[0])
    limits = condition_limits(population, questioned[0], known[0], aims.is_one_session)
    smaller = model_remark(trials.n_known, len(known[0]))
    refusals = [*limits.refusals, *validation_limits(validation)]
    return Finding(
        population,
        trials,
        calibrated,
        validation,
        _ratio(score, calibrated, validation),
        tuple(found.values()),
        tuple(refusals),
        tuple(filter(None, [*remarks, smaller, *limits.remarks])),
    )


def _calibrated(
    backend: Backend, population: Population, n_known: int, source: str, seed: int
) -> tuple[CaseTrials, Calibrated]:
    trials = score_population(backend, population, n_known)
    try:
        return trials, calibrate(trials, seed)
    except ValueError as error:
        raise UserError(
            f"{source}: {error}; speakers need several recordings, of different "
            "sessions where sessions are named"
        ) from None


def _ratio(score: float, calibrated: Calibrated, validation: Validation) -> Ratio:
    whole = np.array(calibrated.interval(score))
    return Ratio(score, *whole.tolist(), *validation.bounds(whole).tolist())


def familiar(
    backend: Backend,
    population: Population,
    measured: tuple[CaseTrials, Calibrated],
    questioned: np.ndarray,
    known: np.ndarray,
) -> dict[int, str]:
    """Find speakers of the population who sound as if they were those of the case.

    On average over their recordings their ratio with a side of the case is higher than
    that of any two speakers of the population, and within those of the same speakers.

    Returns
    -------
    dict of str
        By the speaker's number, who it is and why.
    """
    trials, calibrated = measured
    size = len(population.names)
    pair = trials.speakers.enrol.astype(np.int64) * size + trials.speakers.test
    counts = np.bincount(pair, minlength=size**2)
    sums = np.bincount(pair, calibrated.llrs, size**2)
    means = (sums / np.maximum(counts, 1)).reshape(size, size)
    is_met = counts.reshape(size, size) > 0
    off = ~np.eye(size, dtype=bool)
    others = means[off & is_met].max()
    own = np.quantile(means[~off & is_met], 0.1)
    sides = {"known": (known, population.questioned),
             "questioned": (questioned, population.known)}  # fmt: skip
    found: dict[int, str] = {}
    for side, (model, tests) in sides.items():
        llrs = calibrated.fusion(score_case(backend, model, tests)[:, None])
        of_speaker = np.bincount(population.speakers, llrs, size) / np.bincount(
            population.speakers, minlength=size
        )
        for place in np.flatnonzero(of_speaker > max(others, own)).tolist():
            found[place] = (
                f"{population.names[place]}: sounds like the {side} speaker, as far as "
                "the speakers of the population sound like themselves"
            )
    return found
