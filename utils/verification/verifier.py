"""Whether recordings are of one person: score, ratio, decision, and what to expect."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from utils.runtime.errors import UserError
from utils.systems.answering import open_answering
from utils.systems.opened import OpenedSystem
from utils.verification.answers import DIFFERENT, SAME, Answer
from utils.verification.decisions import (
    AS_RECORDED,
    Decisions,
    Limits,
    Threshold,
    read_decisions,
)
from utils.verification.enrolment import join
from utils.verification.recordings import Recording, read_recording

_LEAST_SPEECH_S = 0.5  # whatever was measured
_CLIPPED_SHARE = 0.001
_NAMED = 3  # recordings that a remark is about
_UNITS = {"speech_s": "s of speech", "snr_db": "dB SNR", "bandwidth_hz": "Hz bandwidth"}


@dataclass(frozen=True)
class Verifier:
    """A system that answers.

    Attributes
    ----------
    system : OpenedSystem
    decisions : Decisions, optional
        Without them there is no threshold, and no limit but on speech.
    """

    system: OpenedSystem
    decisions: Decisions | None = None

    @property
    def measured(self) -> Decisions:
        """The decisions, of one threshold at least.

        Raises
        ------
        UserError
            Nothing was measured, or on too few voices.
        """
        if self.decisions is None:
            raise UserError(self._unmeasured)
        if not self.decisions.thresholds:
            raise UserError(f"{self.system.folder}: {self.decisions.unsupported}")
        return self.decisions

    @property
    def _unmeasured(self) -> str:
        return (
            f"{self.system.folder}: no threshold was measured; do it on voices of your "
            "own with local.calibrate_system"
        )

    @property
    def limits(self) -> Mapping[str, Limits]:
        """The measured limits of quality, by the measure."""
        return self.decisions.limits if self.decisions else {}

    def __call__(
        self,
        enrol: Sequence[Path | str],
        test: Path | str,
        far: float = 0.01,
        channel: int | None = None,
    ) -> Answer:
        """Compare recordings of one person with another recording.

        Parameters
        ----------
        enrol : sequence of Path or str
        test : Path or str
        far : float
            The false-alarm rate whose threshold decides.
        channel : int, optional
            The one of the test that counts, from 0; None for the mean of all.

        Raises
        ------
        UserError
            A file cannot be read; or no threshold was measured for this rate.

        Example
        -------
        >>> verifier = open_verifier(folder, "cosine+cal")
        >>> answer = verifier([wav_a], wav_b)
        >>> answer.decision is None
        True
        """
        threshold = self.decisions.threshold(far) if self.decisions else None
        front_end = self.system.front_end
        enrolled = [read_recording(path, front_end) for path in enrol]
        return self.compare(
            enrolled, read_recording(test, front_end, channel), threshold
        )

    def compare(
        self,
        enrolled: Sequence[Recording],
        tested: Recording,
        threshold: Threshold | None,
    ) -> Answer:
        """Compare recordings that were read; see `Verifier.__call__`."""
        recordings = [*enrolled, tested]
        speech_s = sum(own.speech_s for own in enrolled), tested.speech_s
        remarks = tuple(self._remarks(enrolled, tested))
        refused = next(filter(None, map(self.refusal, recordings)), "")
        if refused:
            return Answer(speech_s, remarks, refused)
        score, llr = self._score(recordings)
        if threshold is None or llr is None:
            return Answer(speech_s, remarks, score=score, llr=llr)
        condition = self.condition(recordings, threshold)
        return Answer(
            speech_s,
            remarks,
            score=score,
            llr=llr,
            decision=SAME if llr >= threshold.llr else DIFFERENT,
            threshold=threshold.llr,
            rates=threshold.rates[condition],
            condition=condition,
            measured_on=self.decisions.measured_on if self.decisions else None,
        )

    def least(self) -> dict[str, float]:
        """Return the values below which nothing is judged, by the measure."""
        least = {name: limits.least for name, limits in self.limits.items()}
        return least | {"speech_s": max(_LEAST_SPEECH_S, least.get("speech_s", 0))}

    def refusal(self, recording: Recording) -> str:
        """Say why a recording cannot be judged; empty where it can."""
        if not recording.is_speech:
            return f"{recording.name}: no speech in it: silence, music or noise"
        for measure, limit in self.least().items():
            value = getattr(recording, measure)
            if value < limit:
                return (
                    f"{recording.name}: {value:.3g} {_UNITS[measure]}; the system was "
                    f"measured on {limit:.3g} and more"
                )
        return ""

    def embed(self, recordings: Sequence[Recording]) -> np.ndarray:
        """Embed recordings that were read: (N, D)."""
        return self.system.embed_features(
            [own.name for own in recordings], [own.features for own in recordings]
        )

    def _score(self, recordings: Sequence[Recording]) -> tuple[float, float | None]:
        """Score the last recording with a model of the others."""
        embeddings = self.embed(recordings)  # (N, D)
        model = self.system.enrol([join(embeddings[:-1])[None]])
        scores, llrs, _ = self.system.score(model, embeddings[-1:])
        shift = self._shift(recordings)
        return float(scores[0, 0]), None if llrs is None else float(llrs[0, 0]) - shift

    def _shift(self, recordings: Sequence[Recording]) -> float:
        """Return what is taken off the ratio of the last recording with the others."""
        if self.decisions is None:
            return 0.0
        *enrolled_s, tested_s = (own.speech_s for own in recordings)
        of_test = self.decisions.test_shift(tested_s)
        return self.decisions.enrolment_shift(enrolled_s) + of_test

    def condition(self, recordings: Sequence[Recording], at: Threshold) -> str:
        """Name the worst of the measured conditions that a recording is in."""
        met = [
            limits.condition
            for measure, limits in self.limits.items()
            if any(getattr(own, measure) < limits.nearer for own in recordings)
        ]
        return max(met, key=lambda name: at.rates[name].frr.value, default=AS_RECORDED)

    def _remarks(
        self, enrolled: Sequence[Recording], tested: Recording
    ) -> Iterator[str]:
        yield from self.quality_remarks([*enrolled, tested])
        if any(np.array_equal(own.features, tested.features) for own in enrolled):
            yield f"{tested.name}: the same recording as in the enrolment"
        if self.decisions is None:
            yield self._unmeasured

    def quality_remarks(self, recordings: Iterable[Recording]) -> Iterator[str]:
        """Yield what is wrong with recordings, and what that does to the errors.

        What is alike is told once.
        """
        names: dict[str, list[str]] = {}  # of the recordings that a remark is about
        for recording in recordings:
            for remark in self._quality(recording):
                names.setdefault(remark, []).append(recording.name)
        for remark, own in names.items():
            more = f" and {len(own) - _NAMED} more" if len(own) > _NAMED else ""
            yield f"{', '.join(own[:_NAMED])}{more}: {remark}"

    def _quality(self, recording: Recording) -> Iterator[str]:
        rate_hz = self.system.front_end.sample_rate_hz
        yield from recording.remarks
        if recording.rate_hz < rate_hz:
            yield f"{recording.rate_hz} Hz, the system hears {rate_hz} Hz"
        if recording.clipped_share > _CLIPPED_SHARE:
            yield f"{recording.clipped_share:.1%} of the samples are clipped"
        for measure, limits in self.limits.items():
            value = getattr(recording, measure)
            if limits.least <= value < limits.nearer:
                rounded = float(f"{value:.2g}")
                yield (
                    f"{rounded:g} {_UNITS[measure]}; expect the error rates of speech "
                    f"{limits.condition}{self._missed(limits.condition)}"
                )

    def _missed(self, condition: str) -> str:
        """Tell the false-rejection rates in a condition beside those as recorded."""
        at = self.decisions.thresholds if self.decisions else ()
        missed = [
            f"{own.rates[condition].frr.value:.0%} at FAR {own.far:g} (else "
            f"{own.rates[AS_RECORDED].frr.value:.0%})"
            for own in at
            if {condition, AS_RECORDED} <= own.rates.keys()
        ]
        return f": FRR {', '.join(missed)}" if missed else ""


def open_verifier(
    folder: Path | str, backend: Path | str = "", device: str = "cpu",
    trust: bool = False,
) -> Verifier:  # fmt: skip
    """Open a trained folder to verify with: by its graph if it can be, which is faster.

    Parameters
    ----------
    folder, backend, device, trust
        See `utils.systems.answering.open_answering`.

    Raises
    ------
    UserError
        See there; or the stored decisions are broken or of another encoder.
    """
    return verifier_of(open_answering(folder, backend, device, trust), backend)


def verifier_of(system: OpenedSystem, backend: Path | str = "") -> Verifier:
    """Let an opened system verify, with the decisions in its folder.

    Parameters
    ----------
    system : OpenedSystem
    backend : Path or str
        What it was opened with: decisions are of the system's own, which is empty here.
    """
    if backend:
        return Verifier(system)
    return Verifier(system, read_decisions(system.folder, system.model_sha256))
