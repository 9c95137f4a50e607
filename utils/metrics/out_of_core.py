"""Exact error rates of more scores than memory holds.

Histograms of both kinds tell the error rates at the edges of their bins, and so
between which edges a metric is decided. Passes over the scores narrow that range
down until the different scores in it fit into memory, which gives the exact value.
Where they never do, because too many cost about the same, the value comes from the
edges of the last bins and is wrong by `TOLERANCE` at most.
The bins are ranges of the scores' bits, which are in the order of the scores: a few
passes tell any two scores apart, however far others lie from them.
Memory is bounded by `CHUNK` and `MOST_LEVELS`, whatever the number of scores.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

from utils.metrics.costs import OperatingPoint
from utils.metrics.error_rates import ErrorRates, equal_rate, target_labels

CHUNK = 1 << 22  # scores read at a time
BIN_BITS = 16  # a histogram has up to 2 ** BIN_BITS + 1 bins
MOST_LEVELS = 1 << 24  # different scores that are held at once
MOST_PASSES = 6  # each narrows the range by BIN_BITS bits, where anything can
TOLERANCE = 1e-6


class Counts(NamedTuple):
    """How many scores of each kind there are."""

    targets: int
    nontargets: int

    @property
    def all(self) -> int:
        """Number of scores of both kinds."""
        return self.targets + self.nontargets


class Range(NamedTuple):
    """The scores among which a metric is decided.

    Attributes
    ----------
    low, high : int
        Their lowest and highest possible key, see `sort_keys`.
    below, inside : Counts
        Scores below and in the range.
    error : float
        Largest possible distance of the exact value from what the edges give.
    """

    low: int
    high: int
    below: Counts
    inside: Counts
    error: float


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


def sort_keys(scores: np.ndarray) -> np.ndarray:
    """Return signed integers in the order of scores, equal ones for equal scores.

    The bits of a number without sign are in its order already; of a negative number
    all but the sign are turned over.

    Example
    -------
    >>> keys = sort_keys(np.array([-np.inf, -1.5, -0.0, 0.0, 1e-300, 2.0]))
    >>> np.sign(np.diff(keys)).tolist()
    [1, 1, 0, 1, 1]
    """
    n_bytes = 4 if scores.dtype.kind == "f" and scores.dtype.itemsize <= 4 else 8
    bits = (scores.astype(f"f{n_bytes}", copy=False) + 0).view(f"i{n_bytes}")  # no -0
    return bits ^ ((bits >> (8 * n_bytes - 1)) & np.iinfo(bits.dtype).max)


class StreamedScores:
    """Scores and labels that are read in chunks, such as memory-mapped arrays.

    Parameters
    ----------
    scores : ndarray of float or int, shape (n_trials,)
    is_target : ndarray, shape (n_trials,)
        True or 1 for target trials, False or 0 for the others.
    lower_is_same : bool
        The scores are distances.

    Raises
    ------
    ValueError
        Lengths differ, a score is no finite number, a label is another one, or a
        class is missing.

    Example
    -------
    >>> streamed = StreamedScores(np.array([2.0, 1.0]), np.array([True, False]))
    >>> streamed.equal_error_rate(), streamed.min_dcf(0.01)
    (0.0, 0.0)
    """

    def __init__(
        self, scores: np.ndarray, is_target: np.ndarray, lower_is_same: bool = False
    ) -> None:
        if scores.shape != is_target.shape or scores.ndim != 1:
            raise ValueError(
                f"scores {scores.shape} and labels {is_target.shape} must be two "
                "vectors of equal length"
            )
        if scores.dtype.kind not in "fiu":
            raise ValueError(f"scores must be real numbers, not {scores.dtype}")
        self.scores, self.is_target = scores, is_target
        self.lower_is_same = lower_is_same
        low, high, n_target = np.iinfo("i8").max, np.iinfo("i8").min, 0
        for start in range(0, len(scores), CHUNK):
            chunk = self._read_scores(start)
            labels = target_labels(is_target[start : start + CHUNK], start)
            n_target += int(np.count_nonzero(labels))
            if not np.isfinite([chunk.min(), chunk.max()]).all():
                place = int(np.argmin(np.isfinite(chunk)))
                place += start
                raise ValueError(
                    f"scores must be finite: number {place} is {scores[place]}"
                )
            ends = sort_keys(np.array([chunk.min(), chunk.max()]))
            low, high = min(low, int(ends[0])), max(high, int(ends[1]))
        self.total = Counts(n_target, len(scores) - n_target)
        if 0 in self.total:
            raise ValueError("error rates need target and nontarget trials")
        self.low, self.high = low, high

    def _read_scores(self, start: int) -> np.ndarray:
        """Read a chunk of scores, distances negated."""
        chunk = np.asarray(self.scores[start : start + CHUNK])
        if not self.lower_is_same:
            return chunk
        return np.negative(chunk, dtype=np.result_type(chunk, np.float32))

    def _chunks(self, found: Range) -> Iterator[tuple[np.ndarray, ...]]:
        """Yield keys, scores and labels in a range."""
        for start in range(0, len(self.scores), CHUNK):
            scores = self._read_scores(start)
            labels = np.asarray(self.is_target[start : start + CHUNK]).astype(bool)
            keys = sort_keys(scores)
            if found.inside.all < self.total.all:
                kept = (keys >= found.low) & (keys <= found.high)
                keys, scores, labels = keys[kept], scores[kept], labels[kept]
            yield keys, scores, labels

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
        """Narrow the range down until its scores fit, or cost about the same."""
        found = Range(self.low, self.high, Counts(0, 0), self.total, np.inf)
        for _ in range(MOST_PASSES):
            if found.inside.all <= MOST_LEVELS or found.low == found.high:
                break
            found = self._narrow_once(found, search)
        return found

    def _narrow_once(self, found: Range, search: Search) -> Range:
        shift = max((found.high - found.low).bit_length() - BIN_BITS, 0)
        start = found.low >> shift
        n_bins = (found.high >> shift) - start + 1
        histogram = np.zeros(2 * n_bins, dtype=np.int64)
        for keys, _, labels in self._chunks(found):
            bins = (keys >> shift) - start + n_bins * labels
            histogram += np.bincount(bins, minlength=2 * n_bins)
        below_n = found.below.nontargets + _summed(histogram[:n_bins])
        below_t = found.below.targets + _summed(histogram[n_bins:])
        first, last, error = search(*self._rates(below_t, below_n))
        return Range(
            max(found.low, (start + first) << shift),
            min(found.high, ((start + last + 1) << shift) - 1),
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
                "too many different scores cost nearly the least; give the scores "
                "fewer digits"
            )
        if counted is None:
            counted = np.zeros(1), *(np.array([n]) for n in found.inside)
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
        for _, scores, labels in self._chunks(found):
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
