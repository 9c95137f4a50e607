"""What tells classes or a number from an embedding: dense layers, kept as arrays."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np
from scipy.special import expit, log_softmax, softmax

PLAIN, NEAREST, EXPECTED = "plain", "nearest", "expected"
CUMULATIVE = "cumulative"
_LEAST = 1e-12  # probability


class Layer(NamedTuple):
    """A dense layer: weights (n_in, n_out) and offsets (n_out,)."""

    weights: np.ndarray
    offsets: np.ndarray

    def scaled(self, centre: float, spread: float) -> Layer:
        """Return the layer of plain numbers, learnt on (number - centre) / spread."""
        return Layer(self.weights * spread, self.offsets * spread + centre)


@dataclass(frozen=True)
class Head:
    """Map embeddings to log-likelihoods of classes, or to numbers.

    Attributes
    ----------
    layers : tuple of Layer
        With rectifiers (ReLU) between them. Embeddings are of unit length.
    ending : str
        What the last layer's outputs (N, M) are. ``plain``: log-likelihoods of the
        classes, or one number; ``nearest``: similarities to M training speakers, of
        which the nearest of each class, or the nearest of all, counts; ``expected``:
        log-likelihoods of M levels of a number, whose expectation is told;
        ``cumulative``: log-odds of being above each of the M cuts between classes, or
        levels of a number, in their order.
    values : ndarray of shape (M,), or (M + 1,) where cumulative
        Class or number of each output; of no use in ``plain``, nor of classes in
        ``cumulative``.
    n_classes : int
        0 for a number.
    lowest, highest : float
        Limits of a number: those of the training.

    Example
    -------
    >>> layer = Layer(np.array([[1.0, -1.0]]), np.zeros(2))
    >>> Head((layer,), n_classes=2)(np.array([[3.0]])).tolist()
    [[3.0, -3.0]]
    """

    layers: tuple[Layer, ...]
    ending: str = PLAIN
    values: np.ndarray = field(default_factory=lambda: np.zeros(0))
    n_classes: int = 0
    lowest: float = -np.inf
    highest: float = np.inf

    def __call__(self, embeddings: np.ndarray) -> np.ndarray:
        """Map embeddings (N, D) to log-likelihoods (N, K), or to numbers (N,)."""
        outputs = np.asarray(embeddings, dtype=np.float64)
        for place, layer in enumerate(self.layers):
            outputs = outputs if place == 0 else np.maximum(outputs, 0)
            outputs = outputs @ layer.weights + layer.offsets  # (N, M)
        if self.ending == CUMULATIVE:
            outputs = cumulative_to_classes(outputs)
        if self.n_classes:
            return self._classes(outputs)
        return np.clip(self._numbers(outputs), self.lowest, self.highest)

    def _classes(self, outputs: np.ndarray) -> np.ndarray:
        if self.ending != NEAREST:
            return outputs
        unlike = outputs.min(axis=1, initial=-1.0)  # of a class of no speaker
        best = [
            outputs[:, self.values == number].max(axis=1, initial=-1.0)
            if (self.values == number).any()
            else unlike
            for number in range(self.n_classes)
        ]
        return np.stack(best, axis=1)

    def _numbers(self, outputs: np.ndarray) -> np.ndarray:
        if self.ending == NEAREST:
            return self.values[outputs.argmax(axis=1)]
        if self.ending in (EXPECTED, CUMULATIVE):
            return softmax(outputs, axis=1) @ self.values
        return outputs[:, 0]

    @property
    def n_dims(self) -> int:
        """Dimensions D of the embeddings that it takes."""
        return len(self.layers[0].weights)

    @property
    def n_parameters(self) -> int:
        """Weights and offsets: the fewer, the simpler."""
        return sum(own.weights.size + own.offsets.size for own in self.layers)

    def of_standardised(self, mean: np.ndarray, scale: np.ndarray) -> Head:
        """Return the head of plain embeddings, learnt on (x - mean) / scale."""
        weights, offsets = self.layers[0]
        weights = weights / scale[:, None]
        first = Layer(weights, offsets - mean @ weights)
        return replace(self, layers=(first, *self.layers[1:]))


def cumulative_to_classes(log_odds: np.ndarray) -> np.ndarray:
    """Turn log-odds (N, K - 1) of being above each cut into log-probabilities (N, K).

    Example
    -------
    >>> np.exp(cumulative_to_classes(np.log([[3.0, 1.0]]))).round(2).tolist()
    [[0.25, 0.25, 0.5]]
    """
    above = np.pad(expit(log_odds), ((0, 0), (1, 1)))
    above[:, 0] = 1
    return np.log(np.maximum(above[:, :-1] - above[:, 1:], _LEAST))


@dataclass(frozen=True)
class Calibration:
    """An affine map of log-likelihoods, by which probabilities come true.

    N. Bruemmer and D. van Leeuwen, "On calibration of language recognition scores",
    Odyssey 2006, equation (4).

    Attributes
    ----------
    scale : float
    offsets : ndarray of shape (K,)
    """

    scale: float
    offsets: np.ndarray

    def __call__(self, log_likelihoods: np.ndarray) -> np.ndarray:
        """Map log-likelihoods (N, K); each row's mean is taken off."""
        made = self.scale * log_likelihoods + self.offsets
        return made - made.mean(axis=1, keepdims=True)


