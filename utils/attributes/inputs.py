"""What a head takes of a recording: its embedding, measures of the voice, or both."""

import numpy as np

from utils.audio.voice_measures import MEDIAN_PITCH

EMBEDDING, BOTH, PITCH = "embeddings", "embeddings+voice", "pitch"
_ENDINGS = {"+voice": BOTH, "@pitch": PITCH}  # of the names of heads


def split_name(name: str) -> tuple[str, str]:
    """Return the learner of a head's name, and what the head takes.

    Example
    -------
    >>> split_name("mlp+voice"), split_name("linear@pitch"), split_name("linear")
    (('mlp', 'embeddings+voice'), ('linear', 'pitch'), ('linear', 'embeddings'))
    """
    for ending, inputs in _ENDINGS.items():
        if name.endswith(ending):
            return name.removesuffix(ending), inputs
    return name, EMBEDDING


def join_inputs(
    inputs: str, embeddings: np.ndarray, voice: np.ndarray | None
) -> np.ndarray:
    """Return what heads take of N recordings.

    Parameters
    ----------
    inputs : str
    embeddings : ndarray of shape (N, D)
    voice : ndarray of shape (N, 34), optional
        See `utils.audio.voice_measures.measure_voice`; not needed for embeddings alone.

    Returns
    -------
    ndarray of shape (N, D), (N, D + 34) or, of the median pitch in semitones, (N, 1)
    """
    if inputs == EMBEDDING:
        return embeddings
    assert voice is not None, f"{inputs} are made of measures of the voice"
    if inputs == PITCH:
        return voice[:, MEDIAN_PITCH : MEDIAN_PITCH + 1]
    return np.hstack([embeddings, voice])
