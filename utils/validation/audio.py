"""Check the audio of manifests: readable, as long as said, and fit to be used."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from utils.audio.decoding import audio_length, decode_audio, holds_float
from utils.audio.quality import SILENCE_DB, measure_clipping, measure_level_db
from utils.data.channels import channel_of
from utils.runtime.errors import UserError
from utils.validation.findings import ERROR, WARNING, Finding

if TYPE_CHECKING:
    import pandas as pd

_ROUNDING_S = 0.002  # durations are written with three decimals


class Limits(NamedTuple):
    """What counts as unfit.

    Attributes
    ----------
    shortest_s, longest_s : float
        Shortest and longest duration of an utterance.
    silence_db : float
        Mean power, relative to full scale.
    clipped_share : float
        Share of the samples that are at full scale beside another that is.
    """

    shortest_s: float = 0.25
    longest_s: float = 120.0
    silence_db: float = SILENCE_DB
    clipped_share: float = 0.001


class Heard(NamedTuple):
    """What was found out by reading an utterance.

    Attributes
    ----------
    findings : list of Finding
    rate_hz : int
        Sampling rate of the file; 0 where it cannot be read.
    digest : bytes
        Hash of the samples; empty where they cannot be read.
    """

    findings: list[Finding]
    rate_hz: int = 0
    digest: bytes = b""


def check_audio(row: dict, limits: Limits) -> Heard:
    """Read an utterance and check it.

    Parameters
    ----------
    row : dict
        The manifest's row, all values str, and ``place``, its file and line.
    limits : Limits
    """
    place, start, stop = row["place"], int(row["start"]), int(row["stop"])
    try:
        samples, rate_hz, _ = decode_audio(row["wav"], start, stop, channel_of(row))
        n_header = audio_length(row["wav"])[0]
    except UserError as error:
        return Heard([Finding(ERROR, "unreadable", place, str(error))])
    findings = [
        Finding(level, check, place, f"{row['wav']}: {text}")
        for level, check, text in _faults(samples, rate_hz, row, limits)
    ]
    if stop > n_header:
        text = f"{row['wav']}: its header tells {n_header} samples, not {stop}; copy it"
        findings.append(Finding(ERROR, "length", place, f"{text} again"))
    digest = hashlib.blake2b(samples.tobytes(), digest_size=16).digest()
    return Heard(findings, rate_hz, digest)


def _faults(
    samples: np.ndarray, rate_hz: int, row: dict, limits: Limits
) -> Iterator[tuple[str, str, str]]:
    """Yield level, check and text of what is wrong with samples (N,)."""
    duration_s = len(samples) / rate_hz
    if abs(float(row["duration"]) - duration_s) > _ROUNDING_S:
        text = f"{duration_s:.3f} s, not {row['duration']}; measure the file again"
        yield ERROR, "duration", text
    if duration_s < limits.shortest_s:
        text = f"only {duration_s:.2f} s long; such speech is hard to recognise"
        yield WARNING, "short", text
    if duration_s > limits.longest_s:
        yield WARNING, "long", f"{duration_s:.0f} s long; cut it into utterances"
    level_db = measure_level_db(samples)
    if level_db < limits.silence_db:
        text = f"nearly silent ({level_db:.0f} dB); --skip-silent leaves it out"
        yield WARNING, "silent", text
    peak, share = float(np.abs(samples).max()), measure_clipping(samples)
    if peak > 1 and holds_float(row["wav"]):
        text = f"samples up to {peak:.3g}, beyond full scale (1); scale them down"
        yield WARNING, "scale", text
    elif share > limits.clipped_share:
        yield WARNING, "clipped", f"{share:.1%} clipped; record it at a lower level"


def common_findings(rows: pd.DataFrame, heard: list[Heard]) -> Iterator[Finding]:
    """Yield what is wrong between utterances: equal audio, and different rates.

    Parameters
    ----------
    rows : DataFrame
        ``place``, ``ID``, ``spk_id``, ``wav`` and ``split`` of each utterance.
    heard : list of Heard
        In the same order.
    """
    rows = rows.assign(
        digest=[one.digest for one in heard], rate_hz=[one.rate_hz for one in heard]
    )
    rows = rows[rows["rate_hz"] > 0]
    own = rows[rows["split"] != "cohort"]
    repeated = own[own["digest"].duplicated(keep=False)]
    for _, equal in repeated.groupby("digest", sort=False):
        first, others = equal.iloc[0], equal.iloc[1:]
        for row in others.itertuples():
            is_other = row.spk_id != first["spk_id"] or row.split != first["split"]
            yield Finding(
                ERROR if is_other else WARNING, "same-samples", row.place,
                f"{row.wav}: the same samples as {first['ID']!r} at {first['place']}; "
                "keep one of them",
            )  # fmt: skip
    counts = rows["rate_hz"].value_counts()
    for rate_hz, count in counts.iloc[1:].items():
        row = rows[rows["rate_hz"] == rate_hz].iloc[0]
        yield Finding(
            WARNING, "rates", row["place"],
            f"{row['wav']}: {rate_hz} Hz, as {count} files; the others have "
            f"{counts.index[0]} Hz: a model may learn the band, not the speaker",
        )  # fmt: skip
