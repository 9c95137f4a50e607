"""A head is learnt, chosen and calibrated by training speakers that it did not see.

The training speakers are divided into folds, classes alike; each fold is told by heads
that were learnt on the others. What comes out chooses the setting, calibrates, and says
how far a recording may be from the training. Test speakers have no part in it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from utils.attributes.heads import Calibration, Head, fit_calibration
from utils.attributes.learning import Labelled, Learner
from utils.attributes.typicality import Typicality, fit_typicality
from utils.metrics.classification.language_recognition import cross_entropy

_MARGIN = 0.01  # share of the loss that what is less simple has to save
LEVELS = 0.5, 0.9  # of the intervals of a number


@dataclass(frozen=True)
class FittedHead:
    """A head, and what is known of it.

    Attributes
    ----------
    head : Head
    calibration : Calibration or None
        None for a number, and for what needs none.
    typicality : Typicality
    errors : ndarray of shape (2,)
        Half widths of the intervals (50 and 90 %) of a number; empty for classes.
    setting : float
        The one that was chosen.
    loss : float
        What speakers out of the training chose it by: the cross-entropy of calibrated
        classes, or the mean absolute error of numbers.
    """

    head: Head
    calibration: Calibration | None
    typicality: Typicality
    errors: np.ndarray
    setting: float
    loss: float

    def __call__(self, vectors: np.ndarray) -> np.ndarray:
        """Map embeddings (N, D) to calibrated log-likelihoods (N, K), or numbers."""
        told = self.head(vectors)
        return self.calibration(told) if self.calibration else told


def speaker_folds(data: Labelled, n_folds: int, seed: int) -> np.ndarray:
    """Divide speakers into folds, each class or range of a number alike: (N,).

    Example
    -------
    >>> data = Labelled(np.zeros((6, 1)), np.array([0, 0, 0, 1, 1, 1]),
    ...                 np.array(list("aabccd")), 2)
    >>> folds = speaker_folds(data, 2, seed=0)
    >>> bool(folds[0] == folds[1] != folds[2]), bool(folds[3] == folds[4] != folds[5])
    (True, True)
    """
    rng = np.random.default_rng(seed)
    names, speaker = np.unique(data.speakers, return_inverse=True)
    target = np.zeros(len(names))
    for place in range(len(names)):
        target[place] = np.median(data.targets[speaker == place])
    order = np.lexsort([rng.random(len(names)), target])
    folds = np.empty(len(names), dtype=np.int64)
    folds[order] = np.arange(len(names)) % n_folds
    return folds[speaker]


def told_out_of_fold(
    learner: Learner, data: Labelled, setting: float, folds: np.ndarray
) -> np.ndarray:
    """Tell each fold by a head of the others: (N, K), or (N,) of numbers.

    A class that a fold's training lacks is as unlikely as can be said.
    """
    shape = (len(data.targets), data.n_classes) if data.n_classes else len(data.targets)
    told = np.full(shape, np.nan)
    for fold in np.unique(folds):
        inside = folds == fold
        told[inside] = learner.learn(data.take(~inside), setting)(data.vectors[inside])
    return told


def fit_head(learner: Learner, data: Labelled, n_folds: int, seed: int) -> FittedHead:
    """Choose a setting, learn a head on all speakers, and calibrate it.

    Parameters
    ----------
    learner : Learner
    data : Labelled
        The training speakers.
    n_folds : int
        At most; each class has a speaker in each.
    seed : int
        The folds are drawn by it.

    Raises
    ------
    ValueError
        A class has one speaker.
    """
    folds = speaker_folds(data, most_folds(data, n_folds), seed)
    judged = [
        _judge(
            told_out_of_fold(learner, data, setting, folds),
            data,
            learner.needs_calibration,
        )
        for setting in learner.settings
    ]
    place = simplest_of_equals([own.loss for own in judged])
    setting, (calibration, errors, loss) = learner.settings[place], judged[place]
    typicality = fit_typicality(data, folds)
    return FittedHead(
        learner.learn(data, setting), calibration, typicality, errors, setting, loss
    )


def simplest_of_equals(losses: Sequence[float]) -> int:
    """Return which is best, the simplest first: what is less so saves a hundredth.

    Example
    -------
    >>> simplest_of_equals([1.0, 0.995, 0.9]), simplest_of_equals([1.0, 0.995])
    (2, 0)
    """
    best = 0
    for place, loss in enumerate(losses):
        if loss < (1 - _MARGIN) * losses[best]:
            best = place
    return best


def fit_trained(head: Head, data: Labelled, is_valid: np.ndarray) -> FittedHead:
    """Calibrate a head that was learnt elsewhere on validation speakers.

    Parameters
    ----------
    head : Head
    data : Labelled
        Training and validation.
    is_valid : ndarray of bool, shape (N,)
    """
    valid = data.take(is_valid)
    if not data.n_classes:
        head = data.take(~is_valid).limited(head)
    calibration, errors, loss = _judge(head(valid.vectors), valid, calibrates=True)
    typicality = fit_typicality(data, is_valid.astype(int))
    return FittedHead(head, calibration, typicality, errors, 0.0, loss)


def most_folds(data: Labelled, n_folds: int) -> int:
    """Return how many folds there can be, with a speaker of each class in each.

    Raises
    ------
    ValueError
        A class has one speaker.
    """
    if not data.n_classes:
        return max(2, min(n_folds, len(np.unique(data.speakers))))
    counts = [
        len(np.unique(data.speakers[data.targets == number]))
        for number in range(data.n_classes)
    ]
    if min(counts) < 2:
        raise ValueError("a class of one speaker: nobody to tell how well it is learnt")
    return max(2, min(n_folds, *counts))


class _Judged(NamedTuple):
    """See `FittedHead`: what those say of a head whom it was not learnt on."""

    calibration: Calibration | None
    errors: np.ndarray
    loss: float


def _judge(told: np.ndarray, data: Labelled, calibrates: bool) -> _Judged:
    if not data.n_classes:
        off = np.abs(told - data.targets)
        return _Judged(None, np.quantile(off, LEVELS), float(data.weights @ off))
    if not calibrates:
        return _Judged(None, np.zeros(0), cross_entropy(told, data.targets))
    calibration = fit_calibration(told, data.targets, data.weights)
    loss = cross_entropy(calibration(told), data.targets)
    return _Judged(calibration, np.zeros(0), loss)
