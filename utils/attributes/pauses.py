"""What a recording gives away without a voice: its length and its pauses.

A label that these tell stands in how, where or what people were recorded.
"""

import numpy as np

N_PAUSES = 8
_FRAMES_PER_S = 100
_SHORTEST = 15  # frames of a pause


def pause_features(fbank: np.ndarray, n_total: int) -> np.ndarray:
    """Measure the pauses of an utterance, as its frames' levels tell them.

    A frame is a pause below the middle of the quietest and the loudest tenth. Levels
    are relative, so that features may be normalised.

    Parameters
    ----------
    fbank : ndarray of shape (T, F)
        Log filterbank.
    n_total : int
        Frames before the front-end left pauses out.

    Returns
    -------
    ndarray of shape (8,)
        Logarithm of the length, share that was left out, share of pauses, pauses in a
        second, their mean and their longest in seconds, and those before and after the
        speech.

    Example
    -------
    >>> level = np.repeat([0.0, 1.0, 0.0, 1.0], [50, 100, 50, 100])[:, None]
    >>> pause_features(level, 300).round(2).tolist()
    [1.1, 0.0, 0.33, 0.67, 0.5, 0.5, 0.5, 0.0]
    """
    levels = np.asarray(fbank, dtype=np.float64).mean(axis=1)  # (T,)
    low, high = np.quantile(levels, [0.1, 0.9])
    is_pause = levels < (low + high) / 2
    edges = np.flatnonzero(np.diff(is_pause.astype(int), prepend=0, append=0))
    starts, stops = edges[::2], edges[1::2]
    is_long = stops - starts >= _SHORTEST
    starts, stops = starts[is_long], stops[is_long]
    lengths_s = (stops - starts) / _FRAMES_PER_S
    n_frames = len(levels)
    before = stops[0] if len(starts) and starts[0] == 0 else 0
    after = n_frames - starts[-1] if len(stops) and stops[-1] == n_frames else 0
    return np.array(
        [
            np.log(max(n_total, 1) / _FRAMES_PER_S),
            1 - n_frames / max(n_total, 1),
            lengths_s.sum() * _FRAMES_PER_S / n_frames,
            len(starts) * _FRAMES_PER_S / n_frames,
            lengths_s.mean() if len(starts) else 0.0,
            lengths_s.max() if len(starts) else 0.0,
            before / _FRAMES_PER_S,
            after / _FRAMES_PER_S,
        ]
    )
