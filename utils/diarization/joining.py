"""Labelled segments of speech to turns."""

import numpy as np

from utils.diarization.turns import Turn


def join_segments(
    file: str,
    spans: np.ndarray,
    speakers: list[str],
    channel: str = "1",
    decimals: int = 6,
) -> list[Turn]:
    """Make turns of segments in the order of time, which may overlap.

    Neighbours of one speaker that touch or overlap are one turn; where two speakers'
    segments overlap, the turn changes in the middle.

    Parameters
    ----------
    file, channel : str
    spans : ndarray of shape (N, 2)
        Start and stop in seconds, sorted by start.
    speakers : list of str
        Who speaks in each.
    decimals : int
        Decimals to which times are equal.

    Example
    -------
    >>> spans = np.array([[0.0, 1.5], [0.75, 2.25], [1.5, 3.0], [4.0, 5.0]])
    >>> for turn in join_segments("call", spans, ["a", "a", "b", "b"]):
    ...     print(turn.start_s, turn.duration_s, turn.speaker)
    0.0 1.875 a
    1.875 1.125 b
    4.0 1.0 b
    """
    if not len(spans):
        return []
    starts, stops = np.round(spans, decimals).T
    names = np.array(speakers)
    is_new = (stops[:-1] < starts[1:]) | (names[1:] != names[:-1])
    first = np.flatnonzero(np.append(True, is_new))
    starts, stops = starts[first], stops[np.append(first[1:] - 1, len(stops) - 1)]
    overlapping = np.flatnonzero(starts[1:] < stops[:-1])
    middle = (stops[overlapping] + starts[overlapping + 1]) / 2
    stops[overlapping] = starts[overlapping + 1] = middle
    return [
        Turn(file, channel, float(start), round(float(stop - start), decimals), name)
        for start, stop, name in zip(starts, stops, names[first].tolist(), strict=True)
    ]
