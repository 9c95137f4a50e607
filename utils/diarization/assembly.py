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

    So many talk at once as the segmentation says: those whom it hears, then those who
    are heard the shortest time before or after.

    Parameters
    ----------
    segmentation : Segmentation
    voices : Voices
    labels : ndarray of int, shape (N,)
    is_speech : ndarray of bool, shape (n_frames,), optional
        Where at least one is known to talk, and where none; by default the
        segmentation tells.

    Returns
    -------
    ndarray of bool, shape (n_frames, n_speakers)
    """
    n_speakers = labels.max(initial=-1) + 1
    if not n_speakers:
        return np.zeros((segmentation.n_frames, 0), dtype=bool)
    n_window = segmentation.active.shape[1]
    n_frames = segmentation.n_frames
    heard = np.zeros((n_frames + n_window, n_speakers), dtype=bool)
    n_talking = np.zeros(n_frames + n_window, dtype=int)
    for start, active in zip(segmentation.starts, segmentation.active, strict=True):
        n_talking[start : start + n_window] += active.sum(axis=1)
    for window, local, label in zip(voices.windows, voices.locals, labels, strict=True):
        first = segmentation.starts[window]
        heard[first : first + n_window, label] |= segmentation.active[window, :, local]
    heard, n_talking = heard[:n_frames], n_talking[:n_frames]
    if is_speech is not None:
        n_talking = np.where(is_speech, np.maximum(n_talking, 1), 0)
    nearest = np.argsort(frames_away(heard), axis=1, kind="stable")  # (n_frames, K)
    ranks = np.argsort(nearest, axis=1)
    return ranks < n_talking[:, None]


def frames_away(is_on: np.ndarray) -> np.ndarray:
    """Return how far each frame (n_frames, K) is from the nearest that is on.

    Example
    -------
    >>> frames_away(np.array([[False], [False], [True], [False]]))[:, 0].tolist()
    [2.0, 1.0, 0.0, 1.0]
    """
    from scipy.ndimage import distance_transform_edt

    away = np.full(is_on.shape, np.inf, dtype=np.float32)
    for own, found in zip(is_on.T, away.T, strict=True):
        if own.any():
            found[:] = distance_transform_edt(~own)
    return away


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
