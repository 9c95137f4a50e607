"""Numbers told from speech, such as an age in years.

Conventions
-----------
``true`` and ``told`` are arrays of shape (N,); ``weights`` say how often each counts.

Metrics
-------
`mean_absolute_error`, `root_mean_squared_error` (in the unit of the numbers) and
`correlation` (Pearson's).
"""

import numpy as np

Weights = np.ndarray | None


def mean_absolute_error(
    true: np.ndarray, told: np.ndarray, weights: Weights = None
) -> float:
    """Return how far numbers are off on average.

    Example
    -------
    >>> mean_absolute_error(np.array([20.0, 30.0]), np.array([21.0, 33.0]))
    2.0
    """
    return float(np.average(np.abs(told - true), weights=weights))


def root_mean_squared_error(
    true: np.ndarray, told: np.ndarray, weights: Weights = None
) -> float:
    """Return the root of the mean squared error.

    Example
    -------
    >>> root_mean_squared_error(np.array([0.0, 0.0]), np.array([3.0, 3.0]))
    3.0
    """
    return float(np.sqrt(np.average((told - true) ** 2, weights=weights)))


def correlation(true: np.ndarray, told: np.ndarray, weights: Weights = None) -> float:
    """Return Pearson's correlation; 0 where one side is constant.

    Example
    -------
    >>> round(correlation(np.array([1.0, 2.0]), np.array([5.0, 9.0])), 6)
    1.0
    """
    one, other = (x - np.average(x, weights=weights) for x in (true, told))
    covariance = np.average(one * other, weights=weights)
    spreads = [np.average(x**2, weights=weights) for x in (one, other)]
    product = float(np.sqrt(spreads[0] * spreads[1]))
    return float(covariance / product) if product > 0 else 0.0
