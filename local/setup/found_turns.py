"""Who spoke when in a recording, as it was found, named, and written for people."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import NamedTuple

import numpy as np

from utils.diarization.turns import Turn, write_rttm
from utils.runtime.atomic import replacing_file


class Voice(NamedTuple):
    """A speaker of a recording: mean voice (D,), margin, speech.

    The margin is that of `utils.diarization.diarizer.Diarization`.
    """

    embedding: np.ndarray
    margin: float
    speech_s: float


class DiarizedRecording(NamedTuple):
    """What was found in a recording.

    Attributes
    ----------
    name : str
    path : Path
    duration_s : float
    turns : list of Turn
        Their speakers are ``speaker-1`` and so on, as they appear.
    scores : list of (float or None, float or None, str or None)
        The `utils.diarization.turn_scores.TurnScore` of each turn, the nearest by name.
    voices : dict of Voice
        By speaker.
    """

    name: str
    path: Path
    duration_s: float
    turns: list[Turn]
    scores: list[tuple[float | None, float | None, str | None]]
    voices: dict[str, Voice]


class Label(NamedTuple):
    """What a speaker is called: in RTTM, in a line for people, and in the JSON."""

    name: str
    about: str = ""
    facts: dict[str, object] = {}  # noqa: RUF012 - never changed


def diarized_recording(path: Path, content: dict) -> DiarizedRecording:
    """Return what was found, speakers numbered in the order of their first turns.

    Parameters
    ----------
    path : Path
    content : dict
        What `local.setup.diarization.find_turns` returned.
    """
    name = recording_name(path)
    rows = sorted(content["turns"], key=lambda row: (row[1], row[0], row[3]))
    order = dict.fromkeys(row[3] for row in rows)
    numbers = {own: f"speaker-{n}" for n, own in enumerate(order, 1)}
    turns, scores = [], []
    speech_s = dict.fromkeys(numbers, 0.0)
    for channel, start, stop, own, cosine, margin, nearest in rows:
        turns.append(Turn(name, str(channel), start, stop - start, numbers[own]))
        scores.append((cosine, margin, numbers.get(nearest)))
        speech_s[own] += stop - start
    voices = {
        numbers[own]: Voice(
            np.array(content["voices"][own][0], dtype=np.float32),
            content["voices"][own][1],
            speech_s[own],
        )
        for own in numbers
    }
    return DiarizedRecording(name, path, content["duration_s"], turns, scores, voices)


def recording_name(path: Path) -> str:
    """Return what a recording is called in RTTM, which cannot hold blanks.

    Example
    -------
    >>> recording_name(Path("calls/a b.wav"))
    'a_b'
    """
    return "_".join(path.stem.split())


def write_recording(
    out: Path, found: DiarizedRecording, labels: dict[str, Label]
) -> list[Turn]:
    """Write RTTM, JSON, picture and page of a recording; returns the named turns."""
    from utils.diarization.listening_page import render_listening_page
    from utils.diarization.timeline import draw_timeline

    turns = [own._replace(speaker=labels[own.speaker].name) for own in found.turns]
    write_rttm(out / f"{found.name}.rttm", turns)
    audio = os.path.relpath(found.path, out)
    about = {label.name: label.about for label in labels.values()}
    margins = [margin for _, margin, _ in found.scores]
    page = render_listening_page(
        found.name, audio, turns, found.duration_s, about, margins
    )
    content = json.dumps(as_content(found, labels), indent=1, ensure_ascii=False)
    texts = {
        "json": content + "\n",
        "svg": draw_timeline(turns, found.duration_s, margins=margins),
        "html": page,
    }
    for ending, text in texts.items():
        with replacing_file(out / f"{found.name}.{ending}") as temporary:
            temporary.write_text(text, encoding="utf-8")
    return turns


def as_content(found: DiarizedRecording, labels: dict[str, Label]) -> dict:
    """Return what is written as JSON; local/README.md explains it."""
    speakers = [
        {
            "name": labels[own].name,
            "about": labels[own].about,
            "margin": round(voice.margin, 3),
            "speech_s": round(voice.speech_s, 3),
        }
        | labels[own].facts
        for own, voice in found.voices.items()
    ]
    turns = [
        {
            "start_s": round(turn.start_s, 3),
            "stop_s": round(turn.stop_s, 3),
            "channel": turn.channel,
            "speaker": labels[turn.speaker].name,
            "cosine": cosine,
            "margin": margin,
            "nearest_other": labels[nearest].name if nearest else None,
        }
        for turn, (cosine, margin, nearest) in zip(
            found.turns, found.scores, strict=True
        )
    ]
    return {
        "file": str(found.path),
        "duration_s": round(found.duration_s, 3),
        "n_speakers": len(speakers),
        "speakers": speakers,
        "turns": turns,
    }
