"""Calibration and fusion: scores of one or several systems to one LLR.

A linear map of the scores, and of quality measures if there are any, is trained by
logistic regression in which targets and non-targets are weighed to a prior:
N. Bruemmer, L. Burget et al., "Fusion of heterogeneous speaker recognition systems
in the STBU submission for the NIST SRE 2006", IEEE TASLP 15 (2007), section III.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from utils.backend.parts import Arrays, Settings, Stored
from utils.metrics.costs import OperatingPoint
from utils.metrics.error_rates import convex_hull, error_rates, target_labels
from utils.metrics.thresholds import threshold_at_far

PENALTY = 1e-6  # enough to keep the weights finite where the kinds do not overlap
_FARTHEST = 30  # typical distances from the median; farther values are outliers
_LARGEST = 1e6  # deviations that a value may lie off: placeholders such as -3.4e38 do


@dataclass(frozen=True)
class LinearFusion:
    """An affine map from scores and quality measures to log-likelihood ratios.

    Attributes
    ----------
    weights : ndarray of shape (K,)
        For each system's scores, then for each quality measure.
    offset : float
    prior : float
        Prior of a target trial that it was trained for.

    Example
    -------
    >>> fusion = LinearFusion(np.array([2.0]), -1.0, 0.5)
    >>> fusion(np.array([[3.0], [0.0]])).tolist()
    [5.0, -1.0]
    """

    weights: np.ndarray
    offset: float
    prior: float

    def __call__(self, scores: np.ndarray) -> np.ndarray:
        """Map scores (n_trials, K) to natural-log likelihood ratios (n_trials,)."""
        scores = np.asarray(scores, dtype=np.float64)
        if scores.ndim != 2 or scores.shape[1] != len(self.weights):
            raise ValueError(
                f"scores {scores.shape} do not fit {len(self.weights)} weights"
            )
        return scores @ self.weights + self.offset


def fit_fusion(
    scores: np.ndarray, is_target: np.ndarray, prior: float, penalty: float = 0.0
) -> LinearFusion:
    """Train a calibration (one column) or a fusion (several).

    Parameters
    ----------
    scores : ndarray of shape (n_trials, K)
        Scores of each system and quality measures.
    is_target : ndarray of bool, shape (n_trials,)
        Both kinds must occur.
    prior : float
        Prior of a target trial in (0, 1) that the classes are weighed to.
    penalty : float
        On the squared weights of standardised columns; keeps them finite where the
        kinds do not overlap. Outliers do not count in the standardisation: a penalty
        that grew with them would shrink all weights.

    Returns
    -------
    LinearFusion

    Raises
    ------
    ValueError
        A score is not finite, a kind is missing, a column is constant, or the prior
        is out of range.

    Example
    -------
    >>> rng = np.random.default_rng(0)
    >>> is_target = np.arange(4000) < 2000
    >>> scores = rng.normal(np.where(is_target, 1, -1), 1)[:, None]
    >>> bool(abs(fit_fusion(scores, is_target, 0.5).weights[0] - 2) < 0.2)
    True
    """
    from scipy.optimize import minimize  # slow to import, and used to learn alone
    from scipy.special import expit, logit

    scores = np.asarray(scores, dtype=np.float64)
    is_target = target_labels(is_target)
    _check(scores, is_target, prior)
    centre, spread = _centres_and_spreads(scores)
    standard = np.clip((scores - centre) / spread, -_LARGEST, _LARGEST)
    design = np.column_stack([standard, np.ones(len(scores))])
    sign = np.where(is_target, 1.0, -1.0)
    shares = np.where(
        is_target, prior / is_target.sum(), (1 - prior) / (~is_target).sum()
    )

    def objective(parameters: np.ndarray) -> tuple[float, np.ndarray]:
        margins = sign * (design @ parameters + logit(prior))
        slopes = -shares * sign * expit(-margins)
        ridge = penalty * np.append(parameters[:-1], 0.0)
        loss = shares @ np.logaddexp(0, -margins) + 0.5 * ridge @ parameters
        return loss, design.T @ slopes + ridge

    start = np.zeros(design.shape[1])
    options = {"maxiter": 1000, "ftol": 1e-14, "gtol": 1e-9}
    found = minimize(objective, start, jac=True, method="L-BFGS-B", options=options)
    weights = found.x[:-1] / spread
    return LinearFusion(weights, float(found.x[-1] - weights @ centre), prior)


def _centres_and_spreads(scores: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return each column's mean and standard deviation (K,), without outliers."""
    centres, spreads = np.empty((2, scores.shape[1]))
    for column, values in enumerate(scores.T):
        distances = np.abs(values - np.median(values))
        if not distances.any():
            raise ValueError(f"column {column} of the scores is constant: leave it out")
        # of the values that differ: half of them may be tied
        typical = np.median(distances[distances > 0])
        own = values[distances <= _FARTHEST * typical]
        centres[column], spreads[column] = own.mean(), own.std()
    return centres, spreads


