"""A diarizer built of its settings and run over files."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from utils.runtime.atomic import replacing_file
from utils.runtime.errors import UserError
from utils.runtime.fingerprint import fingerprint

if TYPE_CHECKING:
    from utils.diarization.counts import SpeakerCount
    from utils.diarization.diarizer import Diarizer
    from utils.diarization.voices import VoiceEmbedder
    from utils.live.conversation import ConversationListener
    from utils.systems.system import System

SETTINGS = Path("hparams/diarization.yaml")
ENERGY_FRONT_END = Path("hparams/features.yaml")
_FORM = "4"  # of what is kept of a recording


@dataclass(frozen=True)
class DiarizationConfig:
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
        """Hash the config and a recording, so that finished work is known again."""
        from local.setup.voice_clustering import backend_files

        weights = [self.system / "encoder.pt"]
        if self.segmentation:
            weights.append(self.segmentation / "segmentation.pt")
        if self.settings["clustering"] == "vbx":
            weights += backend_files(self.settings, self.system)
        words = [json.dumps(self.settings, sort_keys=True), str(self.count)]
        return fingerprint([*words, self.channel, _FORM], [path, *weights])

    def open(self, n_threads: int = 1) -> Diarizer:
        """Build the diarizer, for so many threads; they do not change the result.

        Raises
        ------
        UserError
            A model is missing or broken.
        """
        from local.setup.hyperparameters import load_hyperparameters
        from local.setup.voice_clustering import build_clusterer
        from utils.diarization.diarizer import Diarizer
        from utils.diarization.grouping import Grouping
        from utils.diarization.network import open_network
        from utils.diarization.network_segmenter import NetworkSegmenter
        from utils.diarization.pauses import PauseRule
        from utils.diarization.pieces import PieceSegmenter
        from utils.diarization.segmentation import EnergySegmenter, Segmenter
        from utils.models.pyannet_fast import fast_network
        from utils.systems.system import open_system

        own, system = self.settings, open_system(self.system, trust=self.trust)
        windows: Segmenter
        if self.segmentation:
            network = fast_network(open_network(self.segmentation), self._precision())
            pauses = PauseRule(own["pause_neutral_db"], own["pause_odds_per_db"])
            windows = NetworkSegmenter(
                network, own["step_s"], pauses, n_threads=n_threads
            )
        else:
            front_end = load_hyperparameters(ENERGY_FRONT_END)["front_end"]
            windows = EnergySegmenter(front_end)
        lengths_s = own["piece_shortest_s"], own["piece_longest_s"]
        segmenter = PieceSegmenter(windows, *lengths_s)
        embedder = self._embedder(
            system, own["piece_longest_s"], self._precision(), n_threads
        )
        grouping = Grouping(
            build_clusterer(own, system),
            own["reliable_s"],
            own["most_voices"],
            own["smallest_s"],
            own["same_speaker_bonus"],
            own["same_window_penalty"],
        )
        pause_s, turn_s = own["longest_pause_s"], own["shortest_turn_s"]
        return Diarizer(segmenter, embedder, grouping, pause_s, turn_s)

    def open_online(self, rate_hz: int) -> ConversationListener:
        """Build what tells who speaks while sound of a rate comes.

        Raises
        ------
        UserError
            A model is missing or broken.
        """
        from local.setup.voice_clustering import build_clusterer
        from utils.diarization.network import open_network
        from utils.live.conversation import (
            ConversationListener,
            OnlineModels,
            OnlinePace,
        )
        from utils.live.memory import MemoryRules, SpeakerMemory
        from utils.systems.system import open_system

        own = self.settings
        system = open_system(self.system, trust=self.trust)
        embedder = self._embedder(system, own["online_longest_s"], "fp32")
        models = OnlineModels(open_network(Path(self.segmentation or "")), embedder)
        rules = MemoryRules(
            own["online_threshold"],
            own["online_new_s"],
            own["reliable_s"],
            own["online_smallest_s"],
            self.count.most,
            own["online_most_voices"],
        )
        memory = SpeakerMemory(build_clusterer(own, system), rules)
        pace = OnlinePace(
            own["online_step_s"],
            own["online_wait_s"],
            own["online_continuity"],
            own["longest_pause_s"],
            own["shortest_turn_s"],
        )
        return ConversationListener(models, memory, rate_hz, pace)

    def _embedder(
        self, system: System, longest_s: float, precision: str, n_threads: int = 1
    ) -> VoiceEmbedder:
        """Build what embeds voices, of so much of their speech at most."""
        from utils.diarization.voices import VoiceEmbedder
        from utils.models.fast_encoder import fast_encoder

        own = self.settings
        return VoiceEmbedder(
            system.front_end,
            fast_encoder(system.encoder, precision),
            own["embedding_shortest_s"],
            longest_s,
            own["embedding_unit_s"],
            n_threads=n_threads,
        )

    def _precision(self) -> str:
        """Return the arithmetic of the networks: ``fp32`` or ``bf16``."""
        from utils.runtime.device import best_precision

        own = str(self.settings["precision"])
        return best_precision("cpu") if own == "auto" else own


def find_network(folder: Path, remedy: str) -> Path:
    """Return the folder of a segmentation network, if it holds one.

    Raises
    ------
    UserError
        It does not.
    """
    if not (folder / "segmentation.pt").is_file():
        raise UserError(
            f"{folder}: no segmentation network; get it with python -m "
            f"local.get_model segmentation{remedy}"
        )
    return folder


def diarize_file(
    config: DiarizationConfig, file: tuple[Path, Path], n_threads: int = 1
) -> str:
    """Diarize a file and keep what is found in another; returns its fault, if any.

    Nothing is done where the same was found before.
    """
    import torch

    torch.set_num_threads(1)
    path, kept = file
    identity = config.identity(path)
    if read_kept(kept).get("identity") == identity:
        return ""
    try:
        content = {"identity": identity} | find_turns(config, path, n_threads)
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


def find_turns(config: DiarizationConfig, path: Path, n_threads: int = 1) -> dict:
    """Diarize the channels of a file that are asked for."""
    from utils.audio.decoding import count_channels
    from utils.diarization.segmentation import Source

    channels: Iterable[int | None] = [None]
    if config.channel == "each":
        channels = range(count_channels(path))
    elif config.channel != "mean":
        channels = [int(config.channel)]
    diarizer = config.open(n_threads)
    turns: list[list] = []
    voices: list[tuple[list[float], float]] = []
    duration_s = 0.0
    for channel in channels:
        found = diarizer(Source(path, channel), config.count)
        first, duration_s = len(voices), found.duration_s
        label = 1 if channel is None else channel + 1
        for (start_s, stop_s, own), score in zip(
            found.turns, found.scores, strict=True
        ):
            nearest = first + score.nearest if score.nearest >= 0 else None
            sure = as_json(score.cosine), as_json(score.margin), nearest
            turns.append([label, start_s, stop_s, first + own, *sure])
        voices += zip(found.embeddings.tolist(), found.margins.tolist(), strict=True)
    return {"duration_s": duration_s, "turns": turns, "voices": voices}


def as_json(value: float) -> float | None:
    """Return a number of JSON, which has no NaN."""
    return None if math.isnan(value) else round(value, 4)
