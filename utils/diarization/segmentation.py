"""Who of a few local speakers talks when, in windows of a recording.

The speakers of a window have numbers of its own; which are one person, the embeddings
of their voices tell (`utils.diarization.voices`). Frames lie on one grid, that of the
network: 16.875 ms.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from utils.audio.streaming import cut_windows, read_blocks, resampled_length
from utils.features.front_end import FrontEnd
from utils.models.pyannet import SAMPLE_RATE_HZ, STEP_SAMPLES

FRAME_S = STEP_SAMPLES / SAMPLE_RATE_HZ
_ENERGY_WINDOW_S = 10.0  # bounds the memory


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
    """What a segmenter finds in a recording, cut into windows that do not overlap.

    Attributes
    ----------
    starts : ndarray of int, shape (W,)
        First frame of each window.
    active : ndarray of bool, shape (W, T, S)
        Whether each local voice of a window talks in each frame from its first; from
        that of the next window on none does.
    n_frames : int
        Frames of the recording.
    speakers : ndarray of int, shape (W, S), optional
        Local voices of a window with one number are taken for one person, as
        `utils.diarization.pieces` cuts them. None: each is another.
    knows_speakers : bool
        Whether local voices were told apart: energy alone hears one speaker in all
        that is said in a window, which is no reason to take it for one person's.
    is_speech : ndarray of bool, shape (n_frames,), optional
        Where turns are to be, if that is known better than where voices are to be
        heard: voices may bridge pauses that are none of a turn. None: where any talks.
    """

    starts: np.ndarray
    active: np.ndarray
    n_frames: int
    speakers: np.ndarray | None = None
    knows_speakers: bool = True
    is_speech: np.ndarray | None = None

    @property
    def window_s(self) -> float:
        """Length of a window."""
        return self.active.shape[1] * FRAME_S

    def speakers_of(self, windows: np.ndarray, voices: np.ndarray) -> np.ndarray:
        """Return which local speakers voices of windows (N,) are: int, shape (N,)."""
        return voices if self.speakers is None else self.speakers[windows, voices]


class Segmenter(Protocol):
    """Finds out who talks when, window by window."""

    def __call__(self, source: Source) -> Segmentation:
        """Segment one channel of a recording."""


@dataclass(frozen=True)
class EnergySegmenter:
    """Takes what is loud for speech, of one speaker, as it cannot tell them apart.

    Loud is relative to the minute around: a minute of noise alone is speech to it.

    Attributes
    ----------
    front_end : FrontEnd
        With an `utils.features.vad.EnergyVad`.
    """

    front_end: FrontEnd

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
        return of_one_speaker(is_speech)


def of_one_speaker(is_speech: np.ndarray) -> Segmentation:
    """Take speech (n_frames,) for that of one speaker in each window.

    Example
    -------
    >>> found = of_one_speaker(np.repeat([True, False], [700, 100]))
    >>> found.starts.tolist(), found.active.sum(axis=1).tolist()
    ([0, 593], [[593], [107]])
    """
    n_window = round(_ENERGY_WINDOW_S / FRAME_S)
    starts = np.arange(0, max(len(is_speech), 1), n_window)
    padded = np.pad(is_speech, (0, starts[-1] + n_window - len(is_speech)))
    active = padded.reshape(-1, n_window, 1)
    return Segmentation(starts, active, len(is_speech), knows_speakers=False)
