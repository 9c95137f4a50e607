"""Exact error rates of more scores than memory holds.

Histograms of both kinds tell the error rates at the edges of their bins, and so
between which edges a metric is decided. Passes over the scores narrow that range
down until the different scores in it fit into memory, which gives the exact value.
Where they never do, because too many lie too close, the value comes from the edges
of the last bins and is wrong by `TOLERANCE` at most.
Memory is bounded by `CHUNK` and `MOST_LEVELS`, whatever the number of scores.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from utils.metrics.costs import OperatingPoint
from utils.metrics.error_rates import ErrorRates, equal_rate

CHUNK = 1 << 22  # scores read at a time
BINS = 1 << 16  # of a histogram
MOST_LEVELS = 1 << 24  # different scores that are held at once
MOST_PASSES = 6  # each narrows the range up to BINS times
TOLERANCE = 1e-6


class Counts(NamedTuple):
    """How many scores of each kind there are."""

    targets: int
    nontargets: int

    @property
    def all(self) -> int:
        """Number of scores of both kinds."""
        return self.targets + self.nontargets


class Level(NamedTuple):
    """Equal bins, and those of them that stay in the range.

    The bin of a score never falls when the score rises, rounding included, so the
    bins are ranges of scores whatever their edges are exactly.
    """

    low: float
    bins_per_unit: float
    first: int
    last: int

    def bins(self, scores: np.ndarray) -> np.ndarray:
        """Return the bin of each score."""
        place = (scores.astype(np.float64) - self.low) * self.bins_per_unit
        return np.clip(place, 0, BINS - 1).astype(np.int32)


@dataclass
class Range:
    """The scores among which a metric is decided.

    Attributes
    ----------
    levels : list of Level
        A score is in the range when each level in turn keeps its bin.
    low, high : float
        Nominal limits, for the bins of the next level.
    below, inside : Counts
        Scores below and in the range.
    error : float
        Largest possible distance of the exact value from what the edges give.
    """

    levels: list[Level]
    low: float
    high: float
    below: Counts
    inside: Counts
    error: float = np.inf

    def select(self, scores: np.ndarray, labels: np.ndarray) -> tuple:
        """Return the scores and labels of a chunk that are in the range."""
        for level in self.levels:
            bins = level.bins(scores)
            kept = (bins >= level.first) & (bins <= level.last)
            scores, labels = scores[kept], labels[kept]
        return scores, labels


class Decision(NamedTuple):
    """What error rates at the edges of bins say about a metric.

    Attributes
    ----------
    first, last : int
        The bins that can decide it.
    error : float
        Largest possible distance from what the edges give.
    """

    first: int
    last: int
    error: float


Search = Callable[[np.ndarray, np.ndarray], Decision]


class StreamedScores:
    """Scores and labels that are read in chunks, such as memory-mapped arrays.

    Parameters
    ----------
    scores : ndarray of float, shape (n_trials,)
    is_target : ndarray of bool or int, shape (n_trials,)

    Raises
    ------
    ValueError
        Lengths differ, a score is not finite, or a class is missing.

    Example
    -------
    >>> streamed = StreamedScores(np.array([2.0, 1.0]), np.array([True, False]))
    >>> streamed.equal_error_rate(), streamed.min_dcf(0.01)
    (0.0, 0.0)
    """

    def __init__(self, scores: np.ndarray, is_target: np.ndarray) -> None:
        if scores.shape != is_target.shape or scores.ndim != 1:
            raise ValueError(
                f"scores {scores.shape} and labels {is_target.shape} must be two "
                "vectors of equal length"
            )
        self.scores, self.is_target = scores, is_target
        low, high, n_target = np.inf, -np.inf, 0
        for chunk, labels in self._chunks():
            low, high = min(low, chunk.min()), max(high, chunk.max())
            n_target += int(np.count_nonzero(labels))
            if not np.isfinite([low, high]).all():
                raise ValueError(
                    "scores must be finite: there are NaN or infinite ones"
                )
        self.total = Counts(n_target, len(scores) - n_target)
        if 0 in self.total:
            raise ValueError("error rates need target and nontarget trials")
        self.low, self.high = float(low), float(high)

    def _chunks(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        for start in range(0, len(self.scores), CHUNK):
            stop = start + CHUNK
            labels = np.asarray(self.is_target[start:stop]).astype(bool)
            yield np.asarray(self.scores[start:stop]), labels

    def equal_error_rate(self) -> float:
        """Return what `utils.metrics.detection.equal_error_rate` does."""

        def search(p_miss: np.ndarray, p_fa: np.ndarray) -> Decision:
            place = max(int(np.argmax(p_miss >= p_fa)) - 1, 0)  # the crossing's bin
            error = max(np.diff(p_miss)[place], -np.diff(p_fa)[place])
            return Decision(place, place, error)

        return equal_rate(self._rates_inside(self._narrow(search)))

    def min_dcf(self, p_target: float, c_miss: float = 1.0, c_fa: float = 1.0) -> float:
        """Return what `utils.metrics.detection.min_dcf` does."""
        point = OperatingPoint(p_target, c_miss, c_fa)
        best = 1.0

        def search(p_miss: np.ndarray, p_fa: np.ndarray) -> Decision:
            nonlocal best
            best = min(best, float(point.cost(p_miss, p_fa).min()))
            bound = point.cost(p_miss[:-1], p_fa[1:])  # no cost in the bin is lower
            bins = np.flatnonzero(bound < best)
            if len(bins) == 0:
                return Decision(0, -1, 0.0)
            return Decision(int(bins[0]), int(bins[-1]), best - float(bound.min()))

        inside = self._rates_inside(self._narrow(search))
        return min(float(point.cost(inside.p_miss, inside.p_fa).min()), best)

    def _narrow(self, search: Search) -> Range:
        """Narrow the range down until its scores fit, or are too close or equal."""
        found = Range([], self.low, self.high, Counts(0, 0), self.total)
        for _ in range(MOST_PASSES):
            if found.inside.all <= MOST_LEVELS:
                break
            found = self._narrow_once(found, search)
        return found

    def _narrow_once(self, found: Range, search: Search) -> Range:
        scale = BINS / max(found.high - found.low, 1e-300)
        level = Level(found.low, scale, 0, BINS - 1)
        histogram = np.zeros(2 * BINS, dtype=np.int64)
        for chunk in self._chunks():
            scores, labels = found.select(*chunk)
            bins = level.bins(scores) + BINS * labels
            histogram += np.bincount(bins, minlength=2 * BINS)
        below_n = found.below.nontargets + _summed(histogram[:BINS])
        below_t = found.below.targets + _summed(histogram[BINS:])
        p_miss, p_fa = self._rates(below_t, below_n)
        first, last, error = search(p_miss, p_fa)
        return Range(
            [*found.levels, level._replace(first=first, last=last)],
            found.low + first / scale,
            found.low + (last + 1) / scale,
            Counts(int(below_t[first]), int(below_n[first])),
            Counts(
                int(below_t[last + 1] - below_t[first]),
                int(below_n[last + 1] - below_n[first]),
            ),
            error,
        )

    def _rates(
        self, missed: np.ndarray, rejected: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        return missed / self.total.targets, 1 - rejected / self.total.nontargets

    def _rates_inside(self, found: Range) -> ErrorRates:
        """Return the corners in a range, ends included; its ends if it is too full."""
        counted = self._count_levels(found)
        if counted is None and found.error > TOLERANCE:
            raise ValueError(
                f"too many different scores between {found.low:.9g} and "
                f"{found.high:.9g}; give the scores fewer digits"
            )
        if counted is None:
            counted = np.array([found.low]), *(np.array([n]) for n in found.inside)
        _, *of_kinds = counted
        missed, rejected = (
            below + _summed(n) for below, n in zip(found.below, of_kinds, strict=True)
        )
        return ErrorRates(*self._rates(missed, rejected))

    def _count_levels(self, found: Range) -> tuple[np.ndarray, ...] | None:
        """Return the different scores in a range and how many of each kind they are.

        None where they are too many.
        """
        parts: list[tuple[np.ndarray, ...]] = []
        for chunk in self._chunks():
            scores, labels = found.select(*chunk)
            parts.append(_merged([(scores, labels, ~labels)]))
            if sum(len(levels) for levels, *_ in parts) > MOST_LEVELS:
                parts = [_merged(parts)]
                if len(parts[0][0]) > MOST_LEVELS / 2:
                    return None
        return _merged(parts)


def _merged(parts: list[tuple[np.ndarray, ...]]) -> tuple[np.ndarray, ...]:
    """Merge scores and their counts of both kinds: different scores, rising."""
    scores, targets, nontargets = (np.concatenate(p) for p in zip(*parts, strict=True))
    levels, place = np.unique(scores, return_inverse=True)
    counts = (
        np.bincount(place, weights=n, minlength=len(levels)).astype(np.int64)
        for n in (targets, nontargets)
    )
    return levels, *counts


def _summed(counts: np.ndarray) -> np.ndarray:
    """Return the sums of the first 0, 1, 2, ... counts."""
    return np.concatenate([[0], np.cumsum(counts)])
