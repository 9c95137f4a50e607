"""From labelled voices of windows to who talks in each frame, and when."""

import numpy as np

from utils.diarization.segmentation import FRAME_S, Segmentation
from utils.diarization.voices import Voices


def talking(
    segmentation: Segmentation,
    voices: Voices,
    labels: np.ndarray,
    is_speech: np.ndarray | None = None,
) -> np.ndarray:
    """Decide who talks in each frame.

    So many talk at once as windows find on average, those whom most windows hear.

    Parameters
    ----------
    segmentation : Segmentation
    voices : Voices
    labels : ndarray of int, shape (N,)
    is_speech : ndarray of bool, shape (n_frames,), optional
        Where at least one is known to talk, and where none; by default the windows
        tell.

    Returns
    -------
    ndarray of bool, shape (n_frames, n_speakers)
    """
    n_speakers = labels.max(initial=-1) + 1
    n_windows, n_window, _ = segmentation.active.shape
    if not n_speakers:
        return np.zeros((segmentation.n_frames, 0), dtype=bool)
    heard = np.zeros((n_windows, n_window, n_speakers), dtype=np.float32)
    for window, local, label in zip(voices.windows, voices.locals, labels, strict=True):
        heard[window, :, label] += segmentation.active[window, :, local]
    shares = segmentation.mean_over_windows(np.minimum(heard, 1))
    counts = segmentation.mean_over_windows(
        segmentation.active.sum(axis=2, keepdims=True)
    )
    n_talking = np.floor(counts[:, 0] + 0.5).astype(int)
    if is_speech is not None:
        n_talking = np.where(is_speech, np.maximum(n_talking, 1), 0)
    ranks = np.argsort(np.argsort(-shares, axis=1, kind="stable"), axis=1)
    is_heard = shares > 0
    if is_speech is not None:
        is_heard |= ~is_heard.any(axis=1, keepdims=True)
    return (ranks < n_talking[:, None]) & is_heard


def runs(is_on: np.ndarray) -> np.ndarray:
    """Return where stretches of True begin and end: int, shape (n, 2).

    Example
    -------
    >>> runs(np.array([True, True, False, True])).tolist()
    [[0, 2], [3, 4]]
    """
    edges = np.diff(np.concatenate([[0], is_on.astype(np.int8), [0]]))
    return np.stack([np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)], axis=1)


def tidy(is_on: np.ndarray, longest_pause_s: float, shortest_s: float) -> np.ndarray:
    """Bridge short pauses of a speaker, then drop what is too short: runs (n, 2)."""
    pauses = runs(~is_on)
    is_short = np.diff(pauses, axis=1)[:, 0] * FRAME_S <= longest_pause_s
    inner = (pauses[:, 0] > 0) & (pauses[:, 1] < len(is_on))
    filled = is_on.copy()
    for start, stop in pauses[is_short & inner]:
        filled[start:stop] = True
    found = runs(filled)
    return found[np.diff(found, axis=1)[:, 0] * FRAME_S >= shortest_s]
