"""Classes in an order, and numbers as levels: one direction, and where it is cut.

W. Cao, V. Mirjalili and S. Raschka, "Rank consistent ordinal regression for neural
networks", Pattern Recognition Letters 140, 2020 (CORAL): K - 1 logistic regressions of
whether a level is above k, of the same weights and of offsets of their own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from scipy.special import expit, log_expit

from utils.attributes.heads import CUMULATIVE, Head, Layer
from utils.attributes.learning import Labelled, Learner, learn_as_classes


@dataclass(frozen=True)
class Ordinal(Learner):
    """Ordinal regression of classes that are in order, or of levels of a number.

    Attributes
    ----------
    settings : sequence of float
        Weights of the squared coefficients, of standardised embeddings.
    n_levels : int
        Levels of a number.
    """

    needs_order: ClassVar[bool] = True
    settings: Sequence[float]
    n_levels: int

    def learn(self, data: Labelled, setting: float) -> Head:
        """Learn a head; classes, or levels, are weighed to be equally likely."""
        return learn_as_classes(
            data, self.n_levels, lambda own: _cut_direction(own, setting), CUMULATIVE
        )


def _cut_direction(data: Labelled, penalty: float) -> Layer:
    """Minimise `ordinal_loss` with a penalty on the direction, by L-BFGS.

    The offsets of the minimum fall from cut to cut (theorem 1 of the paper), so that
    no level has a negative probability.
    """
    from scipy.optimize import minimize

    n_dims, n_cuts = data.vectors.shape[1], data.n_classes - 1

    def objective(parameters: np.ndarray) -> tuple[float, np.ndarray]:
        direction, offsets = parameters[:n_dims], parameters[n_dims:]
        logits = (data.vectors @ direction)[:, None] + offsets  # (N, K - 1)
        loss, slopes = ordinal_loss(logits, data.targets, data.weights)
        loss += 0.5 * penalty * direction @ direction
        of_direction = data.vectors.T @ slopes.sum(axis=1) + penalty * direction
        return loss, np.concatenate([of_direction, slopes.sum(axis=0)])

    found = minimize(objective, np.zeros(n_dims + n_cuts), jac=True, method="L-BFGS-B")
    direction, offsets = found.x[:n_dims], found.x[n_dims:]
    offsets = np.sort(offsets)[::-1]  # of a search that ended a little before
    return Layer(np.repeat(direction[:, None], n_cuts, axis=1), offsets)


def ordinal_loss(
    logits: np.ndarray, levels: np.ndarray, weights: np.ndarray
) -> tuple[float, np.ndarray]:
    """Return CORAL's loss, equation (4), and its slopes by the logits.

    Parameters
    ----------
    logits : ndarray of shape (N, K - 1)
        Log-odds of a level above k.
    levels : ndarray of int, shape (N,)
        From 0 to K - 1.
    weights : ndarray of shape (N,)

    Example
    -------
    >>> loss, slopes = ordinal_loss(np.zeros((1, 2)), np.array([1]), np.ones(1))
    >>> round(loss, 4), slopes.tolist()  # twice the logarithm of two
    (1.3863, [[-0.5, 0.5]])
    """
    is_above = levels[:, None] > np.arange(logits.shape[1])  # (N, K - 1)
    logs = log_expit(np.where(is_above, logits, -logits))
    slopes = expit(logits) - is_above
    return -float(weights @ logs.sum(axis=1)), weights[:, None] * slopes