def fit_calibration(
    log_likelihoods: np.ndarray, labels: np.ndarray, weights: np.ndarray
) -> Calibration:
    """Learn a calibration on log-likelihoods of data that the head has not seen.

    Parameters
    ----------
    log_likelihoods : ndarray of shape (N, K)
    labels : ndarray of int, shape (N,)
    weights : ndarray of shape (N,)
        At best those of `balanced_weights`, so that classes are equally likely.

    Example
    -------
    >>> rng = np.random.default_rng(0)
    >>> labels = np.arange(4000) % 2
    >>> scores = rng.normal(2.0 * np.eye(2)[labels], 1.0)  # ratios are right as 2 x
    >>> found = fit_calibration(3 * scores, labels, np.full(4000, 1 / 4000))
    >>> bool(abs(3 * found.scale - 2) < 0.2)
    True
    """
    from scipy.optimize import minimize

    n_classes = log_likelihoods.shape[1]
    spread = max(float(np.std(log_likelihoods)), 1e-9)
    scores, truth = log_likelihoods / spread, np.eye(n_classes)[labels]
    weights = weights / weights.sum()

    def objective(parameters: np.ndarray) -> tuple[float, np.ndarray]:
        scale, offsets = np.exp(parameters[0]), parameters[1:]
        logs = log_softmax(scale * scores + offsets, axis=1)
        slopes = weights[:, None] * (np.exp(logs) - truth)  # (N, K)
        loss = -weights @ logs[np.arange(len(labels)), labels]
        penalty = 1e-4 * parameters  # where the classes do not overlap
        of_scale = scale * np.sum(slopes * scores)
        gradient = np.append(of_scale, slopes.sum(axis=0)) + penalty
        return loss + 0.5 * parameters @ penalty, gradient

    found = minimize(objective, np.zeros(n_classes + 1), jac=True, method="L-BFGS-B").x
    return Calibration(float(np.exp(found[0]) / spread), found[1:])


def balanced_weights(labels: np.ndarray, speakers: np.ndarray) -> np.ndarray:
    """Weigh utterances so that classes count alike, and speakers within a class.

    Parameters
    ----------
    labels : ndarray of int, shape (N,)
    speakers : ndarray of shape (N,)

    Returns
    -------
    ndarray of shape (N,)
        Sums to 1.

    Example
    -------
    >>> balanced_weights(np.array([0, 0, 0, 1]), np.array(list("aabc"))).tolist()
    [0.125, 0.125, 0.25, 0.5]
    """
    pairs = [f"{number} {name}" for number, name in zip(labels, speakers, strict=True)]
    of_speaker = speaker_weights(pairs)
    totals = np.bincount(labels, of_speaker)
    return of_speaker / totals[labels] / (totals > 0).sum()


def centre_and_spread(numbers: np.ndarray, weights: np.ndarray) -> tuple[float, float]:
    """Return mean and deviation of numbers (N,) with weights (N,) that sum to 1.

    Example
    -------
    >>> centre_and_spread(np.array([1.0, 3.0]), np.array([0.5, 0.5]))
    (2.0, 1.0)
    """
    centre = float(weights @ numbers)
    return centre, max(float(np.sqrt(weights @ (numbers - centre) ** 2)), 1e-9)


def speaker_weights(speakers: np.ndarray | list[str]) -> np.ndarray:
    """Weigh utterances so that speakers count alike: (N,), which sum to 1."""
    _, speaker, counts = np.unique(speakers, return_inverse=True, return_counts=True)
    return 1 / counts[speaker] / len(counts)
