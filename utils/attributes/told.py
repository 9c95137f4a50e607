"""What a system told of a test, evaluated by utterances and by speakers."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from utils.attributes.labels import Task
from utils.metrics.classification.confusion import confusion_matrix
from utils.metrics.classification.evaluation import (
    class_samples,
    describe_classes,
    evaluate_classes,
    evaluate_numbers,
    limits_of,
    number_samples,
)
from utils.metrics.classification.numbers import mean_absolute_error

APART, SHARED = "apart", "shared"
DIVISIONS = {APART: "part", SHARED: "shared_part"}  # columns of the manifests
BASELINES, PROBES = ("majority", "nearest-speaker"), ("pauses", "averages")
_KINDS = {"baseline": BASELINES, "recording alone": PROBES}
_DECADE = 10


class Told(NamedTuple):
    """What a system told of the utterances of a test.

    Attributes
    ----------
    system : str
        Such as ``linear``.
    division : str
        ``apart`` or ``shared``: see `utils.attributes.division`.
    values : ndarray of shape (N, K) or (N,)
        Log-likelihoods of classes, or numbers.
    targets : ndarray of shape (N,)
        The true classes, or numbers.
    speakers : ndarray of str, shape (N,)
    """

    system: str
    division: str
    values: np.ndarray
    targets: np.ndarray
    speakers: np.ndarray

    @property
    def order(self) -> tuple[int, int, str]:
        """Its place in the table: what is true first, baselines before heads."""
        names = [*BASELINES, *PROBES]
        place = names.index(self.system) if self.system in names else len(names)
        return int(self.division == SHARED), place, self.system


def evaluate_told(
    told: Told, task: Task, n_resamples: int, seed: int
) -> dict[str, Any]:
    """Compute the metrics of a system, with intervals over speakers.

    Returns
    -------
    dict
        ``system``, ``kind`` (baseline, recording alone or head), ``speakers``
        (``apart`` or ``shared``), metrics, ``ci``, counts; of classes also
        ``per_class`` and ``confusion``, of numbers ``per_decade``; ``by_speaker``, the
        metrics of speakers by all of their utterances, where each has one label.
    """
    kind = next((kind for kind, own in _KINDS.items() if told.system in own), "head")
    found: dict[str, Any] = {
        "system": told.system,
        "kind": kind,
        "speakers": told.division,
        "n_utterances": len(told.targets),
        "n_speakers": len(np.unique(told.speakers)),
    }
    data, pooled = (told.values, told.targets), pool_speakers(told)
    evaluate = evaluate_numbers if task.is_number else evaluate_classes
    found |= evaluate(*data)
    if pooled:
        found["by_speaker"] = evaluate(*pooled)
    if task.is_number:
        samples = number_samples(*data, told.speakers, n_resamples, seed)
        found["per_decade"] = errors_by_decade(told)
    else:
        samples = class_samples(*data, told.speakers, n_resamples, seed)
        found["per_class"] = describe_classes(*data, task.classes)
        decided = told.values.argmax(axis=1)
        matrix = confusion_matrix(told.targets, decided, len(task.classes))
        found["confusion"] = matrix.astype(int).tolist()
    return found | {"ci": limits_of(samples)}


def pool_speakers(told: Told) -> tuple[np.ndarray, np.ndarray] | None:
    """Average what was told over the utterances of each speaker.

    Returns
    -------
    values : ndarray of shape (S, K) or (S,)
        Mean log-likelihoods, or numbers.
    targets : ndarray of shape (S,)
        Or None for both, where the label changes within a speaker.

    Example
    -------
    >>> values, targets = np.array([12.0, 16.0, 30.0]), np.array([11, 11, 25])
    >>> told = Told("linear", APART, values, targets, np.array(["a", "a", "b"]))
    >>> [values.tolist() for values in pool_speakers(told)]
    [[14.0, 30.0], [11, 25]]
    """
    _, first, speaker = np.unique(told.speakers, return_index=True, return_inverse=True)
    targets = told.targets[first]
    if (targets[speaker] != told.targets).any():
        return None
    sums = np.zeros((len(first), *told.values.shape[1:]))
    np.add.at(sums, speaker, told.values)
    counts = np.bincount(speaker).reshape(-1, *[1] * (sums.ndim - 1))
    return sums / counts, targets


def errors_by_decade(told: Told) -> dict[str, dict[str, float]]:
    """Return the mean absolute error in each ten of the true number.

    Example
    -------
    >>> told = Told("linear", APART, np.array([12.0, 30.0]), np.array([11.0, 25.0]),
    ...             np.array(["a", "b"]))
    >>> {name: own["mae"] for name, own in errors_by_decade(told).items()}
    {'10 to 19': 1.0, '20 to 29': 5.0}
    """
    decades = np.floor(told.targets / _DECADE).astype(int) * _DECADE
    found = {}
    for low in np.unique(decades):
        inside = decades == low
        found[f"{low} to {low + _DECADE - 1}"] = {
            "mae": mean_absolute_error(told.targets[inside], told.values[inside]),
            "n_speakers": len(np.unique(told.speakers[inside])),
        }
    return found
