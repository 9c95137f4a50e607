"""What a network is worth: its errors beside those of a system without one."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from utils.data.sessions import ACROSS, ONE
from utils.metrics.comparison import relative_gain


def add_gains(
    results: Sequence[dict[str, Any]], samples: Sequence[pd.DataFrame]
) -> None:
    """Add to results of networks how many of the baseline's errors they avoid.

    Parameters
    ----------
    results : sequence of dict
        With ``trials``, ``sessions``, ``backend``, ``network`` and ``eer``. Those
        without a network are baselines; of several, the best counts. The others get
        a ``gain``: ``over`` (the baseline), ``eer`` (the share of its errors that are
        avoided) and ``ci``; None where there is no baseline, or one without errors.
    samples : sequence of DataFrame
        See `utils.metrics.comparison.relative_gain`.
    """
    baselines: dict[tuple, int] = {}
    for row, result in enumerate(results):
        key = result["trials"], result["sessions"]
        best = baselines.get(key)
        if result["network"] is False and (
            best is None or result["eer"] < results[best]["eer"]
        ):
            baselines[key] = row
    for result, own in zip(results, samples, strict=True):
        best = baselines.get((result["trials"], result["sessions"]))
        result["gain"] = None
        if result["network"] is False or best is None:
            continue
        eers = result["eer"], results[best]["eer"]
        found = relative_gain(eers, (own, samples[best]))
        if found:
            over = results[best]["backend"]
            result["gain"] = {"over": over, "eer": found[0], "ci": found[1]}


def tell_gains(results: Sequence[Mapping[str, Any]]) -> list[str]:
    r"""Say what the baseline is, and which systems are not better, each in a line.

    Parameters
    ----------
    results : sequence of dict
        See `add_gains`; target trials within sessions, which averages know best, are
        passed over where there are others.

    Example
    -------
    >>> gain = {"over": "averages", "eer": -0.25, "ci": [-0.5, 0.1]}
    >>> one = {"trials": "all", "sessions": "one", "backend": "lda", "gain": gain}
    >>> print(*tell_gains([one]), sep="\n")
    gain: share of the errors of averages (no network) that a system avoids
    lda is not better than averages (no network): all
    """
    gains = [result for result in results if result["gain"]]
    if not gains:
        return []
    over = " and ".join(sorted({result["gain"]["over"] for result in gains}))
    lines = [f"gain: share of the errors of {over} (no network) that a system avoids"]
    headlines = [result for result in gains if result["sessions"] in (ACROSS, ONE)]
    for verdict, is_so in (("is not", _is_worse), ("is not surely", _is_unsure)):
        names: dict[str, list[str]] = {}
        for result in filter(is_so, headlines or gains):
            than = f"better than {result['gain']['over']} (no network)"
            names.setdefault(f"{result['backend']} {verdict} {than}", []).append(
                result["trials"]
            )
        lines += [f"{said}: {', '.join(own)}" for said, own in names.items()]
    return lines


def _is_worse(result: Mapping[str, Any]) -> bool:
    return result["gain"]["eer"] <= 0


def _is_unsure(result: Mapping[str, Any]) -> bool:
    interval = result["gain"]["ci"]
    return not _is_worse(result) and bool(interval) and interval[0] <= 0
