"""A whole case as data: what a report says, and the JSON of all its numbers."""

import math
from dataclasses import dataclass, field

from utils.forensic.examining import Finding
from utils.forensic.material import Material
from utils.forensic.words import Scale
from utils.metrics.lr_validation import LN_10, Bounds


@dataclass(frozen=True)
class Case:
    """All that is reported of a case.

    Attributes
    ----------
    questioned : Material
    known : tuple of Material
    population : dict
        Facts: source, filter, reason, counts.
    method : dict
        Facts: system, hashes, versions, command.
    finding : Finding or None
        None where the material cannot be compared.
    refusals, remarks : tuple of str
    voices_s : tuple of float
        Seconds of speech of each voice in the questioned recording; empty where it was
        not diarized.
    scale : Scale, optional
    """

    questioned: Material
    known: tuple[Material, ...]
    population: dict[str, object]
    method: dict[str, object]
    finding: Finding | None = None
    refusals: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    voices_s: tuple[float, ...] = ()
    scale: Scale | None = None
    excluded: tuple[str, ...] = field(default=())

    @property
    def reported(self) -> Finding | None:
        """The finding whose ratio is reported; None where it is refused."""
        return None if self.refusals else self.finding

    def summary(self) -> str:
        """Return the ratio, or the refusal, as a sentence."""
        if self.reported is None:
            return "No likelihood ratio is given: " + "; ".join(self.refusals) + "."
        ratio = self.reported.ratio
        more, less = ("one person", "two persons")
        if ratio.bounded < 0:
            more, less = less, more
        least = "at least " if ratio.is_bounded else ""
        times = math.exp(abs(ratio.bounded))
        return (
            f"The comparison is {least}{figures(times)} times as probable if the "
            f"recordings are of {more} as if they are of {less} of the population."
        )


def figures(value: float) -> str:
    """Return a number with two figures, without an exponent below a million.

    Example
    -------
    >>> figures(1234.0), figures(0.01234), figures(3.21e7)
    ('1,200', '0.012', '3.2e+07')
    """
    if not 0 < abs(value) < 1e6:
        return f"{value:.2g}"
    digits = 1 - math.floor(math.log10(abs(value)))
    return f"{round(value, digits):,.{max(0, digits)}f}"


def as_json(case: Case) -> dict[str, object]:
    """Return all numbers of a case; ratios are log10, rates fractions."""
    content: dict[str, object] = {
        "summary": case.summary(),
        "refusals": list(case.refusals),
        "remarks": list(case.remarks),
        "material": {
            "questioned": material_facts(case.questioned),
            "known": [material_facts(own) for own in case.known],
            "voices_s_of_questioned": list(case.voices_s),
        },
        "population": case.population | {"excluded": list(case.excluded)},
        "method": case.method,
        "log10_lr": None,
        "validation": None,
    }
    if case.finding:
        content["validation"] = validation_facts(case.finding)
    if case.reported:
        content["log10_lr"] = ratio_facts(case.reported, case.scale)
    return content


def material_facts(material: Material) -> dict[str, object]:
    """Return what is known of a recording."""
    own = material.recording
    return {
        "file": str(material.path),
        "sha256": material.sha256,
        "coding": material.coding,
        "rate_hz": own.rate_hz,
        "duration_s": round(material.duration_s, 3),
        "speech_s": round(own.speech_s, 3),
        "speech_likelihood": round(own.speech_likelihood, 4),
        "snr_db": _number(own.snr_db),
        "bandwidth_hz": own.bandwidth_hz,
        "clipped_share": own.clipped_share,
        "codec": material.traces.codec or None,
        "codec_signs": list(material.traces.signs),
    }


def ratio_facts(finding: Finding, scale: Scale | None) -> dict[str, object]:
    """Return a ratio in log10: within the bounds, and as it was calibrated."""
    own = finding.ratio
    return {
        "value": own.bounded / LN_10,
        "low": own.bounded_low / LN_10,
        "high": own.bounded_high / LN_10,
        "is_bounded": own.is_bounded,
        "score": own.score,
        "before_bounds": [value / LN_10 for value in (own.llr, own.low, own.high)],
        "words": scale(own.bounded) if scale else None,
        "scale": scale.source if scale else None,
    }


def validation_facts(finding: Finding) -> dict[str, object]:
    """Return the metrics of a validation, and the calibration."""
    facts: dict[str, object] = {}
    for name, value in finding.validation._asdict().items():
        if isinstance(value, Bounds):
            facts[f"log10_{name}"] = [bound / LN_10 for bound in value]
        else:
            facts[name] = value if isinstance(value, int) else _number(value)
    fusion = finding.calibrated.fusion
    return facts | {
        "known_recordings_of_a_model": finding.trials.n_known,
        "across_sessions": finding.population.has_sessions,
        "calibration": {"weight": float(fusion.weights[0]), "offset": fusion.offset},
    }


def _number(value: float) -> float | None:
    """Return a number of JSON, which has no NaN."""
    return float(value) if math.isfinite(value) else None
