"""A diarizer built of its settings, run over files, and its results written."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from utils.diarization.turns import Turn, write_rttm
from utils.runtime.atomic import replacing_file
from utils.runtime.errors import UserError
from utils.runtime.fingerprint import fingerprint

if TYPE_CHECKING:
    from utils.diarization.counts import SpeakerCount
    from utils.diarization.diarizer import Diarizer

SETTINGS = Path("hparams/diarization.yaml")
ENERGY_FRONT_END = Path("hparams/features.yaml")


@dataclass(frozen=True)
class Plan:
    """How recordings are diarized: all that decides the result.

    Attributes
    ----------
    system : Path
        Folder of the system that embeds.
    segmentation : Path or None
        Folder of the network that finds speech; None: energy does.
    settings : dict
    count : SpeakerCount
    channel : str
        A number from 0, ``mean``, or ``each``.
    trust : bool
    """

    system: Path
    segmentation: Path | None
    settings: dict
    count: SpeakerCount
    channel: str
    trust: bool = False

    def identity(self, path: Path) -> str:
        """Hash the plan and a recording, so that finished work is known again."""
        weights = [self.system / "encoder.pt"]
        if self.segmentation:
            weights.append(self.segmentation / "segmentation.pt")
        words = [json.dumps(self.settings, sort_keys=True), str(self.count)]
        return fingerprint([*words, self.channel], [path, *weights])

    def open(self) -> Diarizer:
        """Build the diarizer.

        Raises
        ------
        UserError
            A model is missing or broken.
        """
        from local.setup.hyperparameters import load_hyperparameters
        from utils.diarization.diarizer import Diarizer
        from utils.diarization.grouping import Grouping
        from utils.diarization.network import open_network
        from utils.diarization.segmentation import (
            EnergySegmenter,
            NetworkSegmenter,
            Segmenter,
        )
        from utils.diarization.voices import VoiceEmbedder
        from utils.systems.system import open_system

        own = self.settings
        segmenter: Segmenter
        if self.segmentation:
            segmenter = NetworkSegmenter(open_network(self.segmentation), own["step_s"])
        else:
            front_end = load_hyperparameters(ENERGY_FRONT_END)["front_end"]
            lengths_s = own["short_window_s"], own["short_step_s"]
            segmenter = EnergySegmenter(front_end, *lengths_s)
        embedder = VoiceEmbedder(
            open_system(self.system, trust=self.trust),
            own["embedding_shortest_s"],
            own["embedding_longest_s"],
            own["embedding_unit_s"],
        )
        grouping = Grouping(
            own["threshold"],
            own["same_window_penalty"],
            own["reliable_s"],
            own["most_voices"],
            own["smallest_s"],
        )
        pause_s, turn_s = own["longest_pause_s"], own["shortest_turn_s"]
        return Diarizer(segmenter, embedder, grouping, pause_s, turn_s)


class Found(NamedTuple):
    """What was found in a recording.

    Attributes
    ----------
    name : str
    path : Path
    duration_s : float
    turns : list of Turn
    embeddings : dict of ndarray, shape (D,)
        The voice of each speaker.
    margins : dict of float
        See `utils.diarization.diarizer.Diarization`.
    """

    name: str
    path: Path
    duration_s: float
    turns: list[Turn]
    embeddings: dict[str, np.ndarray]
    margins: dict[str, float]


def diarize_file(plan: Plan, path: Path, kept: Path) -> str:
    """Diarize one file and keep what is found; returns the file's fault, if any.

    Nothing is done where the same was found before.
    """
    import torch

    torch.set_num_threads(1)
    identity = plan.identity(path)
    if read_kept(kept).get("identity") == identity:
        return ""
    try:
        content = {"identity": identity} | find_turns(plan, path)
    except UserError as error:
        return str(error)
    with replacing_file(kept) as temporary:
        temporary.write_text(json.dumps(content), encoding="utf-8")
    return ""


def read_kept(kept: Path) -> dict:
    """Read what was found before; {} where there is nothing whole."""
    try:
        return dict(json.loads(kept.read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return {}


def find_turns(plan: Plan, path: Path) -> dict:
    """Diarize the channels of a file that are asked for."""
    from utils.audio.decoding import count_channels
    from utils.diarization.segmentation import Source

    channels: Iterable[int | None] = [None]
    if plan.channel == "each":
        channels = range(count_channels(path))
    elif plan.channel != "mean":
        channels = [int(plan.channel)]
    diarizer = plan.open()
    turns: list[list] = []
    voices: list[tuple[list[float], float]] = []
    duration_s = 0.0
    for channel in channels:
        found = diarizer(Source(path, channel), plan.count)
        first, duration_s = len(voices), found.duration_s
        label = 1 if channel is None else channel + 1
        turns += [[label, *times, first + own] for *times, own in found.turns]
        voices += zip(found.embeddings.tolist(), found.margins.tolist(), strict=True)
    return {"duration_s": duration_s, "turns": turns, "voices": voices}


def as_found(path: Path, content: dict) -> Found:
    """Name the speakers of a recording by the order of their first turns."""
    name = path.stem.replace(" ", "_")
    rows = sorted(content["turns"], key=lambda row: (row[1], row[0], row[3]))
    numbers = {own: f"speaker-{n}" for n, own in enumerate(
        dict.fromkeys(row[3] for row in rows), 1
    )}  # fmt: skip
    turns = [
        Turn(name, str(channel), start, stop - start, numbers[own])
        for channel, start, stop, own in rows
    ]
    voices = {numbers[own]: content["voices"][own] for own in numbers}
    return Found(
        name,
        path,
        content["duration_s"],
        turns,
        {own: np.array(voice[0]) for own, voice in voices.items()},
        {own: voice[1] for own, voice in voices.items()},
    )


def write_found(out: Path, found: Found, names: dict[str, tuple[str, str]]) -> None:
    """Write RTTM, JSON, picture and page of a recording.

    Parameters
    ----------
    out : Path
    found : Found
    names : dict of (str, str)
        The name of each speaker, and what is to be said of it.
    """
    from utils.diarization.timeline import draw_timeline, render_listening_page

    turns = [turn._replace(speaker=names[turn.speaker][0]) for turn in found.turns]
    write_rttm(out / f"{found.name}.rttm", turns)
    speakers = [
        {"name": name, "about": about, "margin": round(found.margins[own], 3),
         "speech_s": round(sum(
             turn.duration_s for turn in found.turns if turn.speaker == own), 3)}
        for own, (name, about) in names.items()
    ]  # fmt: skip
    rows = [
        {"start_s": round(turn.start_s, 3), "stop_s": round(turn.stop_s, 3),
         "channel": turn.channel, "speaker": turn.speaker}
        for turn in turns
    ]  # fmt: skip
    content = {
        "file": str(found.path),
        "duration_s": round(found.duration_s, 3),
        "n_speakers": len(names),
        "speakers": speakers,
        "turns": rows,
    }
    audio = os.path.relpath(found.path, out)
    about = {name: text for name, text in names.values()}
    page = render_listening_page(found.name, audio, turns, found.duration_s, about)
    texts = {
        "json": json.dumps(content, indent=1, ensure_ascii=False) + "\n",
        "svg": draw_timeline(turns, found.duration_s),
        "html": page,
    }
    for ending, text in texts.items():
        with replacing_file(out / f"{found.name}.{ending}") as temporary:
            temporary.write_text(text, encoding="utf-8")
