"""The same system trained with several seeds: how far its results lie apart."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from utils.runtime.errors import UserError


def add_seeds(
    results: Sequence[dict[str, Any]], others: Mapping[Path, Sequence[dict[str, Any]]]
) -> None:
    """Add the mean and the range over seeds to the results of the first of them.

    Parameters
    ----------
    results : sequence of dict
        With ``trials``, ``trials_sha256``, ``sessions``, ``backend``, ``seed``,
        ``eer`` and ``min_dcf``. Each gets ``over_seeds``: ``seeds``, and ``mean`` and
        ``range`` of ``eer`` and of ``min_dcf`` by prior.
    others : dict of sequence of dict
        Those of the other seeds, by the file that they are from.

    Raises
    ------
    UserError
        A seed has no such result.
    """
    found = {
        path: {_identity(result): result for result in own}
        for path, own in others.items()
    }
    for result in results:
        same = [result]
        for path, own in found.items():
            if _identity(result) not in own:
                what = f"{result['backend']} on {result['trials']} as it is now"
                raise UserError(f"{path}: no {what}; run its stages 6 and 7 again")
            same.append(own[_identity(result)])
        result["over_seeds"] = {
            "seeds": [one["seed"] for one in same],
            "eer": _mean_and_range([one["eer"] for one in same]),
            "min_dcf": {
                prior: _mean_and_range([one["min_dcf"][prior] for one in same])
                for prior in result["min_dcf"]
            },
        }


def _identity(result: dict[str, Any]) -> tuple:
    """Return what results of several seeds have in common."""
    names = "trials", "trials_sha256", "sessions", "backend"
    return (*(result[name] for name in names), *result["min_dcf"])


def _mean_and_range(values: Sequence[float]) -> dict[str, Any]:
    return {"mean": float(np.mean(values)), "range": [min(values), max(values)]}
