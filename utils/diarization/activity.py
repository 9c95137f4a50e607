"""Who speaks in each piece of a recording in which nothing changes."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from utils.diarization.turns import Region, Turn

_DECIMALS = 6  # of times in seconds that count as equal

Span = tuple[float, float]


class Activity(NamedTuple):
    """A recording cut wherever a turn, a scored region or a collar begins or ends.

    Attributes
    ----------
    durations_s : ndarray of shape (P,)
        Length of each piece.
    ref, hyp : ndarray of bool, shape (P, R) and (P, H)
        Whether each speaker of the reference and of the hypothesis speaks in it.
    is_inside : ndarray of bool, shape (P,)
        It is in a region that is to be scored.
    is_collar : ndarray of bool, shape (P,)
        It is in the collar of a border of the reference.
    """

    durations_s: np.ndarray
    ref: np.ndarray
    hyp: np.ndarray
    is_inside: np.ndarray
    is_collar: np.ndarray


def find_activity(
    ref: Iterable[Turn],
    hyp: Iterable[Turn],
    regions: Sequence[Region] | None = None,
    half_collar_s: float = 0.0,
) -> Activity:
    """Cut one channel of a recording into pieces.

    Parameters
    ----------
    ref, hyp : iterable of Turn
        In any order. Turns of one speaker that overlap are one; those that touch keep
        their border, with its collar. Turns of no length are none.
    regions : sequence of Region or None
        What is to be scored; None: all.
    half_collar_s : float
        On each side of a border.

    Example
    -------
    >>> turns = [Turn("a", "1", 1.0, 2.0, "x"), Turn("a", "1", 2.0, 2.0, "y")]
    >>> found = find_activity(turns, turns[:1])
    >>> found.durations_s.tolist(), found.ref.sum(axis=1).tolist()
    ([1.0, 1.0, 1.0], [1, 2, 1])
    """
    spans_of_ref, spans_of_hyp = (
        list(spans_of_speakers(side).values()) for side in (ref, hyp)
    )
    borders = np.array([t for spans in spans_of_ref for span in spans for t in span])
    collars = [(t - half_collar_s, t + half_collar_s) for t in borders if half_collar_s]
    inside = [(region.start_s, region.stop_s) for region in regions or ()]
    groups = [*spans_of_ref, *spans_of_hyp, collars, inside]
    times = [t for spans in groups for span in spans for t in span]
    cuts = np.unique(np.round(np.array(times, dtype=float), _DECIMALS))
    n_pieces = max(len(cuts) - 1, 0)
    everything = np.ones(n_pieces, dtype=bool)
    return Activity(
        np.diff(cuts),
        _columns(spans_of_ref, cuts, n_pieces),
        _columns(spans_of_hyp, cuts, n_pieces),
        everything if regions is None else _covered(inside, cuts, n_pieces),
        _covered(collars, cuts, n_pieces),
    )


def spans_of_speakers(turns: Iterable[Turn]) -> dict[str, list[Span]]:
    """Return the spans of each speaker, sorted and joined where they overlap.

    Example
    -------
    >>> x = [Turn("a", "1", 1.0, 2.0, "x"), Turn("a", "1", 0.0, 1.5, "x")]
    >>> spans_of_speakers(x)
    {'x': [(0.0, 3.0)]}
    """
    found: dict[str, list[Span]] = {}
    for turn in sorted(turns, key=lambda turn: (turn.speaker, turn.start_s)):
        start, stop = round(turn.start_s, _DECIMALS), round(turn.stop_s, _DECIMALS)
        if start == stop:
            continue
        spans = found.setdefault(turn.speaker, [])
        if spans and start < spans[-1][1]:
            spans[-1] = spans[-1][0], max(stop, spans[-1][1])
        else:
            spans.append((start, stop))
    return found


def _columns(spans_of: list[list[Span]], cuts: np.ndarray, n_pieces: int) -> np.ndarray:
    columns = [_covered(spans, cuts, n_pieces) for spans in spans_of]
    return np.array(columns, dtype=bool).reshape(len(columns), n_pieces).T


def _covered(spans: list[Span], cuts: np.ndarray, n_pieces: int) -> np.ndarray:
    """Return which pieces lie in one of the spans: bool of shape (P,)."""
    found = np.zeros(n_pieces, dtype=bool)
    edges = np.round(np.array(spans, dtype=float).reshape(-1, 2), _DECIMALS)
    for first, last in np.searchsorted(cuts, edges):
        found[first:last] = True
    return found
