"""From a manifest row to stored features, for one utterance and all its copies."""

import zlib
from collections.abc import Mapping
from typing import Any

import numpy as np

from utils.audio.decoding import read_audio
from utils.audio.quality import measure_level_db
from utils.audio.voices import Voice
from utils.data.channels import channel_of
from utils.features.augment import AugmentedCopies
from utils.features.front_end import Frames, FrontEnd
from utils.features.sources import AudioSources
from utils.runtime.errors import UserError


class FeatureExtractor:
    """Turn utterances into features; a callable that worker processes share.

    Parameters
    ----------
    front_end : FrontEnd
    copies : AugmentedCopies, optional
        Versions of each utterance to store; None stores the original alone.
    sources : AudioSources, optional
        Where noise is drawn from; needed with ``copies``.
    seed : int
        The same seed makes the same copies, in any order of the utterances.
    """

    def __init__(
        self,
        front_end: FrontEnd,
        copies: AugmentedCopies | None = None,
        sources: AudioSources | None = None,
        seed: int = 0,
    ) -> None:
        self.front_end, self.copies, self.seed = front_end, copies, seed
        self.sources = sources or AudioSources(front_end.sample_rate_hz, {})

    def __call__(self, utterance: dict) -> list[tuple[dict, np.ndarray]] | UserError:
        """Read one utterance and compute its features.

        Parameters
        ----------
        utterance : dict
            A row of a manifest.

        Returns
        -------
        list of (dict, ndarray) or UserError
            Index row, with ``averages`` and the original's ``level_db``, and features
            of shape (T, F) of every version; or what is wrong with the file.
        """
        try:
            samples = read_utterance(utterance, self.front_end.sample_rate_hz)
        except UserError as error:
            return error
        if self.copies is None:
            frames = self.front_end(samples)
            versions = [(_index_row(utterance, "", Voice(), frames), frames.features)]
        else:
            versions = self._versions(utterance, samples, self.copies)
        level_db = measure_level_db(samples)
        return [(row | {"level_db": level_db}, found) for row, found in versions]

    def _versions(
        self, utterance: dict, samples: np.ndarray, copies: AugmentedCopies
    ) -> list[tuple[dict, np.ndarray]]:
        rng, speakers_rng = self._rng(utterance["ID"]), self._rng(utterance["spk_id"])
        rate_hz = self.front_end.sample_rate_hz
        voices = copies.voices_of(speakers_rng)
        versions, segments = [], None
        for copy in copies(samples, rate_hz, voices, rng, self.sources):
            # speech of a corrupted copy is where it is in the clean one
            frames = self.front_end(copy.samples, segments if copy.is_noisy else None)
            segments = frames.segments
            row = _index_row(utterance, copy.suffix, copy.voice, frames)
            versions.append((row, frames.features))
        return versions

    def _rng(self, name: str) -> np.random.Generator:
        return np.random.default_rng([self.seed, zlib.crc32(name.encode())])


def read_utterance(utterance: dict, sample_rate_hz: int) -> np.ndarray:
    """Read the samples of a manifest's row; see `utils.audio.decoding.read_audio`."""
    return read_audio(
        utterance["wav"],
        sample_rate_hz,
        utterance["start"],
        utterance["stop"],
        channel_of(utterance),
    )


def read_version(
    utterance: dict, stored: Mapping[str, Any], sample_rate_hz: int
) -> np.ndarray:
    """Read the samples of a manifest's row with the voice of a row of the index."""
    formants = tuple(float(factor) for factor in stored.get("formants", "").split())
    voice = Voice(speed=stored["speed"], formants=formants)
    return voice(read_utterance(utterance, sample_rate_hz), sample_rate_hz)


def _index_row(utterance: dict, suffix: str, voice: Voice, frames: Frames) -> dict:
    """Describe a stored version: another voice is another speaker."""
    origin = utterance["spk_id"]
    return {
        "ID": utterance["ID"] + suffix,
        "spk_id": origin + voice.suffix,
        "origin": origin,
        "utterance": utterance["ID"],
        "speed": voice.speed,
        "formants": " ".join(f"{factor:g}" for factor in voice.formants),
        "n_total": frames.n_total,
        "segments": " ".join(f"{start}-{stop}" for start, stop in frames.segments),
        "averages": frames.averages,
    }
