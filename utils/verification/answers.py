"""An answer about a trial, as text and as data."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from utils.verification.rates import Rates

SAME, DIFFERENT = "same", "different"


@dataclass(frozen=True)
class Answer:
    """What a system says of a trial.

    Attributes
    ----------
    speech_s : tuple of float
        Seconds of speech of the enrolment, and of the test.
    remarks : tuple of str
    refused : str
        Why there is no score; empty where there is one.
    score, llr : float or None
        Score, and natural-log likelihood ratio where the system is calibrated.
    decision : str or None
        ``same`` or ``different`` person; None where there is no threshold.
    threshold : float or None
        On the ratio; at or above it the decision is ``same``.
    rates : Rates or None
        That were measured at the threshold in ``condition``.
    condition : str
    measured_on : dict
        The voices that they were measured on.
    """

    speech_s: tuple[float, float]
    remarks: tuple[str, ...]
    refused: str = ""
    score: float | None = None
    llr: float | None = None
    decision: str | None = None
    threshold: float | None = None
    rates: Rates | None = None
    condition: str = ""
    measured_on: Mapping[str, object] | None = None

    def as_dict(self) -> dict[str, object]:
        """Return what is written as JSON; rates are fractions, ``ci`` 95 % intervals.

        Example
        -------
        >>> answer = Answer((1.0, 2.0), (), refused="no speech").as_dict()
        >>> answer["score"], answer["speech_s"]
        (None, {'enrol': 1.0, 'test': 2.0})
        """
        enrol_s, test_s = self.speech_s
        rates: dict[str, object] = {"far": None, "frr": None, "ci": None}
        if self.rates:
            far, frr = self.rates.far, self.rates.frr
            ci = {"far": [far.low, far.high], "frr": [frr.low, frr.high]}
            rates = {"far": far.value, "frr": frr.value, "ci": ci}
        return {
            "score": self.score,
            "llr": self.llr,
            "decision": self.decision,
            "threshold": self.threshold,
            **rates,
            "condition": self.condition or None,
            "measured_on": self.measured_on,
            "speech_s": {"enrol": round(enrol_s, 3), "test": round(test_s, 3)},
            "remarks": list(self.remarks),
            "refused": self.refused or None,
        }

    def lines(self) -> Iterator[str]:
        """Yield the lines that a person reads.

        Example
        -------
        >>> for line in Answer((1.0, 2.0), ("too loud",), score=0.5).lines():
        ...     print(line)
        score     0.5000
        speech    1.0 s enrolled, 2.0 s tested
        remark    too loud
        """
        rows = [("no score", self.refused)] if self.refused else list(self._rows())
        enrol_s, test_s = self.speech_s
        rows.append(("speech", f"{enrol_s:.1f} s enrolled, {test_s:.1f} s tested"))
        rows += [("remark", remark) for remark in self.remarks]
        yield from (f"{name:10}{text}" for name, text in rows)

    def _rows(self) -> Iterator[tuple[str, str]]:
        yield "score", f"{self.score:.4f}"
        if self.llr is not None:
            times = math.exp(min(abs(self.llr), 700))
            kinds = "one person", "two"
            more, less = kinds if self.llr >= 0 else kinds[::-1]
            yield (
                "LLR",
                f"{self.llr:.2f}: {times:.3g} times as likely of {more} as of {less}",
            )
        if self.decision and self.rates and self.measured_on:
            yield "decision", f"{self.decision} person (threshold {self.threshold:.2f})"
            far, frr = self.rates.far.text, self.rates.frr.text
            yield "expected", f"FAR {far}, FRR {frr}, {self.condition}"
            facts = self.measured_on
            voices = f"{facts['speakers']} speakers, {facts['utterances']} utterances"
            yield "measured", f"on {facts['source']}: {voices}, {facts['sessions']}"
