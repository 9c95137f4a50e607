"""Who talks when, by a network that hears a recording in windows of 10 s."""

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from utils.diarization.pauses import PauseRule, frame_levels
from utils.diarization.segmentation import FRAME_S, Segmentation, Source
from utils.models.pyannet import (
    FIELD_SAMPLES,
    N_AT_ONCE,
    SAMPLE_RATE_HZ,
    STEP_SAMPLES,
    WINDOW_S,
    PyanNet,
    powerset,
)
from utils.runtime.threads import map_in_threads

# the network's first frame has its centre in this frame of the grid
FIRST_FRAME = int(FIELD_SAMPLES / 2 / STEP_SAMPLES)


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
    """Segments by a `PyanNet`.

    Attributes
    ----------
    network : callable
        Maps windows (B, n_samples) to log-probabilities of the classes (B, T, 7), as a
        `PyanNet` does; see `utils.models.pyannet_fast.fast_network`.
    step_s : float
        Between windows.
    pauses : PauseRule
    batch_size : int
    n_threads : int
    """

    network: Callable[[Tensor], Tensor]
    step_s: float
    pauses: PauseRule
    batch_size: int = 8
    n_threads: int = 1

    def __call__(self, source: Source) -> Segmentation:
        """Segment one channel of a recording.

        How many talk, all windows that see a frame tell on average, and its level.
        """
        n_frames = int(np.ceil(source.duration_s() / FRAME_S))
        n_window = 1 + int(WINDOW_S * SAMPLE_RATE_HZ - FIELD_SAMPLES) // STEP_SAMPLES
        n_step = min(round(self.step_s / FRAME_S), n_window)
        starts = window_starts(n_frames, n_window, n_step)
        windows = source.windows(starts * FRAME_S, WINDOW_S, SAMPLE_RATE_HZ)
        n_batches = 2 * -(-len(starts) // (2 * self.batch_size))
        batches = stacked(windows, -(-len(starts) // n_batches))
        heard = list(map_in_threads(self.hear, batches, self.n_threads))
        shares, levels_db = (np.concatenate(own) for own in zip(*heard, strict=True))
        first = starts + FIRST_FRAME
        means = mean_over_windows(first, shares_of_sizes(shares), n_frames)
        means_db = mean_over_windows(first, levels_db[..., None], n_frames)
        is_speech = self.pauses.is_speech(means, means_db[:, 0])
        return replace(settle(first, shares, means.argmax(axis=1)), is_speech=is_speech)

    def hear(self, windows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return classes' probabilities (B, T, 7) and levels (B, T) of windows."""
        with torch.inference_mode():
            shares = self.network(torch.from_numpy(windows)).softmax(dim=2).numpy()
        middle, n_frames = FIELD_SAMPLES // 2, shares.shape[1]
        return shares, frame_levels(windows, middle, STEP_SAMPLES, n_frames)


def stacked(windows: Iterator[np.ndarray], n: int) -> Iterator[np.ndarray]:
    """Yield batches of at most n windows.

    Example
    -------
    >>> [batch.tolist() for batch in stacked(iter(np.arange(3)), 2)]
    [[0, 1], [2]]
    """
    while batch := list(itertools.islice(windows, n)):
        yield np.stack(batch)


def shares_of_sizes(shares: np.ndarray) -> np.ndarray:
    """Return the probabilities that none, one and two talk: (..., 7) to (..., 3)."""
    sizes = powerset().sum(dim=1).numpy()
    of_sizes = [shares[..., sizes == n].sum(axis=-1) for n in range(N_AT_ONCE + 1)]
    return np.stack(of_sizes, axis=-1)


def settle(
    starts: np.ndarray, shares: np.ndarray, n_talking: np.ndarray
) -> Segmentation:
    """Let one window tell who talks in a frame: the one in whose middle it lies.

    Local speakers have other numbers in each window, so that no others are asked.

    Parameters
    ----------
    starts : ndarray of int, shape (W,)
        First frame of each window.
    shares : ndarray of shape (W, T, 7)
        Probability of each class of `utils.models.pyannet.powerset`.
    n_talking : ndarray of int, shape (n_frames,)
        How many talk.

    Returns
    -------
    Segmentation
    """
    members = powerset().bool().numpy()  # (7, S)
    sizes = members.sum(axis=1)
    n_frames = len(n_talking)
    bounds = middles(starts, shares.shape[1], n_frames)
    active = np.zeros((len(starts), np.diff(bounds).max(), members.shape[1]), bool)
    for window, (first, last) in enumerate(itertools.pairwise(bounds)):
        own = shares[window, first - starts[window] : last - starts[window]]
        is_so_many = n_talking[first:last, None] == sizes  # (t, 7)
        classes = np.where(is_so_many, own, -1).argmax(axis=1)
        active[window, : last - first] = members[classes]
    return Segmentation(bounds[:-1], active, n_frames)


def mean_over_windows(
    starts: np.ndarray, values: np.ndarray, n_frames: int
) -> np.ndarray:
    """Average values of windows where they overlap.

    Parameters
    ----------
    starts : ndarray of int, shape (W,)
        First frame of each window.
    values : ndarray of shape (W, T, K)
    n_frames : int

    Returns
    -------
    ndarray of float32, shape (n_frames, K)

    Example
    -------
    >>> values = np.array([[[1.0], [1.0]], [[3.0], [3.0]]])
    >>> mean_over_windows(np.array([0, 1]), values, 3)[:, 0].tolist()
    [1.0, 2.0, 3.0]
    """
    n_window = values.shape[1]
    total = np.zeros((n_frames + n_window, values.shape[2]), dtype=np.float32)
    seen = np.zeros((n_frames + n_window, 1), dtype=np.float32)
    for start, own in zip(starts, values, strict=True):
        total[start : start + n_window] += own
        seen[start : start + n_window] += 1
    return (total / np.maximum(seen, 1))[:n_frames]


def middles(starts: np.ndarray, n_window: int, n_frames: int) -> np.ndarray:
    """Return the frames at which windows take turns: int, shape (W + 1,).

    Example
    -------
    >>> middles(np.array([0, 4, 8]), n_window=8, n_frames=14).tolist()
    [0, 6, 10, 14]
    """
    inner = (starts[1:] + starts[:-1] + n_window) // 2
    bounds = np.concatenate([starts[:1], inner, starts[-1:] + n_window])
    return np.minimum(bounds, n_frames)


def local_activity(network: PyanNet, windows: np.ndarray) -> np.ndarray:
    """Tell who talks in windows of samples (B, n_samples): bool, shape (B, T, 3)."""
    with torch.inference_mode():
        classes = network(torch.from_numpy(windows)).argmax(dim=2)  # (B, T)
    return powerset().bool().numpy()[classes.numpy()]
