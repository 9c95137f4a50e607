"""The results of an experiment: a table, what to know of it, a page with its curves."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from utils.data.sessions import ACROSS, ALL, ONE, ONE_SESSION, SAME
from utils.metrics.error_rates import ErrorRates
from utils.report.baseline import tell_gains
from utils.report.page import (
    render_facts,
    render_figure,
    render_notes,
    render_page,
    render_table,
)
from utils.report.plots import svg_text, training_curves
from utils.report.score_plots import det_curve

Table = tuple[list[str], list[list[str]]]  # header, and rows
Result = Mapping[str, Any]

N_NAMES = 3  # columns of the table that hold names
_SESSIONS = (ACROSS, ONE, SAME, ALL)  # what comes first in the table


def place_in_table(result: Result) -> tuple:
    """Return where a result stands: what is about voices first, baselines first."""
    return _SESSIONS.index(result["sessions"]), result["trials"], result["network"]


def results_table(
    results: Sequence[Result], priors: Sequence[str], with_intervals: bool = False
) -> Table:
    """Lay results out as rows of text.

    Parameters
    ----------
    results : sequence of dict
        Metrics of a score file, see `utils.metrics.evaluation.evaluate`, perhaps with
        ``ci``, their intervals; and its ``trials``, ``sessions`` (of the target
        trials), ``backend``, ``calibrated`` and ``gain``: see
        `utils.report.baseline.add_gains`; perhaps ``over_seeds``: see
        `utils.report.seeds.add_seeds`.
    priors : sequence of str
        Those of the costs.
    with_intervals : bool
        Give those of the costs and of the gain as well, not of the EER alone.

    Returns
    -------
    header : list of str
    rows : list of list of str
        What is of likelihood ratios is left open where scores are none.

    Example
    -------
    >>> one = {"trials": "all", "sessions": "one", "backend": "lda", "gain": None}
    >>> numbers = {"n_target": 2, "n_nontarget": 9, "eer": 0.05, "min_dcf": {"0.01": 1}}
    >>> more = {"calibrated": False, "ci": {"eer": [0.04, 0.07]}}
    >>> header, rows = results_table([one | numbers | more], ["0.01"])
    >>> rows
    [['all', 'one', 'lda', '2', '9', '5.00 (4.00 to 7.00)', '1.000']]
    """
    with_llrs = any(result["calibrated"] for result in results)
    with_gains = any(result["gain"] for result in results)
    n_seeds = max(len(_seeds(result)) for result in results)
    header = ["trials", "sessions", "backend", "targets", "nontargets", "EER %"]
    if any(result.get("ci") for result in results):
        header[-1] += " (95 %)"
    header += [f"EER % of {n_seeds} seeds"] * (n_seeds > 1) + ["gain %"] * with_gains
    header += [f"minDCF {prior}" for prior in priors]
    if with_llrs:
        header += [*(f"actDCF {prior}" for prior in priors), "Cllr"]
    rows = []
    for result in results:
        row = [result["trials"], result["sessions"], result["backend"]]
        row += [str(result["n_target"]), str(result["n_nontarget"])]
        row.append(_number(result, ("eer",), 100, 2))
        if n_seeds > 1:
            row.append(_eer_over_seeds(result))
        if with_gains:
            row.append(_gain(result["gain"], with_intervals))
        keys: list[tuple[str, ...]] = [("min_dcf", prior) for prior in priors]
        row += [_number(result, key, 1, 3, with_intervals) for key in keys]
        if with_llrs:
            keys = [*(("act_dcf", prior) for prior in priors), ("cllr",)]
            numbers = [_number(result, key, 1, 3, with_intervals) for key in keys]
            row += numbers if result["calibrated"] else ["-"] * len(keys)
        rows.append(row)
    return header, rows


def _number(
    result: Result,
    keys: tuple[str, ...],
    scale: int,
    n_digits: int,
    with_interval: bool = True,
) -> str:
    """Write a metric, and its interval if there is one."""
    value: Any = result
    limits: Any = result.get("ci", {})
    for key in keys:
        value, limits = value[key], limits.get(key, {})
    return with_range(
        scale * value,
        [scale * end for end in limits] if with_interval else [],
        n_digits,
    )


def with_range(value: float, ends: Sequence[float], n_digits: int) -> str:
    """Write a number, and in brackets its range, if there is one.

    Example
    -------
    >>> with_range(5.0, [4.0, 7.5], 2), with_range(5.0, [], 1)
    ('5.00 (4.00 to 7.50)', '5.0')
    """
    text = f"{value:.{n_digits}f}"
    if ends:
        text += f" ({ends[0]:.{n_digits}f} to {ends[1]:.{n_digits}f})"
    return text


def _seeds(result: Result) -> list[int]:
    return result.get("over_seeds", {}).get("seeds", [])


def _eer_over_seeds(result: Result) -> str:
    """Write the mean, and the lowest and the highest."""
    eer = result["over_seeds"]["eer"]
    return with_range(100 * eer["mean"], [100 * end for end in eer["range"]], 2)


def _gain(gain: Mapping[str, Any] | None, with_interval: bool) -> str:
    if not gain:
        return "-"
    text, *ends = (
        f"{100 * share:.0f}" if share > -1 else "< -100"  # more than twice the errors
        for share in (gain["eer"], *gain["ci"])
    )
    return f"{text} ({' to '.join(ends)})" if ends and with_interval else text


def results_notes(results: Sequence[Result]) -> list[str]:
    """Say what must be known to read the table, each in a line.

    Parameters
    ----------
    results : sequence of dict
        See `results_table`; with ``bootstrap``, ``n_speakers``, ``trained_on`` and
        ``processor``.
    """
    lines = []
    if any(result["sessions"] == ONE for result in results):
        lines.append(ONE_SESSION)
        if all(result["network"] for result in results):
            lines.append(
                "no averages beside it: --backends averages, learnt on training speech"
            )
    lines += tell_gains(results)
    first = results[0]
    if first.get("ci"):
        of = f"{first['n_speakers']} speakers"
        lines.append(f"intervals: {first['bootstrap']} resamples of {of}")
    if _seeds(first):
        seeds = ", ".join(map(str, _seeds(first)))
        lines.append(
            f"of several seeds, mean and range: {seeds}; the others: the first"
        )
    trained_on = first["trained_on"]
    where = f"trained on {trained_on}; " if trained_on else ""
    lines.append(f"{where}scored on {first['processor']}")
    return lines


def results_page(
    title: str,
    table: Table,
    notes: Sequence[str],
    facts: Mapping[str, Any],
    curves: Mapping[str, dict[str, ErrorRates]],
    logs: dict[str, list[dict]],
) -> str:
    """Put the report of an experiment together.

    Parameters
    ----------
    title : str
    table : pair
        See `results_table`.
    notes : sequence of str
        See `results_notes`.
    facts : dict
        What all results have in common, with ``shared_speakers`` of train and test.
    curves : dict of dict of ErrorRates
        By the name of the trial list, and of the back-end.
    logs : dict of list of dict
        See `read_logs`.

    Returns
    -------
    str
        HTML that stands alone.
    """
    parts = [render_table(*table, n_names=N_NAMES), render_notes(notes)]
    if facts["shared_speakers"]:
        names = ", ".join(facts["shared_speakers"])
        parts.insert(0, f'<p class="warning">In train and in test: {names}</p>')
    for name, systems in curves.items():
        caption = f"Detection error trade-offs: {name}"
        parts.append(render_figure(svg_text(det_curve(systems)), caption))
    if logs:
        caption = "Training: the dot is the epoch that was kept"
        parts.append(render_figure(svg_text(training_curves(logs)), caption))
    return render_page(title, [*parts, render_facts(dict(facts))])


def read_logs(exp: Path) -> dict[str, list[dict]]:
    """Read the log of every phase, a JSON record a line, in the order of training."""
    paths = [p for p in exp.glob("*/log.jsonl") if not p.parent.suffix]
    paths.sort(key=lambda path: path.stat().st_mtime)
    logs = {p.parent.name: p.read_text(encoding="utf-8").splitlines() for p in paths}
    return {
        phase: [json.loads(line) for line in lines] for phase, lines in logs.items()
    }
