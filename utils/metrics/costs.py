"""Detection costs: operating points, and those of the NIST evaluations by name.

Metrics
-------
`OperatingPoint.cost` and its minimum, `min_cost`. `PRESETS` holds the points that
evaluations average over.
"""

from dataclasses import dataclass
from typing import NamedTuple, TypeVar

import numpy as np

from utils.metrics.error_rates import ErrorRates, target_labels

Rate = TypeVar("Rate", float, np.ndarray)


@dataclass(frozen=True)
class OperatingPoint:
    """A prior and two costs.

    Attributes
    ----------
    p_target : float
        Prior probability of a target trial, in (0, 1).
    c_miss, c_fa : float
        Costs of a miss and of a false alarm, above 0.

    Raises
    ------
    ValueError
        A value is out of its range.

    Example
    -------
    >>> point = OperatingPoint(0.01)
    >>> round(point.bayes_threshold, 4), point.norm
    (4.5951, 0.01)
    """

    p_target: float
    c_miss: float = 1.0
    c_fa: float = 1.0

    def __post_init__(self) -> None:
        """Check the ranges."""
        if not 0 < self.p_target < 1:
            raise ValueError(f"p_target must lie between 0 and 1, not {self.p_target}")
        if not (0 < self.c_miss < np.inf and 0 < self.c_fa < np.inf):
            raise ValueError("costs must be above 0, and finite")

    @property
    def name(self) -> str:
        """The prior, after both costs where these are not 1."""
        if self.c_miss == self.c_fa == 1:
            return str(self.p_target)
        return f"{self.c_miss:g},{self.c_fa:g},{self.p_target}"

    @property
    def norm(self) -> float:
        """Cost of the better of accepting all and rejecting all."""
        return min(self.c_miss * self.p_target, self.c_fa * (1 - self.p_target))

    @property
    def bayes_threshold(self) -> float:
        """Natural-log likelihood ratio at and above which accepting costs less."""
        odds = self.c_miss * self.p_target / (self.c_fa * (1 - self.p_target))
        return float(-np.log(odds))

    def cost(self, p_miss: Rate, p_fa: Rate) -> Rate:
        """Return the normalised cost of error rates.

        [C_miss P_miss p + C_fa P_fa (1 - p)] / min(C_miss p, C_fa (1 - p)): NIST
        2016 Speaker Recognition Evaluation Plan, performance measurement,
        equations 1 to 3.
        """
        miss = self.c_miss * self.p_target / self.norm
        alarm = self.c_fa * (1 - self.p_target) / self.norm
        return miss * p_miss + alarm * p_fa


def parse_point(text: str) -> OperatingPoint:
    """Read a prior, or ``C_miss,C_fa,P_target``.

    Raises
    ------
    ValueError
        It is neither, or a value is out of its range.

    Example
    -------
    >>> parse_point("10,1,0.01")
    OperatingPoint(p_target=0.01, c_miss=10.0, c_fa=1.0)
    """
    try:
        *costs, p_target = map(float, text.split(","))
    except ValueError:
        costs = [0.0]
    if len(costs) not in (0, 2):
        raise ValueError(f"{text}: write C_miss,C_fa,P_target, such as 10,1,0.01")
    return OperatingPoint(p_target, *costs)


class Preset(NamedTuple):
    """The primary cost of an evaluation: a mean over operating points.

    Attributes
    ----------
    points : tuple of OperatingPoint
    is_equalised : bool
        The plan gives every partition of the trials (by gender, language, ...) the
        same weight; see `equalising_weights`.
    source : str
    """

    points: tuple[OperatingPoint, ...]
    is_equalised: bool
    source: str

    @property
    def names(self) -> list[str]:
        """The points as text, see `parse_point`."""
        return [point.name for point in self.points]


def _preset(*p_targets: float, is_equalised: bool, source: str) -> Preset:
    """Make a preset of unit costs."""
    return Preset(tuple(map(OperatingPoint, p_targets)), is_equalised, source)


PRESETS = {
    "voxceleb": _preset(
        0.01, 0.05, is_equalised=False, source="usual in papers on VoxCeleb"
    ),
    "voxsrc": _preset(
        0.05, is_equalised=False, source="VoxSRC 2020-2023, track descriptions"
    ),
    "sre16": _preset(
        0.01,
        0.005,
        is_equalised=True,
        source="NIST SRE16 plan, performance measurement",
    ),
    "sre18-cmn2": _preset(
        0.01,
        0.005,
        is_equalised=True,
        source="NIST SRE18 plan, performance measurement",
    ),
    "sre19-cts": _preset(
        0.01,
        0.005,
        is_equalised=True,
        source="NIST SRE19 CTS plan, performance measurement",
    ),
    "sre21": _preset(
        0.01,
        0.05,
        is_equalised=True,
        source="NIST SRE21, points as in hyperion's recipe",
    ),
}


def find_preset(text: str) -> Preset:
    """Return the cost of an evaluation by name, or of one point.

    Raises
    ------
    ValueError
        It is no name, and see `parse_point`.

    Example
    -------
    >>> find_preset("10,1,0.01").names
    ['10,1,0.01']
    """
    if text in PRESETS:
        return PRESETS[text]
    return Preset((parse_point(text),), False, "as given")


def min_cost(rates: ErrorRates, point: OperatingPoint) -> float:
    """Return the normalised cost at the best threshold, in [0, 1]."""
    return float(point.cost(rates.p_miss, rates.p_fa).min())


def equalising_weights(is_target: np.ndarray, partition: np.ndarray) -> np.ndarray:
    """Weigh trials so that every partition counts alike.

    The error rates are then means of the partitions' rates, as the NIST plans of
    2016 to 2021 define their primary costs.

    Parameters
    ----------
    is_target : ndarray of bool, shape (n_trials,)
    partition : ndarray of shape (n_trials,)
        Any label, such as ``f/yue/1``.

    Returns
    -------
    ndarray of shape (n_trials,)

    Example
    -------
    >>> is_target = np.array([True, True, True, False, False])
    >>> equalising_weights(is_target, np.array(["f", "f", "m", "f", "m"])).tolist()
    [0.5, 0.5, 1.0, 1.0, 1.0]
    """
    codes = np.unique(partition, return_inverse=True)[1]
    group = 2 * codes + target_labels(is_target)
    return 1.0 / np.bincount(group)[group]
