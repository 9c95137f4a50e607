"""What voice a recording holds: labels with probabilities, or why none can be told."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from scipy.special import softmax

from utils.attributes.files import StoredHead
from utils.attributes.inputs import EMBEDDING, join_inputs
from utils.audio.decoding import decode_audio
from utils.audio.resampling import resample
from utils.audio.voice_measures import RATE_HZ, measure_voice
from utils.runtime.errors import UserError
from utils.verification.recordings import hear

if TYPE_CHECKING:
    from utils.verification.verifier import Verifier

_SHOWN = 3  # classes in the line for the terminal


@dataclass(frozen=True)
class Attribute:
    """What is told of one label.

    Attributes
    ----------
    name : str
        Column, and the conditions on the speakers that it was learnt on.
    value : str
        The class, or the number; empty where it cannot be told.
    reason : str
        Why it cannot be told; empty where it can.
    probabilities : dict of float
        Every class's, all equally likely beforehand; empty for a number.
    interval : tuple of float
        That holds a number in 90 % of the cases like those learnt on; empty for
        classes.
    """

    name: str
    value: str = ""
    reason: str = ""
    probabilities: dict[str, float] = field(default_factory=dict)
    interval: tuple[float, ...] = ()

    @property
    def text(self) -> str:
        """One line for the terminal."""
        said = self.value if not self.reason else f"cannot tell: {self.reason}"
        if self.interval and not self.reason:
            said += f" (90 %: {self.interval[0]:.0f} to {self.interval[1]:.0f})"
        likely = sorted(self.probabilities.items(), key=lambda pair: -pair[1])
        shown = ", ".join(f"{name} {p:.2f}" for name, p in likely[:_SHOWN])
        return f"{self.name}: {said}" + (f" ({shown})" if shown else "")


class Answers(NamedTuple):
    """What a recording tells, and what to mind, if anything."""

    attributes: list[Attribute]
    remark: str


class AttributeTeller:
    """Tells labels of recordings by heads on a system's embeddings.

    Parameters
    ----------
    verifier : Verifier
        The system, with its limits of quality.
    heads : sequence of StoredHead
    least : float
        Probability from which a class is told.

    Raises
    ------
    UserError
        A head belongs to another system, or is of classes that are not apart.
    """

    def __init__(
        self, verifier: Verifier, heads: Sequence[StoredHead], least: float
    ) -> None:
        self.verifier, self.heads, self.least = verifier, heads, least
        system = verifier.system
        for head in heads:
            if head.model_sha256 != system.model_sha256:
                raise UserError(
                    f"the head on {head.task.column} belongs to another model than "
                    f"{system.folder}: {head.facts.get('model')}; name that by --system"
                )

    def __call__(self, path: Path | str, channel: int | None = None) -> Answers:
        """Tell every label of a recording.

        Raises
        ------
        UserError
            The file cannot be read.
        """
        samples, rate_hz, n_mixed = decode_audio(path, channel=channel)
        front_end = self.verifier.system.front_end
        recording = hear(samples, rate_hz, front_end, str(path), n_mixed)
        remark = "; ".join(recording.remarks)
        refused = self.verifier.refusal(recording)
        if refused:
            reason = refused.removeprefix(f"{path}: ")
            unknown = [Attribute(name_of(head), reason=reason) for head in self.heads]
            return Answers(unknown, remark)
        embedding = self.verifier.embed([recording])  # (1, D)
        voice = None
        if any(head.inputs != EMBEDDING for head in self.heads):
            measured = measure_voice(resample(samples, rate_hz, RATE_HZ), RATE_HZ)
            voice = measured.astype(np.float32)[None]  # (1, 34)
        told = [self._tell(head, embedding, voice) for head in self.heads]
        return Answers(told, remark)

    def _tell(
        self, head: StoredHead, embedding: np.ndarray, voice: np.ndarray | None
    ) -> Attribute:
        vectors = join_inputs(head.inputs, embedding, voice)
        told = head.fitted(vectors)[0]
        if not head.fitted.typicality.is_typical(vectors)[0]:
            return Attribute(name_of(head), reason="unlike the voices it was learnt on")
        if head.task.is_number:
            ends = told + head.fitted.errors[-1] * np.array([-1.0, 1.0])
            ends = np.clip(ends, head.fitted.head.lowest, head.fitted.head.highest)
            return Attribute(name_of(head), f"{told:.0f}", interval=tuple(ends))
        shares = softmax(told)
        probabilities = dict(zip(head.task.classes, map(float, shares), strict=True))
        place = int(shares.argmax())
        if shares[place] < self.least:
            reason = f"no class has a probability of {self.least:g}"
            return Attribute(name_of(head), "", reason, probabilities)
        return Attribute(name_of(head), head.task.classes[place], "", probabilities)


def name_of(head: StoredHead) -> str:
    """Return what a head tells, and of whom."""
    who = f" ({', '.join(head.task.where)})" if head.task.where else ""
    if head.task.cuts:
        return " or ".join(head.task.classes) + who
    return head.task.column + who


def as_json(path: Path | str, answers: Answers) -> dict[str, Any]:
    """Return what was told of a recording, as JSON holds it."""
    return {
        "recording": str(path),
        "remark": answers.remark or None,
        "attributes": [
            {
                "name": own.name,
                "value": own.value or None,
                "reason": own.reason or None,
                "probabilities": own.probabilities,
                "interval_90": [float(x) for x in own.interval],
            }
            for own in answers.attributes
        ],
    }


def find_heads(folders: Sequence[Path], system: Path) -> Iterator[Path]:
    """Yield the folders of heads: those named, or all in ``attributes/`` of a system.

    Raises
    ------
    UserError
        There are none.
    """
    found = folders or own_heads(system)
    if not found:
        raise UserError(
            f"{system / 'attributes'}: no heads; learn one with ./run.sh --task gender "
            f"--pretrained {system.name}, and name its folder by --heads, or copy it "
            "there"
        )
    for path in found:
        yield path.parent if path.name == "head.json" else path


def own_heads(system: Path) -> list[Path]:
    """Return the folders of the heads in ``attributes/`` of a system."""
    return sorted(own.parent for own in (system / "attributes").glob("*/head.json"))
