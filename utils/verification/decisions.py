"""What a system promises: ``decisions.json`` in its folder.

Thresholds for false-alarm rates, the rates that were measured at them in each
condition, and the speech on which they hold.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from utils.runtime.atomic import replacing_file
from utils.runtime.errors import UserError
from utils.verification.rates import Rate, Rates
from utils.verification.rises import Rise

FILE = "decisions.json"
AS_RECORDED = "as recorded"


@dataclass(frozen=True)
class Threshold:
    """A threshold on log-likelihood ratios.

    Attributes
    ----------
    far : float
        The false-alarm rate that it was chosen for.
    llr : float
        Trials at or above it are accepted.
    rates : dict of Rates
        By condition: ``as recorded``, and each that was simulated.
    """

    far: float
    llr: float
    rates: Mapping[str, Rates]


@dataclass(frozen=True)
class Limits:
    """The values of a quality measure on which a system was measured.

    Attributes
    ----------
    nearer : float
        Below it a recording is nearer to those that were worsened on purpose than to
        those as recorded: midway between their medians.
    least : float
        Nearly all that were worsened were above it; below it nothing is known.
    condition : str
        Name of that worsening.
    """

    nearer: float
    least: float
    condition: str


@dataclass(frozen=True)
class Tail:
    """How rarely trials of two people reach a ratio.

    Attributes
    ----------
    fars : tuple of float
        False-alarm rates, falling.
    llrs : tuple of float
        The thresholds that have them, rising.
    """

    fars: tuple[float, ...]
    llrs: tuple[float, ...]

    def threshold(self, far: float) -> float:
        """Return the ratio that a rate needs.

        Between the measured rates and beyond them, the ratio grows with the rate's
        logarithm; beyond, as over the last decade that was measured, or as a
        calibrated ratio's bound does, by 1 for each factor e, where that is more.

        Example
        -------
        >>> tail = Tail((0.1, 0.01), (2.0, 6.0))
        >>> tail.threshold(0.1), round(tail.threshold(0.001), 3)
        (2.0, 10.0)
        """
        logs, wanted = -np.log(self.fars), -np.log(far)
        if wanted <= logs[-1]:
            return float(np.interp(wanted, logs, self.llrs))
        start = np.interp(logs[-1] - np.log(10), logs, self.llrs)
        slope = max(1.0, (self.llrs[-1] - start) / np.log(10))
        return float(self.llrs[-1] + slope * (wanted - logs[-1]))


@dataclass(frozen=True)
class Decisions:
    """Thresholds and where they hold.

    Attributes
    ----------
    model_sha256 : str
        The encoder that they were measured with.
    thresholds : tuple of Threshold
        The strictest last.
    tail : Tail
        For other rates, as they are needed among many people.
    limits : dict of Limits
        By the measure: a field of `utils.verification.recordings.Recording`.
    measured_on : dict
        Speakers, utterances, sessions, where from.
    recordings : Rise
        As a person is enrolled with more recordings.
    speech_s : Rise
        As the recordings of both sides grow longer.
    """

    model_sha256: str
    thresholds: tuple[Threshold, ...]
    tail: Tail
    limits: Mapping[str, Limits]
    measured_on: Mapping[str, object]
    recordings: Rise = Rise()  # noqa: RUF009 - a constant
    speech_s: Rise = Rise()  # noqa: RUF009

    def enrolment_shift(self, speech_s: Sequence[float]) -> float:
        """Return what to take off the ratios of a person with such recordings.

        Thresholds are measured on single recordings of usual length. Several that are
        joined to one vector, and longer ones, bring other people nearer; without the
        shift, more of them would pass than a threshold promises.

        Parameters
        ----------
        speech_s : sequence of float
            Seconds of speech in each.

        Example
        -------
        >>> decisions = Decisions(
        ...     "", (), Tail((0.1, 0.01), (2.0, 6.0)), {}, {},
        ...     recordings=Rise((1, 2), (0.0, 1.0)), speech_s=Rise((4, 8), (0.0, 0.4)),
        ... )
        >>> decisions.enrolment_shift([3.0]), decisions.enrolment_shift([3.0, 8.0])
        (0.0, 1.1)
        >>> decisions.test_shift(8.0)
        0.2
        """
        lengths = [self.test_shift(own_s) for own_s in speech_s]
        return self.recordings(len(speech_s)) + sum(lengths) / len(lengths)

    def test_shift(self, speech_s: float) -> float:
        """Return what to take off the ratios of a recording of such a length.

        Half of the rise, which is that of two recordings; the other half is the
        enrolment's.
        """
        return self.speech_s(speech_s) / 2

    def threshold(self, far: float) -> Threshold:
        """Return the threshold for a false-alarm rate.

        Raises
        ------
        UserError
            None was measured for it.
        """
        for threshold in self.thresholds:
            if abs(threshold.far - far) <= 1e-9:
                return threshold
        known = ", ".join(f"{threshold.far:g}" for threshold in self.thresholds)
        raise UserError(
            f"--far {far:g}: measured were {known}; measure it with "
            "local.calibrate_system"
            if known
            else self.unsupported
        )

    @property
    def unsupported(self) -> str:
        """Why there is no threshold at all."""
        return (
            f"the {self.measured_on['speakers']} speakers of "
            f"{self.measured_on['source']} were too few for any threshold; "
            "local.calibrate_system says how many are missing"
        )

    def lines(self) -> Iterator[str]:
        """Yield what was measured, a line each."""
        for threshold in self.thresholds:
            yield f"FAR {threshold.far:g}: threshold {threshold.llr:.2f}"
            for name, rates in threshold.rates.items():
                yield f"  {name}: FAR {rates.far.text}, FRR {rates.frr.text}"
        for rise, unit in (
            (self.recordings, "recordings"),
            (self.speech_s, "s of speech"),
        ):
            if len(rise.at) > 1:
                amount, llr = rise.at[-1], rise.llrs[-1]
                yield f"with {amount:.3g} {unit}: {llr:.2f} off the ratios"
        for measure, limits in self.limits.items():
            yield (
                f"{measure}: {limits.condition} below {limits.nearer:.3g}, measured to "
                f"{limits.least:.3g}"
            )


def write_decisions(folder: Path, decisions: Decisions, facts: dict) -> None:
    """Write what was measured, and where it comes from, into a system's folder."""
    content = {
        "model_sha256": decisions.model_sha256,
        "measured_on": dict(decisions.measured_on),
        "tail": {"fars": decisions.tail.fars, "llrs": decisions.tail.llrs},
        "rises": {
            "recordings": vars(decisions.recordings),
            "speech_s": vars(decisions.speech_s),
        },
        "limits": {name: vars(limits) for name, limits in decisions.limits.items()},
        "thresholds": [
            {
                "far": threshold.far,
                "llr": threshold.llr,
                "rates": {
                    name: rates._asdict()
                    | {"far": rates.far._asdict(), "frr": rates.frr._asdict()}
                    for name, rates in threshold.rates.items()
                },
            }
            for threshold in decisions.thresholds
        ],
    }
    with replacing_file(folder / FILE) as temporary:
        text = json.dumps(content | facts, indent=1, ensure_ascii=False)
        temporary.write_text(text + "\n", encoding="utf-8")


