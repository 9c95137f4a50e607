"""The recordings of a case: what they are, and the condition that they are in."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from utils.audio.containers import open_audio
from utils.audio.decoding import decode_audio
from utils.forensic.codec_traces import Traces, find_traces
from utils.runtime.errors import UserError
from utils.runtime.fingerprint import hash_file
from utils.systems.opened import Hearing
from utils.verification.recordings import Recording, hear


class Condition(NamedTuple):
    """How recordings are: what a population is degraded to.

    Attributes
    ----------
    speech_s, snr_db, bandwidth_hz, clipped_share : float
        See `utils.verification.recordings.Recording`.
    codec : str
        A key of `utils.audio.codecs.CODECS`; empty for none.
    """

    speech_s: float
    snr_db: float
    bandwidth_hz: float
    clipped_share: float = 0.0
    codec: str = ""

    @property
    def text(self) -> str:
        """The condition in words.

        Example
        -------
        >>> Condition(4.0, 21.34, 4000.0, codec="gsm").text
        '4.0 s of speech, 21 dB SNR, sound up to 4000 Hz, codec gsm'
        """
        parts = [f"{self.speech_s:.1f} s of speech", f"{self.snr_db:.0f} dB SNR"]
        parts.append(f"sound up to {self.bandwidth_hz:.0f} Hz")
        if self.clipped_share > 0:
            parts.append(f"{self.clipped_share:.2%} of the samples clipped")
        return ", ".join(parts + ([f"codec {self.codec}"] if self.codec else []))


@dataclass(frozen=True)
class Material:
    """A recording of a case.

    Attributes
    ----------
    path : Path
    sha256 : str
        That of the file.
    coding : str
        Container and coding.
    duration_s : float
    recording : Recording
    traces : Traces
    """

    path: Path
    sha256: str
    coding: str
    duration_s: float
    recording: Recording
    traces: Traces

    @property
    def condition(self) -> Condition:
        """The condition that it is in."""
        return condition_of(self.recording, self.traces.codec)


def condition_of(recording: Recording, codec: str = "") -> Condition:
    """Return the condition of a recording, and of what codec it is."""
    return Condition(
        recording.speech_s,
        recording.snr_db,
        recording.bandwidth_hz,
        recording.clipped_share,
        codec,
    )


def read_material(
    path: Path, front_end: Hearing, channel: int | None = None
) -> Material:
    """Read a recording of a case, or one channel of it.

    Raises
    ------
    UserError
        See `utils.audio.decoding.decode_audio`.
    """
    samples, rate_hz, n_mixed = decode_audio(path, channel=channel)
    with open_audio(path) as file:
        coding, subtype = f"{file.format} {file.subtype}", file.subtype
    heard = hear(samples, rate_hz, front_end, str(path), n_mixed)
    traces = find_traces(samples, rate_hz, subtype, heard.bandwidth_hz)
    duration_s = len(samples) / rate_hz
    return Material(path, hash_file(path), coding, duration_s, heard, traces)


def common_condition(material: Sequence[Material]) -> Condition:
    """Return the condition of several recordings of a person: the worst of each.

    Of speech it is the mean, of codecs the first.
    """
    all_of = [own.condition for own in material]
    return Condition(
        float(np.mean([own.speech_s for own in all_of])),
        min(own.snr_db for own in all_of),
        min(own.bandwidth_hz for own in all_of),
        max(own.clipped_share for own in all_of),
        next((own.codec for own in all_of if own.codec), ""),
    )


def without_copies(
    questioned: Material, known: Sequence[Material]
) -> tuple[list[Material], list[str]]:
    """Leave out known recordings that are the same as an earlier one, and tell them.

    Raises
    ------
    UserError
        The questioned recording is among the known ones.
    """
    kept: list[Material] = []
    told = []
    for own in known:
        if _is_same(own, questioned):
            raise UserError(
                f"{own.path}: the same recording as {questioned.path}, questioned and "
                "known: there is nothing to compare; name another one"
            )
        first = next((other for other in kept if _is_same(own, other)), None)
        if first is None:
            kept.append(own)
        else:
            told.append(f"{own.path} is the same as {first.path}: left out")
    return kept, told


def _is_same(one: Material, other: Material) -> bool:
    return one.sha256 == other.sha256 or np.array_equal(
        one.recording.features, other.recording.features
    )
