"""Identification in a gallery: all metrics at once, with their intervals.

A speaker may have several templates: models that are right for the same tests. They
count as one model, which scores as the best of them.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from utils.metrics.identification import (
    UNKNOWN,
    cmc,
    detection_and_identification,
    mean_average_precision,
)


class Gallery(NamedTuple):
    """Scores of tests against all models.

    Attributes
    ----------
    scores : ndarray of shape (n_tests, n_models)
    is_target : ndarray of bool, shape (n_tests, n_models)
        Which models are right: none of an unknown speaker, several where a test has
        several speakers.
    """

    scores: np.ndarray
    is_target: np.ndarray

    def take(self, tests: np.ndarray) -> "Gallery":
        """Return some of the tests, by row."""
        return Gallery(self.scores[tests], self.is_target[tests])

    def rivals(self) -> tuple[np.ndarray, np.ndarray]:
        """Return scores with one right model a test, its best, and that model.

        Returns
        -------
        scores : ndarray of shape (n_tests, n_models)
            Other right models of a test have -inf: they are no rivals.
        true_model : ndarray of int, shape (n_tests,)
            Column, or `UNKNOWN`.
        """
        right = np.where(self.is_target, self.scores, -np.inf)
        best = right.argmax(axis=1)
        others = self.is_target.copy()
        others[np.arange(len(best)), best] = False
        true_model = np.where(self.is_target.any(axis=1), best, UNKNOWN)
        return np.where(others, -np.inf, self.scores), true_model

    def curve(self) -> np.ndarray:
        """Return the cumulative match characteristic: shape (n_models,)."""
        return cmc(*self.rivals())


def join_templates(gallery: Gallery) -> Gallery:
    """Make one model of each speaker's templates: their highest score.

    Templates are models with the same labels for all tests, one target at least.

    Parameters
    ----------
    gallery : Gallery

    Returns
    -------
    Gallery
        The same where no speaker has two.

    Example
    -------
    >>> is_target = np.array([[True, True, False], [False, False, True]])
    >>> scores = np.array([[0.1, 0.9, 0.2], [0.3, 0.4, 0.8]])
    >>> join_templates(Gallery(scores, is_target)).scores.tolist()
    [[0.9, 0.2], [0.4, 0.8]]
    """
    scores, is_target = gallery
    if (is_target.sum(axis=1) < 2).all():
        return gallery
    own = np.arange(is_target.shape[1])
    has_test = is_target.any(axis=0)
    _, first, group = np.unique(
        is_target, axis=1, return_index=True, return_inverse=True
    )
    speaker = np.where(has_test, first[group.ravel()], own)
    kept, column = np.unique(speaker, return_inverse=True)
    if len(kept) == len(own):
        return gallery
    order = np.argsort(column, kind="stable")
    starts = np.searchsorted(column[order], np.arange(len(kept)))
    return Gallery(
        np.maximum.reduceat(scores[:, order], starts, axis=1), is_target[:, kept]
    )


def identify(gallery: Gallery, ranks: Sequence[int], fpirs: Sequence[float]) -> dict:
    """Compute the identification metrics.

    Parameters
    ----------
    gallery : Gallery
    ranks : sequence of int
        k of the rank-k rates.
    fpirs : sequence of float
        False positive identification rates, in [0, 1].

    Returns
    -------
    dict
        ``gallery_size``, ``n_known``, ``n_unknown``, ``rank`` (by k), ``map`` and, if
        there are unknown speakers, ``dir_at_fpir`` (by rate).

    Raises
    ------
    ValueError
        No test has a right model.

    Example
    -------
    >>> scores = np.array([[0.9, 0.1], [0.8, 0.3]])
    >>> found = identify(Gallery(scores, np.eye(2, dtype=bool)), [1], [])
    >>> found["rank"], found["map"]
    ({'1': 0.5}, 0.75)
    """
    scores, true_model = gallery.rivals()
    n_unknown = int((true_model == UNKNOWN).sum())
    curve = cmc(scores, true_model)
    results = {
        "gallery_size": scores.shape[1],
        "n_known": len(true_model) - n_unknown,
        "n_unknown": n_unknown,
        "rank": {str(k): float(curve[min(k, len(curve)) - 1]) for k in ranks},
        "map": mean_average_precision(*gallery),
    }
    if n_unknown:
        rates = [detection_and_identification(scores, true_model, f)[0] for f in fpirs]
        keys = [f"{fpir:g}" for fpir in fpirs]
        results["dir_at_fpir"] = dict(zip(keys, rates, strict=True))
    return results


def test_speakers(gallery: Gallery) -> np.ndarray:
    """Number the tests' speakers by their models; an unknown test is one by itself."""
    _, true_model = gallery.rivals()
    own = gallery.scores.shape[1] + np.arange(len(true_model))
    names = np.where(true_model == UNKNOWN, own, true_model)
    return np.unique(names, return_inverse=True)[1]


def identification_intervals(
    gallery: Gallery,
    speakers: np.ndarray,
    counts: np.ndarray,
    ranks: Sequence[int],
    fpirs: Sequence[float],
) -> dict:
    """Return 95 % intervals from resamples of the tests' speakers.

    Parameters
    ----------
    gallery : Gallery
    speakers : ndarray of int, shape (n_tests,)
        Numbers from 0.
    counts : ndarray of shape (n_resamples, n_speakers)
        What `utils.metrics.bootstrap.draw_counts` returned.
    ranks, fpirs
        See `identify`.

    Returns
    -------
    dict
        Pairs ``[low, high]``, as `utils.metrics.intervals.intervals` gives.
    """
    import pandas as pd

    from utils.metrics.bootstrap import flat_metrics
    from utils.metrics.intervals import intervals

    rows = []
    for count in counts.astype(int):
        tests = np.repeat(np.arange(len(speakers)), count[speakers])
        if gallery.is_target[tests].any():
            found = identify(gallery.take(tests), ranks, fpirs)
            rates = {k: found[k] for k in ("rank", "map", "dir_at_fpir") if k in found}
            rows.append(flat_metrics(rates))
    return intervals(pd.DataFrame(rows).dropna())