def decision_thresholds(
    llrs: np.ndarray, is_target: np.ndarray, prior: float, far: Sequence[float]
) -> dict[str, float]:
    """Find thresholds on calibrated scores: of the cost at a prior, and of each FAR.

    Example
    -------
    >>> llrs, is_target = np.array([0.5, 1.0, 2.0]), np.array([False, False, True])
    >>> found = decision_thresholds(llrs, is_target, 0.1, [0.5])
    >>> {name: round(value, 3) for name, value in found.items()}
    {'cost at p_target 0.1': 2.197, 'far 0.5': 1.0}
    """
    found = {f"cost at p_target {prior:g}": OperatingPoint(prior).bayes_threshold}
    return found | {
        f"far {rate:g}": threshold_at_far(llrs, is_target, rate) for rate in far
    }


def _check(scores: np.ndarray, is_target: np.ndarray, prior: float) -> None:
    if not 0 < prior < 1:
        raise ValueError(f"prior must lie between 0 and 1, not {prior}")
    if scores.ndim != 2 or is_target.shape != scores.shape[:1]:
        raise ValueError(
            f"scores {scores.shape} must be (trials, systems), with a label a trial "
            f"{is_target.shape}"
        )
    if not np.isfinite(scores).all():
        raise ValueError("scores must be finite: there are NaN or infinite ones")
    if is_target.all() or not is_target.any():
        raise ValueError("calibration needs target and nontarget trials")


@dataclass(frozen=True)
class Calibration(Stored, kind="linear"):
    """A map from a back-end's scores to log-likelihood ratios, and where it is from.

    Attributes
    ----------
    fusion : LinearFusion
        For the score, then the lower and the higher value of each quality measure.
    quality : tuple of str
        See `utils.backend.quality`.
    thresholds : dict of float
        On log-likelihood ratios, by the purpose.
    speakers : tuple of str
        Who must not be among the speakers of a test.
    trained_on : dict
        How many trials; perhaps their manifest.
    """

    fusion: LinearFusion
    quality: tuple[str, ...] = ()
    thresholds: dict[str, float] = field(default_factory=dict)
    speakers: tuple[str, ...] = ()
    trained_on: dict[str, object] = field(default_factory=dict)

    def state(self) -> tuple[Settings, Arrays]:
        """Return all in JSON: it is short, and people read it."""
        own = {key: value for key, value in vars(self).items() if key != "fusion"}
        fusion = vars(self.fusion) | {"weights": self.fusion.weights.tolist()}
        return fusion | own, {}

    @classmethod
    def restored(cls, settings: Settings, arrays: Arrays) -> "Calibration":
        """Build it from its state."""
        own = dict(settings)
        weights = np.array(own.pop("weights"), dtype=np.float64)
        fusion = LinearFusion(weights, own.pop("offset"), own.pop("prior"))
        quality, speakers = tuple(own.pop("quality")), tuple(own.pop("speakers"))
        return cls(fusion, quality, speakers=speakers, **own)


@dataclass(frozen=True)
class PavCalibration:
    """A rising step function from scores to log-likelihood ratios.

    Attributes
    ----------
    edges : ndarray of shape (n_steps - 1,)
        Scores at which the next step starts.
    llrs : ndarray of shape (n_steps,)
        Not falling; finite.
    """

    edges: np.ndarray
    llrs: np.ndarray

    def __call__(self, scores: np.ndarray) -> np.ndarray:
        """Map scores (n_trials,) to natural-log likelihood ratios (n_trials,)."""
        return self.llrs[np.searchsorted(self.edges, scores, side="right")]


def fit_pav(scores: np.ndarray, is_target: np.ndarray) -> PavCalibration:
    """Train the best monotone calibration (pool adjacent violators).

    Half a trial of each kind is added to every step, so that steps with one kind
    alone get a finite ratio.

    Parameters
    ----------
    scores : ndarray of shape (n_trials,)
    is_target : ndarray of bool, shape (n_trials,)

    Returns
    -------
    PavCalibration

    Example
    -------
    >>> calibrate = fit_pav(np.array([0.0, 1.0]), np.array([False, True]))
    >>> calibrate(np.array([-5.0, 5.0])).round(4)
    array([-1.0986,  1.0986])
    """
    hull = convex_hull(error_rates(scores, is_target))
    n_target = int(np.count_nonzero(is_target))
    n_nontarget = len(is_target) - n_target
    targets = np.diff(hull.p_miss) * n_target
    nontargets = -np.diff(hull.p_fa) * n_nontarget
    llrs = np.log((targets + 0.5) / n_target) - np.log((nontargets + 0.5) / n_nontarget)
    below = hull.trials_below(n_target, n_nontarget)[1:-1]  # under each step
    return PavCalibration(np.sort(scores)[below], np.maximum.accumulate(llrs))
