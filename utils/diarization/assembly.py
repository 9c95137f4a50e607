"""From labelled voices of windows to who talks in each frame, and when."""

import numpy as np

from utils.diarization.segmentation import FRAME_S, Segmentation
from utils.diarization.voices import Voices
from utils.runtime.runs import runs


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
        Where at least one is known to talk, and where none; by default as the
        segmentation has it.

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
    is_speech = segmentation.is_speech if is_speech is None else is_speech
    if is_speech is not None:
        n_talking = np.where(is_speech, np.maximum(n_talking, 1), 0)
    is_on = heard & (n_talking > 0)[:, None]
    short = np.flatnonzero(n_talking > is_on.sum(axis=1))
    nearest = np.argsort(frames_away(heard, short), axis=1, kind="stable")  # (n, K)
    is_chosen = np.arange(n_speakers) < n_talking[short, None]
    chosen = np.zeros_like(is_chosen)
    np.put_along_axis(chosen, nearest, is_chosen, axis=1)
    is_on[short] = chosen
    return is_on


def frames_away(is_on: np.ndarray, frames: np.ndarray) -> np.ndarray:
    """Return how far frames (n,) are from the nearest that is on, for each column.

    Parameters
    ----------
    is_on : ndarray of bool, shape (n_frames, K)
    frames : ndarray of int, shape (n,)

    Returns
    -------
    ndarray of float, shape (n, K)
        Infinite where none is on.

    Example
    -------
    >>> is_on = np.array([[False], [False], [True], [False]])
    >>> frames_away(is_on, np.array([0, 3]))[:, 0].tolist()
    [2.0, 1.0]
    """
    away = np.full((len(frames), is_on.shape[1]), np.inf)
    for own, found in zip(is_on.T, away.T, strict=True):
        on = np.flatnonzero(own)
        if len(on):
            after = np.searchsorted(on, frames)
            to_next = on[np.minimum(after, len(on) - 1)] - frames
            to_last = frames - on[np.maximum(after - 1, 0)]
            found[:] = np.minimum(np.abs(to_next), np.abs(to_last))
    return away


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
