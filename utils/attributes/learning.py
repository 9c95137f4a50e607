"""Heads that are learnt: linear, Gaussian, and the two baselines.

Each learner takes labelled embeddings and one of its settings, of which `fit_head`
chooses by speakers that are held out of the training.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import numpy as np

from utils.attributes.heads import (
    EXPECTED,
    NEAREST,
    PLAIN,
    Head,
    Layer,
    balanced_weights,
    speaker_weights,
)
from utils.backend.transforms import shrunk

LEAST_VARIANCE = 1e-12  # of embeddings that are all alike


class Labelled(NamedTuple):
    """Embeddings and what they are of.

    Attributes
    ----------
    vectors : ndarray of shape (N, D)
    targets : ndarray of shape (N,)
        Classes from 0, or numbers.
    speakers : ndarray of str, shape (N,)
    n_classes : int
        0 for a number.
    """

    vectors: np.ndarray
    targets: np.ndarray
    speakers: np.ndarray
    n_classes: int

    def take(self, rows: np.ndarray) -> Labelled:
        """Return some of them, by place or by a mask."""
        return Labelled(
            self.vectors[rows], self.targets[rows], self.speakers[rows], self.n_classes
        )

    @property
    def weights(self) -> np.ndarray:
        """How much each counts: speakers alike, and classes alike; (N,), sum 1."""
        if self.n_classes:
            return balanced_weights(self.targets, self.speakers)
        return speaker_weights(self.speakers)

    def standardise(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return vectors (N, D) of mean 0 and deviation 1, and both (D,)."""
        weights = self.weights
        mean = weights @ self.vectors
        scale = np.sqrt(weights @ (self.vectors - mean) ** 2)
        scale = np.where(scale > 1e-9, scale, 1.0)
        return (self.vectors - mean) / scale, mean, scale

    def limited(self, head: Head) -> Head:
        """Keep the numbers of a head within those of the training."""
        return Head(
            head.layers, head.ending, head.values, 0,
            float(self.targets.min()), float(self.targets.max()),
        )  # fmt: skip


class Learner:
    """Learns heads.

    Attributes
    ----------
    settings : sequence of float
        To choose from; the simplest first.
    needs_calibration : bool
        Whether its log-likelihoods are to be calibrated.
    needs_order : bool
        Whether classes have to be in an order.
    """

    settings: Sequence[float]
    needs_calibration: ClassVar[bool] = True
    needs_order: ClassVar[bool] = False

    def learn(self, data: Labelled, setting: float) -> Head:
        """Learn a head."""
        raise NotImplementedError


@dataclass(frozen=True)
class Linear(Learner):
    """Multinomial logistic regression, or ridge regression of a number.

    Attributes
    ----------
    settings : sequence of float
        Weights of the squared coefficients, of standardised embeddings.
    """

    settings: Sequence[float]

    def learn(self, data: Labelled, setting: float) -> Head:
        """Learn a head; the classes are weighed to be equally likely."""
        vectors, mean, scale = data.standardise()
        if data.n_classes:
            layer = _logistic(vectors, data, setting)
            return Head((layer,), n_classes=data.n_classes).of_standardised(mean, scale)
        weights, centre = data.weights, data.weights @ data.targets
        gram = (vectors.T * weights) @ vectors + setting * np.eye(vectors.shape[1])
        slope = np.linalg.solve(gram, vectors.T @ (weights * (data.targets - centre)))
        layer = Layer(slope[:, None], np.array([centre]))
        return data.limited(Head((layer,)).of_standardised(mean, scale))


def _logistic(vectors: np.ndarray, data: Labelled, penalty: float) -> Layer:
    """Minimise the weighted cross-entropy with a penalty, by L-BFGS."""
    from scipy.optimize import minimize
    from scipy.special import log_softmax

    n_dims, n_classes = vectors.shape[1], data.n_classes
    truth, weights = np.eye(n_classes)[data.targets], data.weights

    def objective(parameters: np.ndarray) -> tuple[float, np.ndarray]:
        matrix = parameters.reshape(n_dims + 1, n_classes)
        logs = log_softmax(vectors @ matrix[:-1] + matrix[-1], axis=1)  # (N, K)
        slopes = weights[:, None] * (np.exp(logs) - truth)
        gradient = np.vstack([vectors.T @ slopes, slopes.sum(axis=0)])
        gradient[:-1] += penalty * matrix[:-1]
        loss = -weights @ (logs * truth).sum(axis=1)
        loss += 0.5 * penalty * np.sum(matrix[:-1] ** 2)
        return loss, gradient.ravel()

    start = np.zeros((n_dims + 1) * n_classes)
    found = minimize(objective, start, jac=True, method="L-BFGS-B").x
    matrix = found.reshape(n_dims + 1, n_classes)
    return Layer(matrix[:-1], matrix[-1])


