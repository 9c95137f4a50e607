"""The voices of a segmentation: an embedding of each."""

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from utils.diarization.segmentation import FRAME_S, Segmentation, Source
from utils.features.front_end import FrontEnd, normalise
from utils.features.lengths import length_batches
from utils.runtime.threads import map_in_threads

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
    front_end : FrontEnd
    encoder : callable
        Maps features (B, T, F) to embeddings (B, D).
    shortest_s : float
        Speech that is needed; with less, that under other voices is taken as well, and
        a voice with less even so has no embedding.
    longest_s : float
        Speech that is used, the last of it.
    unit_s : float
        Speech is cut to multiples of this, as voices of one length go together.
    n_windows : int
        Whose voices go together.
    n_threads : int
    """

    front_end: FrontEnd
    encoder: Callable[[Tensor], Tensor]
    shortest_s: float
    longest_s: float
    unit_s: float
    n_windows: int = 128
    n_threads: int = 1

    def __call__(self, source: Source, segmentation: Segmentation) -> Voices:
        """Embed the voices of one channel of a recording."""
        starts_s = segmentation.starts * FRAME_S
        rate_hz = self.front_end.sample_rate_hz
        samples = source.windows(starts_s, segmentation.window_s, rate_hz)
        windows_heard = enumerate(
            map_in_threads(
                self._heard,
                zip(samples, segmentation.active, strict=True),
                self.n_threads,
            )
        )
        found: list[tuple[int, int, float]] = []
        embeddings: list[np.ndarray] = []
        while group := list(itertools.islice(windows_heard, self.n_windows)):
            heard = [(row, *own) for row, voices in group for own in voices]
            found += [own[:3] for own in heard]
            embeddings += self._embed([features for *_, features in heard])
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
        heard = [own for own in self._heard((samples, active)) if wanted[own[0]]]
        speakers = np.array([local for local, _, _ in heard], dtype=int)
        clean_s = np.array([own_s for _, own_s, _ in heard])
        embeddings = self._embed([features for _, _, features in heard])
        none = np.zeros((0, 0), dtype=np.float32)
        vectors = np.stack(embeddings) if heard else none
        return Voices(np.zeros(len(heard), dtype=int), speakers, clean_s, vectors)

    def _heard(
        self, window: tuple[np.ndarray, np.ndarray]
    ) -> list[tuple[int, float, np.ndarray]]:
        """Return number, clean speech and features of the voices of a window.

        It is samples (n_samples,) and who talks (T, S).
        """
        (samples, active), front_end, heard = window, self.front_end, []
        if not active.any() or not samples.any():
            return []
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
                heard.append((local, float(clean.sum() * FRAME_S), kept))
        return heard

    def _embed(self, features: list[np.ndarray]) -> list[np.ndarray]:
        """Embed features (T, F), those of one length at once, in their order."""
        lengths = np.array([len(own) for own in features])
        batches = sorted(
            length_batches(lengths, _FRAMES_AT_ONCE),
            key=lambda rows: -lengths[rows].sum(),  # small ones last: threads end alike
        )
        stacked = (np.stack([features[row] for row in rows]) for rows in batches)
        embedded = map_in_threads(self._vectors, stacked, self.n_threads)
        embeddings = np.zeros(len(features), dtype=object)
        for rows, vectors in zip(batches, embedded, strict=True):
            for row, vector in zip(rows, vectors, strict=True):
                embeddings[row] = vector
        return list(embeddings)

    def _vectors(self, features: np.ndarray) -> np.ndarray:
        """Embed features (B, T, F): (B, D)."""
        with torch.inference_mode():
            return self.encoder(torch.from_numpy(features).float()).float().numpy()
