"""Who of a few local speakers talks when, in windows of a recording.

The speakers of a window have numbers of its own; which are one person, the embeddings
of their voices tell (`utils.diarization.voices`). Frames lie on one grid, that of the
network: 16.875 ms.
"""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import torch

from utils.audio.streaming import cut_windows, read_blocks, resampled_length
from utils.features.front_end import FrontEnd
from utils.models.pyannet import (
    FIELD_SAMPLES,
    SAMPLE_RATE_HZ,
    STEP_SAMPLES,
    WINDOW_S,
    PyanNet,
    powerset,
)

FRAME_S = STEP_SAMPLES / SAMPLE_RATE_HZ
# the network's first frame has its centre in this frame of the grid
FIRST_FRAME = int(FIELD_SAMPLES / 2 / STEP_SAMPLES)


@dataclass(frozen=True)
class Source:
    """One channel of a recording.

    Attributes
    ----------
    path : Path
    channel : int or None
        From 0; None for the mean of all.
    """

    path: Path
    channel: int | None = None

    def windows(
        self, starts_s: np.ndarray, window_s: float, sample_rate_hz: int
    ) -> Iterator[np.ndarray]:
        """Yield windows, zeros beyond the end; see `utils.audio.streaming`."""
        blocks = read_blocks(self.path, sample_rate_hz, self.channel)
        starts = np.rint(starts_s * sample_rate_hz).astype(int)
        return cut_windows(blocks, starts, round(window_s * sample_rate_hz))

    def duration_s(self) -> float:
        """Return the length of the recording."""
        return resampled_length(self.path, SAMPLE_RATE_HZ) / SAMPLE_RATE_HZ


@dataclass(frozen=True)
class Segmentation:
    """What a segmenter finds in a recording.

    Attributes
    ----------
    starts : ndarray of int, shape (W,)
        First frame of each window.
    active : ndarray of bool, shape (W, T, S)
        Whether each local speaker of a window talks in each of its frames.
    n_frames : int
        Frames of the recording.
    """

    starts: np.ndarray
    active: np.ndarray
    n_frames: int

    @property
    def window_s(self) -> float:
        """Length of a window."""
        return self.active.shape[1] * FRAME_S

    def mean_over_windows(self, values: np.ndarray) -> np.ndarray:
        """Average values of windows (W, T, K) where they overlap: (n_frames, K)."""
        n_window = values.shape[1]
        total = np.zeros((self.n_frames + n_window, values.shape[2]), dtype=np.float32)
        seen = np.zeros((self.n_frames + n_window, 1), dtype=np.float32)
        for start, own in zip(self.starts, values, strict=True):
            total[start : start + n_window] += own
            seen[start : start + n_window] += 1
        return (total / np.maximum(seen, 1))[: self.n_frames]


class Segmenter(Protocol):
    """Finds out who talks when, window by window."""

    def __call__(self, source: Source) -> Segmentation:
        """Segment one channel of a recording."""


def window_starts(n_frames: int, n_window: int, n_step: int) -> np.ndarray:
    """Return the first frames of windows that cover a recording.

    Example
    -------
    >>> window_starts(100, 40, 25).tolist(), window_starts(30, 40, 25).tolist()
    ([0, 25, 50, 75], [0])
    """
    n_more = max(0, -(-(n_frames - n_window) // n_step))
    return np.arange(n_more + 1) * n_step


@dataclass(frozen=True)
class NetworkSegmenter:
    """Segments by a `PyanNet`, in windows of 10 s.

    Attributes
    ----------
    network : PyanNet
        In evaluation mode.
    step_s : float
        Between windows.
    batch_size : int
    """

    network: PyanNet
    step_s: float
    batch_size: int = 16

    def __call__(self, source: Source) -> Segmentation:
        """Segment one channel of a recording; see `Segmenter`."""
        n_frames = int(np.ceil(source.duration_s() / FRAME_S))
        n_window = 1 + int(WINDOW_S * SAMPLE_RATE_HZ - FIELD_SAMPLES) // STEP_SAMPLES
        n_step = min(round(self.step_s / FRAME_S), n_window)
        starts = window_starts(n_frames, n_window, n_step)
        windows = source.windows(starts * FRAME_S, WINDOW_S, SAMPLE_RATE_HZ)
        found = []
        while batch := list(itertools.islice(windows, self.batch_size)):
            found.append(local_activity(self.network, np.stack(batch)))
        return Segmentation(starts + FIRST_FRAME, np.concatenate(found), n_frames)


def local_activity(network: PyanNet, windows: np.ndarray) -> np.ndarray:
    """Tell who talks in windows of samples (B, n_samples): bool, shape (B, T, 3)."""
    with torch.inference_mode():
        classes = network(torch.from_numpy(windows)).argmax(
            dim=2
        )  # (B, T, 7) to (B, T)
    return powerset().bool().numpy()[classes.numpy()]


@dataclass(frozen=True)
class EnergySegmenter:
    """Takes what is loud for speech, of one speaker in each of many short windows.

    Loud is relative to the minute around: a minute of noise alone is speech to it.

    Attributes
    ----------
    front_end : FrontEnd
        With an `utils.features.vad.EnergyVad`.
    window_s, step_s : float
        Their length, and how far they are apart.
    """

    front_end: FrontEnd
    window_s: float
    step_s: float

    def __call__(self, source: Source) -> Segmentation:
        """Segment one channel of a recording; see `Segmenter`."""
        n_frames = int(np.ceil(source.duration_s() / FRAME_S))
        rate_hz, n_read = self.front_end.sample_rate_hz, 0
        is_speech = np.zeros(n_frames, dtype=bool)
        for block in read_blocks(source.path, rate_hz, source.channel):
            if block.any():
                frames = self.front_end(block)
                hop_s = len(block) / rate_hz / frames.n_total
                bounds_s = n_read / rate_hz + frames.segments * hop_s
                for start, stop in np.rint(bounds_s / FRAME_S).astype(int):
                    is_speech[start:stop] = True
            n_read += len(block)
        return short_windows(is_speech, self.window_s, self.step_s)


def short_windows(
    is_speech: np.ndarray, window_s: float, step_s: float
) -> Segmentation:
    """Take the speech in each window for one speaker's.

    Parameters
    ----------
    is_speech : ndarray of bool, shape (n_frames,)
    window_s, step_s : float

    Example
    -------
    >>> speech = np.repeat([True, False], [100, 200])
    >>> found = short_windows(speech, window_s=1.5, step_s=0.75)
    >>> found.active.shape, found.starts.tolist()  # windows without speech are left out
    ((3, 89, 1), [0, 44, 88])
    """
    n_window, n_step = round(window_s / FRAME_S), round(step_s / FRAME_S)
    starts = window_starts(len(is_speech), n_window, n_step)
    padded = np.pad(is_speech, (0, n_window + n_step))
    active = np.stack([padded[start : start + n_window] for start in starts])
    has_speech = active.any(axis=1)  # (W, T) to (W,)
    return Segmentation(
        starts[has_speech], active[has_speech][:, :, None], len(is_speech)
    )
