"""Parts of a trial list: by a label of the speakers, or by bins of a number.

A slice of a label holds the trials both of whose sides have that label; all others
are ``different``. A number is taken from the side where it is smaller (the shorter
duration, the lower SNR), or with ``gap:`` the distance between both sides.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from utils.runtime.errors import UserError

if TYPE_CHECKING:
    import pandas as pd

DIFFERENT = "different"


class SliceSpec(NamedTuple):
    """How to slice, as read from ``[gap:]COLUMN[=EDGE,EDGE,...]``.

    Attributes
    ----------
    column : str
    is_gap : bool
        Slice by the distance between both sides.
    edges : tuple of float
        Between the bins; empty for labels, or for quartiles of a number.
    """

    column: str
    is_gap: bool
    edges: tuple[float, ...]

    @property
    def name(self) -> str:
        """What the slices are called together."""
        return f"gap:{self.column}" if self.is_gap else self.column


def parse_slice(text: str) -> SliceSpec:
    """Read a slice specification.

    Raises
    ------
    ValueError
        The edges are no rising numbers.

    Example
    -------
    >>> parse_slice("duration=2,4")
    SliceSpec(column='duration', is_gap=False, edges=(2.0, 4.0))
    """
    name, _, numbers = text.partition("=")
    edges = tuple(float(number) for number in numbers.split(",") if number)
    if not name or (np.diff(edges) <= 0).any():
        raise ValueError(f"{text!r}: write [gap:]COLUMN[=EDGE,EDGE,...], edges rising")
    return SliceSpec(name.removeprefix("gap:"), name.startswith("gap:"), edges)


def slice_trials(
    trials: pd.DataFrame,
    metadata: pd.DataFrame,
    spec: SliceSpec,
    models: dict[str, list[str]],
) -> pd.Series:
    """Name the slice of every trial.

    Parameters
    ----------
    trials, metadata, models
        See `utils.metrics.speakers.trial_labels`.
    spec : SliceSpec

    Returns
    -------
    Series of category, shape (n_trials,)

    Raises
    ------
    UserError
        See `utils.metrics.speakers.trial_labels`; or edges or a gap of a label.
    """
    import pandas as pd

    from utils.metrics.speakers import trial_labels

    sides = trial_labels(trials, metadata, spec.column, models)
    numbers = [pd.to_numeric(side, errors="coerce") for side in sides]
    is_number = all(side.notna().all() for side in numbers)
    if is_number and (spec.edges or spec.is_gap or _is_continuous(numbers)):
        left, right = (side.to_numpy(float) for side in numbers)
        gap = np.abs(left - right)
        return _bins(gap if spec.is_gap else np.minimum(left, right), spec.edges)
    if spec.edges or spec.is_gap:
        raise UserError(f"--slice {spec.column}: not all values are numbers; drop '='")
    left, right = (side.astype(str).to_numpy() for side in sides)
    labels = pd.Series(np.where(left == right, left, DIFFERENT))
    return labels.astype("category")


def _is_continuous(sides: list[pd.Series], most_labels: int = 12) -> bool:
    import pandas as pd

    return pd.concat(sides).nunique() > most_labels


def _bins(values: np.ndarray, edges: tuple[float, ...]) -> pd.Series:
    import pandas as pd

    if not edges:
        edges = tuple(np.unique(np.quantile(values, [0.25, 0.5, 0.75])))
    limits = [f"{edge:g}" for edge in edges]
    names = [f"< {limits[0]}"]
    names += [f"{a} to {b}" for a, b in zip(limits[:-1], limits[1:], strict=True)]
    names += [f">= {limits[-1]}"]
    bin_of = np.searchsorted(edges, values, side="right")
    return pd.Series(pd.Categorical.from_codes(bin_of, names))


def fairness(
    scores: np.ndarray, is_target: np.ndarray, labels: pd.Series, threshold: float
) -> dict:
    """Compare the slices' error rates at one threshold for all.

    Parameters
    ----------
    scores : ndarray of shape (n_trials,)
    is_target : ndarray of bool, shape (n_trials,)
    labels : Series of category, shape (n_trials,)
    threshold : float

    Returns
    -------
    dict
        ``frr`` and ``far``: each with the rate of every slice that has trials of
        the kind (``rates``), the highest (``worst``), and the ratio of the highest
        to the lowest (``ratio``, None where the lowest is 0 or there is one slice).

    Example
    -------
    >>> import pandas as pd
    >>> labels = pd.Series(["f", "f", "m", "m"], dtype="category")
    >>> is_target = np.array([True, False, True, False])
    >>> found = fairness(np.array([1.0, 0, 0, 0]), is_target, labels, threshold=1)
    >>> found["frr"]
    {'rates': {'f': 0.0, 'm': 1.0}, 'worst': 'm', 'ratio': None}
    """
    import pandas as pd

    is_wrong = np.where(is_target, scores < threshold, scores >= threshold)
    summary = {}
    for name, of_kind in (("frr", is_target), ("far", ~is_target)):
        wrong = pd.Series(is_wrong[of_kind])
        by_slice = wrong.groupby(labels[of_kind].to_numpy(), observed=True).mean()
        rates = {str(key): float(rate) for key, rate in by_slice.items()}
        lowest = min(rates.values(), default=0.0)
        ratio = max(rates.values()) / lowest if lowest > 0 and len(rates) > 1 else None
        worst = max(rates, key=lambda name: rates[name]) if rates else None
        summary[name] = {"rates": rates, "worst": worst, "ratio": ratio}
    return summary
