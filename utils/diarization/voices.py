"""The voices of a segmentation: an embedding of each."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch

from utils.diarization.segmentation import FRAME_S, Segmentation, Source
from utils.features.front_end import FrontEnd, normalise
from utils.systems.system import System

_FRAMES_AT_ONCE = 2000  # of features that are embedded together


class Voices(NamedTuple):
    """Local voices that are heard long enough to be embedded.

    Attributes
    ----------
    windows, locals : ndarray of int, shape (N,)
        Which local voice of which window it is.
    clean_s : ndarray of shape (N,)
        How long each talks alone.
    embeddings : ndarray of float32, shape (N, D)
        They have unit length.
    """

    windows: np.ndarray
    locals: np.ndarray
    clean_s: np.ndarray
    embeddings: np.ndarray


@dataclass(frozen=True)
class VoiceEmbedder:
    """Embeds local voices by what they say alone, if that is enough.

    Attributes
    ----------
    system : System
    shortest_s : float
        Speech that is needed; with less, that under other voices is taken as well, and
        a voice with less even so has no embedding.
    longest_s : float
        Speech that is used, the last of it.
    unit_s : float
        Speech is cut to multiples of this, as voices of one length go together.
    n_windows : int
        Whose voices go together.
    """

    system: System
    shortest_s: float
    longest_s: float
    unit_s: float
    n_windows: int = 32

    def __call__(self, source: Source, segmentation: Segmentation) -> Voices:
        """Embed the voices of one channel of a recording."""
        front_end = self.system.front_end
        starts_s = segmentation.starts * FRAME_S
        samples = source.windows(
            starts_s, segmentation.window_s, front_end.sample_rate_hz
        )
        found: list[tuple[int, int, float]] = []
        embeddings: list[np.ndarray] = []
        held: list[np.ndarray] = []
        for row, (window, active) in enumerate(
            zip(samples, segmentation.active, strict=True), 1
        ):
            for local, clean_s, features in self._heard(front_end, window, active):
                found.append((row - 1, local, clean_s))
                held.append(features)
            if row % self.n_windows == 0 or row == len(starts_s):
                embeddings += self._embed(held)
                held = []
        if not found:
            none = np.zeros(0, dtype=int)
            return Voices(none, none, np.zeros(0), np.zeros((0, 0), dtype=np.float32))
        windows, speakers, clean = (
            np.array(column) for column in zip(*found, strict=True)
        )
        return Voices(windows, speakers, clean, np.stack(embeddings))

    def of_window(
        self, samples: np.ndarray, active: np.ndarray, wanted: np.ndarray
    ) -> Voices:
        """Embed voices of one window.

        Parameters
        ----------
        samples : ndarray of float32, shape (n_samples,)
            At the rate of the system's front-end.
        active : ndarray of bool, shape (T, S)
            Whether each local voice talks in each frame of it.
        wanted : ndarray of bool, shape (S,)
            Which voices.
        """
        heard = [
            own
            for own in self._heard(self.system.front_end, samples, active)
            if wanted[own[0]]
        ]
        speakers = np.array([local for local, _, _ in heard], dtype=int)
        clean_s = np.array([own_s for _, own_s, _ in heard])
        embeddings = self._embed([features for _, _, features in heard])
        none = np.zeros((0, 0), dtype=np.float32)
        vectors = np.stack(embeddings) if heard else none
        return Voices(np.zeros(len(heard), dtype=int), speakers, clean_s, vectors)

    def _heard(
        self, front_end: FrontEnd, samples: np.ndarray, active: np.ndarray
    ) -> Iterator[tuple[int, float, np.ndarray]]:
        """Yield number, clean speech and features of the voices (T, S) of a window."""
        if not active.any() or not samples.any():
            return
        fbank = front_end.filterbank(samples)  # (T', F)
        n_unit = round(self.unit_s * len(fbank) / (len(active) * FRAME_S))
        frame_of = np.arange(len(fbank)) * len(active) // len(fbank)
        is_alone = active.sum(axis=1) == 1
        for local, own in enumerate(active.T):
            clean = own & is_alone
            used = clean if clean.sum() * FRAME_S >= self.shortest_s else own
            if used.sum() * FRAME_S < self.shortest_s:
                continue
            kept = fbank[used[frame_of]]
            n_units = min(len(kept) // n_unit, round(self.longest_s / self.unit_s))
            if n_units:
                kept = normalise(kept[-n_units * n_unit :], front_end.normalisation)
                yield local, float(clean.sum() * FRAME_S), kept

    def _embed(self, features: list[np.ndarray]) -> list[np.ndarray]:
        """Embed features (T, F), those of one length at once, in their order."""
        lengths = np.array([len(own) for own in features])
        embeddings = np.zeros(len(features), dtype=object)
        for rows in length_batches(lengths):
            batch = torch.from_numpy(np.stack([features[row] for row in rows]))
            with torch.inference_mode():
                vectors = self.system.encoder(batch.float().to(self.system.device))
            for row, vector in zip(rows, vectors.float().cpu().numpy(), strict=True):
                embeddings[row] = vector
        return list(embeddings)


def length_batches(lengths: np.ndarray) -> Iterator[np.ndarray]:
    """Yield rows of one length, not too many at once: that bounds the memory.

    Example
    -------
    >>> [rows.tolist() for rows in length_batches(np.array([300, 800, 800, 800]))]
    [[0], [1, 2], [3]]
    """
    for length in np.unique(lengths):
        rows = np.flatnonzero(lengths == length)
        n_batches = -(-len(rows) // max(1, _FRAMES_AT_ONCE // length))  # ceiling
        yield from np.array_split(rows, n_batches)
