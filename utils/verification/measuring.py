"""What a system is worth on known voices: calibration, thresholds, limits."""

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from utils.backend.backend import Backend
from utils.backend.calibration import PENALTY, Calibration, fit_fusion
from utils.metrics.bootstrap import draw_counts
from utils.metrics.thresholds import threshold_at_far
from utils.runtime.errors import UserError
from utils.systems.opened import OpenedSystem
from utils.verification.conditions import CONDITIONS
from utils.verification.decisions import AS_RECORDED, Decisions, Limits, Tail, Threshold
from utils.verification.enrolment import measure_enrolment
from utils.verification.lengths import Joined, measure_lengths
from utils.verification.rates import measure_rates, shortage
from utils.verification.voices import Versions, Voices, score_voices

_FEWEST = 10  # trials that a rate is measured on
_NEARLY_ALL = 0.005  # share of the recordings that may lie below a limit


class Aims(NamedTuple):
    """What a system is measured for.

    Attributes
    ----------
    fars : sequence of float
        False-alarm rates in (0, 1) that thresholds are wanted for.
    prior : float
        Prior of a target trial that the calibration is trained for.
    n_resamples, seed : int
        How speakers are resampled, for intervals.
    """

    fars: Sequence[float] = (0.05, 0.01, 0.001)
    prior: float = 0.05
    n_resamples: int = 1000
    seed: int = 0


class Measured(NamedTuple):
    """A system's back-end, calibrated, and what it promises.

    Attributes
    ----------
    backend : Backend
    decisions : Decisions
    shortages : list of str
        Why there is no threshold for some of the rates.
    """

    backend: Backend
    decisions: Decisions
    shortages: list[str]


def measure_system(
    system: OpenedSystem,
    voices: Voices,
    versions: Sequence[Versions],
    joined: Sequence[Joined],
    source: str,
    aims: Aims,
) -> Measured:
    """Calibrate a system on known voices, and measure it.

    Parameters
    ----------
    system : OpenedSystem
    voices : Voices
    versions : sequence of Versions
        What the voices were embedded from.
    joined : sequence of Joined
        See `utils.verification.lengths.measure_lengths`.
    source : str
        Their name.
    aims : Aims

    Raises
    ------
    UserError
        There are too few voices to calibrate with.
    """
    n_speakers, n_utterances = len(np.unique(voices.speakers)), len(voices.speakers)
    lacks = {far: shortage(far, n_speakers, n_utterances) for far in aims.fars}
    try:
        backend = calibrate_on(system.backend, voices, aims.prior)
    except ValueError as error:
        raise UserError(
            f"{source}: {error}; at least two speakers of two utterances are needed"
        ) from None
    supported = [far for far, lack in lacks.items() if not lack]
    measured_on = {
        "source": source,
        "speakers": n_speakers,
        "utterances": n_utterances,
        "sessions": "across sessions" if voices.has_sessions else "one session each",
    }
    decisions = Decisions(
        system.model_sha256,
        measure_thresholds(backend, voices, aims._replace(fars=supported)),
        measure_tail(backend, voices),
        measure_limits(versions),
        measured_on,
        measure_enrolment(backend, voices, aims.seed),
        measure_lengths(backend, joined),
    )
    return Measured(backend, decisions, [lack for lack in lacks.values() if lack])


def calibrate_on(backend: Backend, voices: Voices, prior: float) -> Backend:
    """Let a back-end return log-likelihood ratios, by the scores of known voices.

    Raises
    ------
    ValueError
        See `utils.backend.calibration.fit_fusion`.
    """
    uncalibrated = replace(backend, calibration=None)
    trials = score_voices(uncalibrated, voices, AS_RECORDED)
    fusion = fit_fusion(trials.scores[:, None], trials.is_target, prior, PENALTY)
    trained_on: dict[str, object] = {
        "n_target": int(trials.is_target.sum()),
        "n_nontarget": int((~trials.is_target).sum()),
    }
    calibration = Calibration(fusion, trained_on=trained_on)
    return replace(backend, calibration=calibration)


def measure_thresholds(
    backend: Backend, voices: Voices, aims: Aims
) -> tuple[Threshold, ...]:
    """Choose thresholds for false-alarm rates, and measure the rates at them.

    Parameters
    ----------
    backend : Backend
        Calibrated.
    voices : Voices
    aims : Aims

    Returns
    -------
    tuple of Threshold
        The strictest last.
    """
    trials = {name: score_voices(backend, voices, name) for name in voices.embeddings}
    recorded = trials[AS_RECORDED]
    counts = draw_counts(recorded.speakers.n_speakers, aims.n_resamples, aims.seed)
    thresholds = []
    for far in sorted(set(aims.fars), reverse=True):
        llr = threshold_at_far(recorded.scores, recorded.is_target, far)
        rates = {
            name: measure_rates(own.scores, own.speakers, llr, counts)
            for name, own in trials.items()
        }
        thresholds.append(Threshold(far, llr, rates))
    return tuple(thresholds)


def measure_tail(backend: Backend, voices: Voices) -> Tail:
    """Find the ratios that ever fewer trials of two people reach.

    Down to the rate at which ten are left; at half of them at least.
    """
    trials = score_voices(backend, voices, AS_RECORDED)
    nontargets = np.sort(trials.scores[~trials.is_target])[::-1]
    fewest = min(_FEWEST, (len(nontargets) + 1) // 2)
    counts = np.unique(np.geomspace(len(nontargets) / 2, fewest, 40).astype(int))[::-1]
    fars = tuple((counts / len(nontargets)).tolist())
    return Tail(fars, tuple(nontargets[counts - 1].tolist()))


def measure_limits(versions: Sequence[Versions]) -> dict[str, Limits]:
    """Find where recordings are as those that were worsened, and the worst of them."""
    limits = {}
    for condition in CONDITIONS:
        recorded, worsened = (
            [getattr(own[name], condition.measure) for own in versions]
            for name in (AS_RECORDED, condition.name)
        )
        nearer = (np.median(recorded) + np.median(worsened)) / 2
        least = np.quantile(worsened, _NEARLY_ALL)
        limits[condition.measure] = Limits(float(nearer), float(least), condition.name)
    return limits
