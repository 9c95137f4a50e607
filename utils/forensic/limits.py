"""Where a ratio is refused: a condition that was not validated, or ratios too bad."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from utils.forensic.material import Material
from utils.forensic.population import FEWEST, Population
from utils.forensic.validating import Validation
from utils.verification.recordings import Recording

LEAST_SPEECH_S = 1.0
_ONE_SESSION = (
    "the recordings of the case were said to be of one session, as those of each "
    "speaker of the population: if they are not, the ratio is overstated"
)
_MIXED = (
    "the mean of its channels is heard; where each is another person's, cut out one "
    "(--channel of the questioned recording)"
)
_WIDER = 1.25  # of a bandwidth: more than the population's
_NOISIER_DB, _CLEANER_DB = 3.0, 6.0
_FEWER = 0.5  # of speech
_SMALLER = 0.75  # of recordings of a model
_UNKNOWN = "which codec it was is not known, so none was simulated, the band alone was"
_MISCALIBRATED_BITS = 0.2  # of cross-validated ratios; the system says something else


class Limits(NamedTuple):
    """Reasons against a ratio, and remarks on it.

    Attributes
    ----------
    refusals, remarks : list of str
    """

    refusals: list[str]
    remarks: list[str]


def material_limits(material: Sequence[Material]) -> list[str]:
    """Say which recordings of a case cannot be compared at all.

    Parameters
    ----------
    material : sequence of Material
    """
    return list(filter(None, map(_unfit, material)))


def _unfit(material: Material) -> str:
    recording = material.recording
    if not recording.is_speech:
        return f"{material.path}: no speech in it: silence, music or noise"
    if recording.speech_s < LEAST_SPEECH_S:
        return (
            f"{material.path}: {recording.speech_s:.1f} s of speech; at least "
            f"{LEAST_SPEECH_S:.0f} s are needed"
        )
    return ""


def condition_limits(
    population: Population,
    questioned: Material,
    known: Sequence[Material],
    is_one_session: bool = False,
) -> Limits:
    """Compare the condition of a case with that in which the population was heard.

    Parameters
    ----------
    population : Population
        Degraded to the condition of the case.
    questioned : Material
    known : sequence of Material
    is_one_session : bool
        Whether the recordings of the case are of one session.
    """
    sides = [([questioned], [own.questioned for own in population.heard])]
    sides.append((list(known), [own.known for own in population.heard]))
    found = Limits([], [])
    for material, heard in sides:
        for own in material:
            found.refusals.extend(_outside(own.recording, heard))
            found.remarks.extend(_unlike(own.recording, heard))
            if own.traces.signs and not own.traces.codec:
                found.remarks.append(f"{own.path}: {own.traces.signs[0]}; {_UNKNOWN}")
            if own.recording.n_mixed > 1:
                found.remarks.append(f"{own.path}: {_MIXED}")
    if is_one_session:
        if not population.has_sessions:
            found.remarks.append(_ONE_SESSION)
    elif reason := _session_limit(population):
        found.refusals.append(reason)
    return found


def _session_limit(population: Population) -> str:
    """Say where too few speakers have the several sessions of a case."""
    if population.n_several >= FEWEST:
        return ""
    return (
        f"{population.n_several} speakers of the population are known from several "
        f"sessions, at least {FEWEST} are needed: how much a voice changes from one "
        "session to another, as in the case, was not validated. Name sessions "
        "(--pattern {speaker}/{session}/*, or a column session); or say that the "
        "recordings of the case are of one session (--same-session)"
    )


def _values(heard: Sequence[Recording], measure: str) -> np.ndarray:
    values = np.array([getattr(own, measure) for own in heard])
    return values[np.isfinite(values)]


def _outside(recording: Recording, heard: Sequence[Recording]) -> Iterator[str]:
    """Yield why a condition was not validated."""
    name = recording.name
    widest = float(np.quantile(_values(heard, "bandwidth_hz"), 0.95))
    if recording.bandwidth_hz > _WIDER * widest:
        yield (
            f"{name}: sound up to {recording.bandwidth_hz:.0f} Hz, the population's "
            f"ends at {widest:.0f} Hz: nothing of this condition was validated; name "
            "a population of such recordings"
        )
    noisiest_db = float(np.quantile(_values(heard, "snr_db"), 0.05))
    if recording.snr_db < noisiest_db - _NOISIER_DB:
        yield (
            f"{name}: {recording.snr_db:.0f} dB SNR, the population could be brought "
            f"to {noisiest_db:.0f} dB alone: such noise was not validated"
        )


def _unlike(recording: Recording, heard: Sequence[Recording]) -> Iterator[str]:
    """Yield in what a recording is better than those that were validated."""
    name, typical_db = recording.name, float(np.median(_values(heard, "snr_db")))
    if recording.snr_db > typical_db + _CLEANER_DB:
        yield (
            f"{name}: {recording.snr_db:.0f} dB SNR, cleaner than the population "
            f"(median {typical_db:.0f} dB), on which all is measured"
        )
    speech_s = float(np.median(_values(heard, "speech_s")))
    if speech_s < _FEWER * recording.speech_s:
        yield (
            f"{name}: {recording.speech_s:.1f} s of speech; the population has "
            f"{speech_s:.1f} s (median) a recording, on which all is measured"
        )


def model_remark(n_known: float, n_of_case: int) -> str:
    """Say where models of the population are of fewer recordings than the case's.

    Example
    -------
    >>> model_remark(3.0, 3)
    ''
    """
    if n_known >= _SMALLER * n_of_case:
        return ""
    return (
        f"the population's models are of fewer recordings ({n_known:.2g} on average) "
        f"than the case's ({n_of_case}): as more recordings are nearer to everybody, "
        "the ratio may be overstated; take more of each speaker (--per-speaker)"
    )


def validation_limits(validation: Validation) -> list[str]:
    """Say why cross-validated ratios are too bad to report one.

    Ratios of 1 have a Cllr of 1: G. S. Morrison et al., "Consensus on validation of
    forensic voice comparison", Science and Justice 61 (2021), leave the threshold to
    the case; here it is where ratios say less than nothing, or are far off calibration.
    """
    reasons = []
    if validation.cllr >= 1:
        reasons.append(
            f"in the condition of the case the system's Cllr is {validation.cllr:.2f}: "
            "not better than no comparison (1)"
        )
    elif validation.cllr_cal > _MISCALIBRATED_BITS:
        reasons.append(
            f"in the condition of the case calibration does not hold across speakers: "
            f"it loses {validation.cllr_cal:.2f} bits; name more speakers"
        )
    return reasons