@dataclass(frozen=True)
class Gaussian(Learner):
    """A Gaussian for each class, of one shared covariance: linear discriminants.

    A number is told as the expectation over levels that are as likely.

    Attributes
    ----------
    settings : sequence of float
        Shares of the covariance that are a multiple of the identity.
    n_levels : int
        Levels of a number.
    """

    settings: Sequence[float]
    n_levels: int

    def learn(self, data: Labelled, setting: float) -> Head:
        """Learn a head, on standardised embeddings."""
        ending = PLAIN if data.n_classes else EXPECTED
        return learn_as_classes(
            data, self.n_levels, lambda own: _discriminants(own, setting), ending
        )


def learn_as_classes(
    data: Labelled, n_levels: int, fit: Callable[[Labelled], Layer], ending: str
) -> Head:
    """Learn one layer of classes, or of levels of a number, as of classes.

    Parameters
    ----------
    data : Labelled
    n_levels : int
        Levels of a number.
    fit : callable
        Makes the layer of standardised embeddings of classes.
    ending : str
        See `utils.attributes.heads.Head`.
    """
    vectors, mean, scale = data.standardise()
    plain = data._replace(vectors=vectors)
    if data.n_classes:
        head = Head((fit(plain),), ending, n_classes=data.n_classes)
        return head.of_standardised(mean, scale)
    levels, values = number_levels(data, n_levels)
    of_levels = plain._replace(targets=levels, n_classes=len(values))
    head = Head((fit(of_levels),), ending, values)
    return data.limited(head.of_standardised(mean, scale))


def _discriminants(data: Labelled, shrinkage: float) -> Layer:
    """Return log N(x; m_k, W) without what all classes have in common.

    x' W^-1 m_k - m_k' W^-1 m_k / 2: R. Duda, P. Hart and D. Stork, "Pattern
    Classification" (2001), equation (2.62). W is that within classes, of speakers,
    too, who differ within a class.
    """
    weights, n_classes = data.weights, data.n_classes
    shares = weights[:, None] * np.eye(n_classes)[data.targets]  # (N, K)
    totals = np.maximum(shares.sum(axis=0), 1e-12)
    means = (shares.T @ data.vectors) / totals[:, None]  # (K, D)
    within = data.vectors - means[data.targets]
    covariance = (within.T * weights) @ within
    covariance = shrunk(covariance, shrinkage, LEAST_VARIANCE)
    slopes = np.linalg.solve(covariance, means.T)  # (D, K)
    return Layer(slopes, -0.5 * np.sum(means.T * slopes, axis=0))


def number_levels(data: Labelled, n_levels: int) -> tuple[np.ndarray, np.ndarray]:
    """Divide numbers into levels of as many speakers.

    Returns
    -------
    levels : ndarray of int, shape (N,)
    values : ndarray of shape (n_levels or fewer,)
        Mean number of each level.
    """
    order = np.argsort(data.targets, kind="stable")
    heights = np.cumsum(data.weights[order])
    edges = [
        data.targets[order][min(np.searchsorted(heights, share), len(order) - 1)]
        for share in np.arange(1, n_levels) / n_levels
    ]
    levels = np.searchsorted(np.unique(edges), data.targets, side="right")
    levels = np.unique(levels, return_inverse=True)[1]
    weights = data.weights
    totals = np.bincount(levels, weights)
    return levels, np.bincount(levels, weights * data.targets) / totals


class NearestSpeaker(Learner):
    """The label of the nearest training speaker, by the cosine to their mean.

    It knows nothing of the label but who has it. A speaker of several classes is one
    in each of them.
    """

    settings = (0.0,)

    def learn(self, data: Labelled, setting: float) -> Head:
        """Average the embeddings of every speaker and class, or of every speaker."""
        unit = data.vectors / np.maximum(
            np.linalg.norm(data.vectors, axis=1, keepdims=True), 1e-12
        )
        who = np.unique(data.speakers, return_inverse=True)[1]
        if data.n_classes:
            who = np.unique(who * data.n_classes + data.targets, return_inverse=True)[1]
        counts = np.bincount(who)
        means = np.stack([np.bincount(who, column) for column in unit.T])  # (D, S)
        values = np.bincount(who, data.targets) / counts
        lengths = np.maximum(np.linalg.norm(means, axis=0), 1e-12)
        layer = Layer(means / lengths, np.zeros(len(counts)))
        return Head((layer,), NEAREST, values, data.n_classes)


class Majority(Learner):
    """The class of most training speakers, or their median number, for everybody."""

    settings = (0.0,)
    needs_calibration = False

    def learn(self, data: Labelled, setting: float) -> Head:
        """Count the speakers."""
        n_dims = data.vectors.shape[1]
        pairs = np.unique(
            np.column_stack([data.speakers, data.targets.astype(str)]), axis=0
        )
        if not data.n_classes:
            middle = np.median(pairs[:, 1].astype(float))
            return Head((Layer(np.zeros((n_dims, 1)), np.array([middle])),))
        counts = np.bincount(pairs[:, 1].astype(int), minlength=data.n_classes)
        layer = Layer(np.zeros((n_dims, data.n_classes)), np.log(counts / counts.sum()))
        return Head((layer,), n_classes=data.n_classes)
