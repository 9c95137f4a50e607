"""Known voices: recordings heard in every condition, embedded, and scored in pairs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from utils.audio.decoding import read_audio
from utils.backend.backend import Backend
from utils.backend.pairs import PairScorer
from utils.metrics.bootstrap import Speakers
from utils.systems.opened import Hearing, OpenedSystem
from utils.verification.conditions import CONDITIONS
from utils.verification.decisions import AS_RECORDED
from utils.verification.recordings import Recording, hear

Versions = Mapping[str, Recording]  # of one recording, by the condition


def draw_voices(table: pd.DataFrame, per_speaker: int, seed: int) -> pd.DataFrame:
    """Draw at most so many rows of each speaker (``spk_id``).

    Example
    -------
    >>> table = pd.DataFrame({"spk_id": ["a", "b", "a", "a"]})
    >>> draw_voices(table, 2, seed=0)["spk_id"].value_counts().to_dict()
    {'a': 2, 'b': 1}
    """
    shuffled = table.sample(frac=1, random_state=seed)
    return shuffled.groupby("spk_id").head(per_speaker).sort_index()


def hear_versions(path: Path | str, front_end: Hearing) -> Versions:
    """Hear a file as it is recorded, and worsened in every condition.

    Raises
    ------
    UserError
        See `utils.audio.decoding.read_audio`.
    """
    rate_hz = front_end.sample_rate_hz
    samples = read_audio(path, rate_hz)
    recorded = hear(samples, rate_hz, front_end, str(path))
    worsened = {
        condition.name: condition.worsen(samples, rate_hz, recorded.speech_s)
        for condition in CONDITIONS
    }
    return {AS_RECORDED: recorded} | {
        name: hear(own, rate_hz, front_end, str(path)) for name, own in worsened.items()
    }


@dataclass(frozen=True)
class Voices:
    """Embedded recordings of known speakers.

    Attributes
    ----------
    embeddings : dict of ndarray, shape (N, D)
        By the condition.
    speakers, sessions : ndarray of int, shape (N,)
        Numbers from 0; sessions are all 0 where none are known.
    """

    embeddings: Mapping[str, np.ndarray]
    speakers: np.ndarray
    sessions: np.ndarray

    @property
    def has_sessions(self) -> bool:
        """Whether a speaker was recorded in several sessions."""
        return bool((count_sessions(self.speakers, self.sessions) > 1).any())


def count_sessions(speakers: np.ndarray, sessions: np.ndarray) -> np.ndarray:
    """Count the sessions of each speaker.

    Parameters
    ----------
    speakers, sessions : ndarray of int, shape (N,)
        Numbers from 0, a pair for each recording.

    Returns
    -------
    ndarray of int, shape (n_speakers,)

    Example
    -------
    >>> count_sessions(np.array([0, 0, 1]), np.array([0, 1, 1])).tolist()
    [2, 1]
    """
    return np.bincount(np.unique(np.stack([speakers, sessions]), axis=1)[0])


def embed_versions(
    system: OpenedSystem, versions: Versions
) -> tuple[Versions, dict[str, np.ndarray]]:
    """Embed all versions of a recording: (D,) each.

    Returns them without their features, which are large.
    """
    embeddings = system.embed_features(
        [own.name for own in versions.values()],
        [own.features for own in versions.values()],
    )
    bare = {name: own.without_features() for name, own in versions.items()}
    return bare, dict(zip(versions, embeddings, strict=True))


def join_voices(
    embedded: Sequence[Mapping[str, np.ndarray]], table: pd.DataFrame
) -> Voices:
    """Put embedded recordings together.

    Parameters
    ----------
    embedded : sequence of dict, length N
        Embeddings (D,) by the condition.
    table : DataFrame
        N rows with ``spk_id``, and perhaps ``session``.
    """
    embeddings = {
        name: np.stack([own[name] for own in embedded]) for name in embedded[0]
    }
    numbers = [
        pd.factorize(table[column])[0] if column in table else np.zeros(len(table), int)
        for column in ("spk_id", "session")
    ]
    return Voices(embeddings, *numbers)


class Trials(NamedTuple):
    """Scored pairs of recordings.

    Attributes
    ----------
    scores : ndarray of shape (n_trials,)
    speakers : Speakers
    """

    scores: np.ndarray
    speakers: Speakers

    @property
    def is_target(self) -> np.ndarray:
        """Whether both sides are one speaker."""
        return self.speakers.are_same


def score_voices(backend: Backend, voices: Voices, condition: str) -> Trials:
    """Score all pairs, enrolment as recorded and test in a condition.

    The scores are ratios where the back-end is calibrated. Target pairs of one session
    are left out where speakers have several.
    """
    sides = [
        backend.single_models(voices.embeddings[name])
        for name in (AS_RECORDED, condition)
    ]
    scores = PairScorer(backend, *sides)(slice(None))  # (N, N)
    enrol, test = np.nonzero(~np.eye(len(scores), dtype=bool))
    if condition == AS_RECORDED:
        enrol, test = np.triu_indices(len(scores), 1)
    if voices.has_sessions:
        kept = (voices.speakers[enrol] != voices.speakers[test]) | (
            voices.sessions[enrol] != voices.sessions[test]
        )
        enrol, test = enrol[kept], test[kept]
    speakers = Speakers(
        voices.speakers[enrol], voices.speakers[test], int(voices.speakers.max()) + 1
    )
    return Trials(scores[enrol, test], speakers)