def read_decisions(folder: Path, model_sha256: str) -> Decisions | None:
    """Read what a system promises; None where nothing was measured.

    Parameters
    ----------
    folder : Path
    model_sha256 : str
        The encoder that is there.

    Raises
    ------
    UserError
        The file is broken, or of another encoder.
    """
    path = folder / FILE
    if not path.is_file():
        return None
    try:
        decisions = _decisions(json.loads(path.read_text(encoding="utf-8")))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        reason = " ".join(str(error).split())
        raise UserError(
            f"{path}: broken ({reason}); measure again with local.calibrate_system"
        ) from None
    if decisions.model_sha256 != model_sha256:
        raise UserError(
            f"{path}: measured with another encoder; measure again with "
            "local.calibrate_system"
        )
    return decisions


def _decisions(content: dict) -> Decisions:
    def rates(stored: dict) -> Rates:
        far, frr = Rate(**stored["far"]), Rate(**stored["frr"])
        return Rates(far, frr, stored["n_target"], stored["n_nontarget"])

    def rise(stored: dict) -> Rise:
        return Rise(*(tuple(map(float, stored[name])) for name in ("at", "llrs")))

    thresholds = tuple(
        Threshold(
            float(stored["far"]),
            float(stored["llr"]),
            {name: rates(own) for name, own in stored["rates"].items()},
        )
        for stored in content["thresholds"]
    )
    tail = Tail(tuple(content["tail"]["fars"]), tuple(content["tail"]["llrs"]))
    limits = {name: Limits(**own) for name, own in content["limits"].items()}
    return Decisions(
        content["model_sha256"],
        thresholds,
        tail,
        limits,
        content["measured_on"],
        *(rise(content["rises"][name]) for name in ("recordings", "speech_s")),
    )
