"""What a system promises: ``decisions.json`` in its folder.

Thresholds for false-alarm rates, the rates that were measured at them in each
condition, and the speech on which they hold.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from utils.runtime.atomic import replacing_file
from utils.runtime.errors import UserError
from utils.verification.rates import Rate, Rates

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
    shifts : tuple of float
        See `shift`: for 1, 2, 3 ... recordings.
    """

    model_sha256: str
    thresholds: tuple[Threshold, ...]
    tail: Tail
    limits: Mapping[str, Limits]
    measured_on: Mapping[str, object]
    shifts: tuple[float, ...] = (0.0,)

    def shift(self, n_enrolled: int) -> float:
        """Return what to take off the ratios of a person with several recordings.

        Joined to one vector, they bring other people nearer; without it, more of them
        would pass than a threshold promises, which is measured on single recordings.
        Beyond what was measured it grows as 1 - 1/n does, as the joined vector's length
        before it is scaled.

        Example
        -------
        >>> tail = Tail((0.1, 0.01), (2.0, 6.0))
        >>> decisions = Decisions("", (), tail, {}, {}, shifts=(0.0, 1.0))
        >>> decisions.shift(1), decisions.shift(2), decisions.shift(4)
        (0.0, 1.0, 1.5)
        """
        n_measured = len(self.shifts)
        if n_enrolled <= n_measured:
            return self.shifts[n_enrolled - 1]
        if n_measured == 1:
            return 0.0
        return self.shifts[-1] * (1 - 1 / n_enrolled) / (1 - 1 / n_measured)

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
        if len(self.shifts) > 1:
            most = len(self.shifts)
            yield f"with {most} recordings: {self.shifts[-1]:.2f} off the ratios"
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
        "shifts": decisions.shifts,
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
        tuple(map(float, content["shifts"])),
    )
