"""By how much other people's ratios rise as there is more of a voice."""

from dataclasses import dataclass

import numpy as np

from utils.backend.backend import Backend, MeasuredModels
from utils.backend.pairs import PairScorer

_RAREST = 10  # false alarms that a rate is measured on
_FARS = np.geomspace(0.05, 0.001, 20)  # where thresholds lie


@dataclass(frozen=True)
class Rise:
    """How much higher a threshold has to be for more than it was measured on.

    Attributes
    ----------
    at : tuple of float
        Amounts of a voice, recordings or seconds, rising; thresholds were measured on
        the first.
    llrs : tuple of float
        By how much ratios of different people rise until there; from 0.
    """

    at: tuple[float, ...] = (1.0,)
    llrs: tuple[float, ...] = (0.0,)

    def __call__(self, amount: float) -> float:
        """Return the rise at an amount; nothing for less than the first.

        Beyond the last it grows as 1 - first/amount does, and so ends somewhere: what
        is chance in a mean falls as 1/amount.

        Example
        -------
        >>> rise = Rise((1.0, 2.0), (0.0, 1.0))
        >>> rise(0.5), rise(1.5), rise(2), rise(4)
        (0.0, 0.5, 1.0, 1.5)
        """
        first, last = self.at[0], self.at[-1]
        if amount <= last or first == last:
            return float(np.interp(amount, self.at, self.llrs))
        return self.llrs[-1] * (1 - first / amount) / (1 - first / last)

    def then(self, amount: float, before: np.ndarray, after: np.ndarray) -> "Rise":
        """Add an amount: the median difference of thresholds, but never a fall.

        Parameters
        ----------
        amount : float
            More than the last.
        before, after : ndarray of shape (n_rates,)
            Thresholds of the same rates at the first amount, and at this one.

        Example
        -------
        >>> Rise().then(2, np.array([1.0, 2.0]), np.array([1.5, 2.5]))
        Rise(at=(1.0, 2), llrs=(0.0, 0.5))
        """
        rise = max(float(np.median(after - before)), self.llrs[-1])
        return Rise((*self.at, amount), (*self.llrs, rise))


def threshold_of_others(
    backend: Backend,
    models: MeasuredModels,
    tests: MeasuredModels,
    is_other: np.ndarray,
) -> np.ndarray:
    """Return the ratios that other people's trials exceed at each of several rates.

    Parameters
    ----------
    backend : Backend
        Calibrated.
    models, tests : MeasuredModels
        N and M of them.
    is_other : ndarray of bool, shape (N, M)
        Whether the two are different people; some are.

    Returns
    -------
    ndarray of shape (n_rates,)
        From a rate of 5 % to the rarest that the trials support.
    """
    others = PairScorer(backend, models, tests)(slice(None))[is_other]
    supported = _FARS[_FARS * len(others) >= _RAREST]
    fars = supported if len(supported) else _FARS[:1]
    return np.quantile(others, 1 - fars)
