"""Longer recordings, made by joining a speaker's, and what length does to ratios."""

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from utils.audio.decoding import read_audio
from utils.backend.backend import Backend
from utils.runtime.processes import map_in_processes
from utils.systems.opened import Hearing, OpenedSystem
from utils.verification.decisions import AS_RECORDED
from utils.verification.recordings import Recording, hear
from utils.verification.rises import Rise, threshold_of_others
from utils.verification.voices import Versions, Voices

SIZES = (2, 4, 8)  # recordings that are joined


class Joined(NamedTuple):
    """Embedded recordings, each joined of as many.

    Attributes
    ----------
    embeddings : ndarray of shape (N, D)
    speakers : ndarray of shape (N,)
    speech_s : ndarray of shape (N,)
    """

    embeddings: np.ndarray
    speakers: np.ndarray
    speech_s: np.ndarray

    def take(self, kept: np.ndarray) -> "Joined":
        """Return some of the recordings."""
        return Joined(*(own[kept] for own in self))


def not_joined(voices: Voices, versions: Sequence[Versions]) -> Joined:
    """Return the recordings as they are."""
    speech_s = np.array([own[AS_RECORDED].speech_s for own in versions])
    return Joined(voices.embeddings[AS_RECORDED], voices.speakers, speech_s)


def group_recordings(table: pd.DataFrame, size: int, seed: int) -> list[np.ndarray]:
    """Group each speaker's recordings of one session, without remainder.

    Parameters
    ----------
    table : DataFrame
        With ``spk_id``, and perhaps ``session``.
    size : int
        How many are together.
    seed : int
        Draws which are together.

    Returns
    -------
    list of ndarray of int, shape (size,)
        Places of rows. None where fewer than half of the speakers have a group.

    Example
    -------
    >>> table = pd.DataFrame({"spk_id": ["a", "a", "b", "a", "b"]})
    >>> groups = group_recordings(table, 2, seed=0)
    >>> [table["spk_id"].iloc[group].tolist() for group in groups]
    [['a', 'a'], ['b', 'b']]
    """
    rng = np.random.default_rng(seed)
    columns = [name for name in ("spk_id", "session") if name in table]
    rows = table.reset_index(drop=True).groupby(columns).indices.values()
    groups = [
        group for own in rows for group in _whole_groups(rng.permutation(own), size)
    ]
    speakers = table["spk_id"].to_numpy()
    n_able = len({speakers[group[0]] for group in groups})
    return groups if n_able * 2 >= table["spk_id"].nunique() else []


def _whole_groups(rows: np.ndarray, size: int) -> Iterator[np.ndarray]:
    yield from rows[: len(rows) // size * size].reshape(-1, size)


def hear_joined(paths: Sequence[Path | str], front_end: Hearing) -> Recording:
    """Hear files as if they were one recording.

    Raises
    ------
    UserError
        See `utils.audio.decoding.read_audio`.
    """
    rate_hz = front_end.sample_rate_hz
    samples = np.concatenate([read_audio(path, rate_hz) for path in paths])
    return hear(samples, rate_hz, front_end, f"{paths[0]} and others")


def hear_longer(
    system: OpenedSystem, table: pd.DataFrame, seed: int, nj: int
) -> Iterator[Joined]:
    """Hear and embed recordings that are joined to ever longer ones.

    Parameters
    ----------
    system : OpenedSystem
    table : DataFrame
        Its columns are ``wav``, ``spk_id`` and perhaps ``session``.
    seed : int
        Draws which are joined.
    nj : int
        Processes.
    """
    hear = partial(hear_joined, front_end=system.front_end)
    speakers, _ = pd.factorize(table["spk_id"])
    for size in SIZES:
        groups = group_recordings(table, size, seed)
        files = [table["wav"].iloc[group].tolist() for group in groups]
        heard = map_in_processes(hear, files, nj, f"hearing {size} as one", 4)
        found = [
            (system.embed_features([own.name], [own.features])[0], own.speech_s)
            for own in heard
        ]
        if found:
            embeddings, speech_s = map(np.stack, zip(*found, strict=True))
            first = [group[0] for group in groups]
            yield Joined(embeddings, speakers[first], speech_s)


def measure_lengths(backend: Backend, joined: Sequence[Joined]) -> Rise:
    """Find by how much other people's ratios rise with the length of both recordings.

    A longer recording's embedding has less of chance and more of the voice, so that
    cosines are farther from 0, those of people who are alike too.

    Parameters
    ----------
    backend : Backend
        Calibrated.
    joined : sequence of Joined
        The recordings as they are, then ever more of them as one.

    Returns
    -------
    Rise
        Over the median seconds of speech.
    """
    first, *longer = joined
    rise = Rise((float(np.median(first.speech_s)),))
    for own in longer:
        same = first.take(np.isin(first.speakers, own.speakers))
        before, after = _thresholds(backend, same), _thresholds(backend, own)
        n_rates = min(len(before), len(after))
        if n_rates:
            length_s = float(np.median(own.speech_s))
            rise = rise.then(length_s, before[:n_rates], after[:n_rates])
    return rise


def _thresholds(backend: Backend, own: Joined) -> np.ndarray:
    """Return thresholds (n_rates,) of all pairs of different people."""
    is_other = own.speakers[:, None] != own.speakers
    if not is_other.any():
        return np.empty(0)
    side = backend.single_models(own.embeddings)
    return threshold_of_others(backend, side, side, is_other)
