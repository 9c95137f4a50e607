"""Several recordings of one person: one vector, and what that does to the ratios."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from utils.backend.backend import Backend
from utils.verification.decisions import AS_RECORDED
from utils.verification.rises import Rise, threshold_of_others

if TYPE_CHECKING:
    from utils.verification.voices import Voices  # with pandas, slow to import

_MOST = 10  # recordings that are joined to measure it
_DRAWS = 5  # of each speaker's recordings


def join(embeddings: Sequence[np.ndarray] | np.ndarray) -> np.ndarray:
    """Join a person's embeddings (n, D) to one vector (D,) of unit length.

    Example
    -------
    >>> join([np.array([3.0, 0.0]), np.array([0.0, 4.0])]).round(3)
    array([0.707, 0.707])
    """
    vectors = np.asarray(embeddings, dtype=np.float64)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    mean = vectors.mean(axis=0)
    return mean / np.linalg.norm(mean)


def measure_enrolment(backend: Backend, voices: Voices, seed: int = 0) -> Rise:
    """Find by how much other people's ratios rise as recordings are joined.

    The mean of n unit vectors has lost some of what each has of its own, and scaled to
    unit length it is nearer to everybody. Above the same share of other people's
    ratios, a joined vector needs a threshold that is higher by about as much at every
    rate: the median of the differences at false-alarm rates of 5 % and less. Taken off
    the ratios, thresholds of single recordings give the rates that they promise.

    Parameters
    ----------
    backend : Backend
        Calibrated.
    voices : Voices
    seed : int
        Draws which recordings are joined: of any sessions.

    Returns
    -------
    Rise
        For 1, 2, 3 ... recordings, as far as half of the speakers have so many.
    """
    embeddings, rng = voices.embeddings[AS_RECORDED], np.random.default_rng(seed)
    rows = [
        np.flatnonzero(voices.speakers == own) for own in np.unique(voices.speakers)
    ]
    drawn = [rng.permutation(own) for own in rows for _ in range(_DRAWS)]
    tests, rise = backend.single_models(embeddings), Rise()
    for n in range(2, _MOST + 1):
        enough = [own for own in drawn if len(own) >= n]
        if len(enough) * 2 < len(drawn):
            break
        speakers = voices.speakers[[own[0] for own in enough]]
        is_other = speakers[:, None] != voices.speakers  # (P, N)
        if not is_other.any():
            break
        models = (_joined(embeddings, enough, size) for size in (1, n))
        before, after = (
            threshold_of_others(backend, backend.single_models(own), tests, is_other)
            for own in models
        )
        rise = rise.then(n, before, after)
    return rise


def _joined(embeddings: np.ndarray, drawn: list[np.ndarray], size: int) -> np.ndarray:
    """Join the first of each draw: (P, D)."""
    return np.stack([join(embeddings[own[:size]]) for own in drawn])
