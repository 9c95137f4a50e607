"""Is a recording speech? A logistic regression on a few measures of it.

The coefficients stand in ``speech_likeness.json``, which `tests.bench.speech_likeness`
makes: for each measure the mean and the deviation that it has in speech, a weight and
one for its square; for the distance from speech, the inverse of the measures'
correlation.
"""

import json
from functools import cache
from pathlib import Path

import numpy as np

from utils.audio.speech_features import SpeechFeatures, measure
from utils.audio.speech_frames import SpeechFrames

COEFFICIENTS = Path(__file__).with_suffix(".json")
_FARTHEST = 5.0  # deviations
_NEAR = 0.2  # added to the distance before its logarithm


def speech_likelihood(
    samples: np.ndarray, rate_hz: int, frames: SpeechFrames | None = None
) -> float:
    """Tell how likely a recording holds speech, rather than noise, tones or music.

    One voice in noise, in a room or over a telephone counts as speech; a whisper, a
    song and less than half a second of speech may not.

    Parameters
    ----------
    samples : ndarray of shape (n_samples,)
        At any level; of more than five minutes the first five count.
    rate_hz : int
    frames : SpeechFrames, optional
        Those of the samples, where they were taken before.

    Returns
    -------
    float
        In [0, 1]; from 0.5 on it is taken for speech. 0 for digital silence.

    Example
    -------
    >>> noise = np.random.default_rng(0).standard_normal(32000)
    >>> speech_likelihood(noise, 16000) < 0.01
    True
    """
    features = measure(samples, rate_hz, frames)
    if not any(features):
        return 0.0
    return float(score_features(np.array([features]), read_coefficients())[0])


@cache
def read_coefficients(path: Path = COEFFICIENTS) -> dict:
    """Read the coefficients as arrays; see `score_features`."""
    stored = json.loads(path.read_text(encoding="utf-8"))
    columns = stored["features"]
    if tuple(columns) != SpeechFeatures._fields:
        raise ValueError(f"{path}: other features than those measured; make it anew")
    mean, deviation, *weights = np.array(list(columns.values())).T
    return {
        "mean": mean, "deviation": deviation,
        "precision": np.array(stored["precision"]),
        "weight": np.concatenate([*weights, [stored["distance_weight"]]]),
        "bias": stored["bias"],
    }  # fmt: skip


def standardise(features: np.ndarray, model: dict) -> np.ndarray:
    """Return regressors: measures in deviations, their squares, and their distance.

    Parameters
    ----------
    features : ndarray of shape (N, F)
    model : dict
        ``mean`` and ``deviation`` (F,) and ``precision`` (F, F).

    Returns
    -------
    ndarray of shape (N, 2 F + 1)
        The distance from speech is the logarithm of Mahalanobis's, squared, over F.
    """
    z = (features - model["mean"]) / model["deviation"]
    z = np.clip(z, -_FARTHEST, _FARTHEST)
    squared = np.einsum("nf,fg,ng->n", z, model["precision"], z) / z.shape[1]
    return np.column_stack([z, z**2, np.log(squared + _NEAR)])


def score_features(features: np.ndarray, model: dict) -> np.ndarray:
    """Return the likelihoods (N,) of measures (N, F).

    Parameters
    ----------
    features : ndarray of shape (N, F)
        Rows of `SpeechFeatures`.
    model : dict
        As for `standardise`, and ``weight`` (2 F + 1,) and ``bias``.
    """
    log_odds = standardise(features, model) @ model["weight"] + model["bias"]
    return 1 / (1 + np.exp(-np.clip(log_odds, -50, 50)))
