"""Embeddings of what was heard so far, as often as a recogniser asks for them.

A recogniser that adapts to the speaker takes a vector with every few frames, which must
know nothing of the future: Kaldi's online i-vectors are of this form.
"""

import math

import numpy as np

from utils.systems.opened import OpenedSystem

FRAMES_PER_S = 100


def embed_online(
    system: OpenedSystem,
    samples: np.ndarray,
    period: int,
    history_s: float,
    least_s: float,
) -> np.ndarray:
    """Embed an utterance every so many frames, from its past alone.

    Row i is of the samples before frame ``i * period``, and holds until the next:
    features, voice activity and normalisation are made of them anew.

    Parameters
    ----------
    system : OpenedSystem
    samples : ndarray of shape (n_samples,)
        At the front-end's rate.
    period : int
        Frames of 10 ms from row to row.
    history_s : float
        The past that counts, at most.
    least_s : float
        Before this much has been heard, rows are zero: nobody is known yet.

    Returns
    -------
    ndarray of float32, shape (n_rows, D)
        n_rows is the number of frames over the period, rounded up.

    Example
    -------
    >>> from utils.systems.system import open_system
    >>> noise = np.random.default_rng(0).normal(size=24000)
    >>> rows = embed_online(open_system(folder), noise, 50, history_s=10, least_s=1)
    >>> rows.any(axis=1).tolist()
    [False, False, True]
    """
    samples = np.asarray(samples, dtype=np.float32)
    rate_hz = system.front_end.sample_rate_hz
    n_frames = max(1, math.ceil(len(samples) / rate_hz * FRAMES_PER_S))
    stops = np.arange(0, n_frames, period) * rate_hz // FRAMES_PER_S  # (n_rows,)
    starts = np.maximum(stops - round(history_s * rate_hz), 0)
    is_heard = stops >= max(1, round(least_s * rate_hz))
    known = [
        system.front_end(samples[start:stop]).features
        for start, stop in zip(starts[is_heard], stops[is_heard], strict=True)
    ]
    if not known:
        whole = system.front_end(samples).features
        n_dims = system.embed_features(["whole"], [whole]).shape[1]
        return np.zeros((len(stops), n_dims), dtype=np.float32)
    names = [f"row {row}" for row in np.flatnonzero(is_heard)]
    embedded = system.embed_features(names, known)
    rows = np.zeros((len(stops), embedded.shape[1]), dtype=np.float32)
    rows[is_heard] = embedded
    return rows
