"""What an utterance sounds like on average: all that a system without a network knows.

Where each speaker was recorded once, the average spectrum tells the recording, and an
encoder that is not better than these averages has learnt nothing about voices.
"""

import numpy as np


def average_features(fbank_db: np.ndarray) -> np.ndarray:
    """Average the filterbanks of an utterance, in its frames that are used.

    Parameters
    ----------
    fbank_db : ndarray of shape (T, F)
        Not normalised.

    Returns
    -------
    ndarray of float32, shape (3F,)
        In every channel the mean, relative to the level of the utterance; the standard
        deviation; and that of the change from frame to frame.

    Example
    -------
    >>> average_features(np.array([[1.0, 4.0], [3.0, 4.0]])).tolist()
    [-1.0, 1.0, 1.0, 0.0, 0.0, 0.0]
    """
    changes = (
        np.diff(fbank_db, axis=0) if len(fbank_db) > 1 else np.zeros_like(fbank_db)
    )
    averages = [
        fbank_db.mean(0) - fbank_db.mean(),
        fbank_db.std(0),
        changes.std(0),
    ]
    return np.concatenate(averages).astype(np.float32)
