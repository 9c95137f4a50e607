"""The results of an experiment: a table, and a page with its curves."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from utils.metrics.error_rates import ErrorRates
from utils.report.page import render_facts, render_figure, render_page, render_table
from utils.report.plots import svg_text, training_curves
from utils.report.score_plots import det_curve

Table = tuple[list[str], list[list[str]]]  # header, and rows


def results_table(results: Sequence[Mapping[str, Any]], priors: Sequence[str]) -> Table:
    """Lay results out as rows of text.

    Parameters
    ----------
    results : sequence of dict
        Metrics of a score file, see `utils.metrics.evaluation.evaluate`, and its
        ``trials``, ``backend`` and ``calibrated``.
    priors : sequence of str
        Those of the costs.

    Returns
    -------
    header : list of str
    rows : list of list of str
        What is of likelihood ratios is left open where scores are none.

    Example
    -------
    >>> one = {"trials": "all", "backend": "cosine", "calibrated": False}
    >>> numbers = {"n_target": 2, "n_nontarget": 9, "eer": 0.05, "min_dcf": {"0.01": 1}}
    >>> header, rows = results_table([one | numbers], ["0.01"])
    >>> rows
    [['all', 'cosine', '2', '9', '5.00', '1.000']]
    """
    header = ["trials", "backend", "targets", "nontargets", "EER %"]
    header += [f"minDCF {prior}" for prior in priors]
    with_llrs = any(result["calibrated"] for result in results)
    if with_llrs:
        header += [*(f"actDCF {prior}" for prior in priors), "Cllr"]
    rows = []
    for result in results:
        row = [
            result["trials"],
            result["backend"],
            str(result["n_target"]),
            str(result["n_nontarget"]),
            f"{100 * result['eer']:.2f}",
            *(f"{result['min_dcf'][prior]:.3f}" for prior in priors),
        ]
        if with_llrs:
            values = [*(result["act_dcf"][prior] for prior in priors), result["cllr"]]
            row += [f"{x:.3f}" if result["calibrated"] else "-" for x in values]
        rows.append(row)
    return header, rows


def results_page(
    title: str,
    table: Table,
    facts: Mapping[str, Any],
    curves: dict[str, ErrorRates],
    logs: dict[str, list[dict]],
) -> str:
    """Put the report of an experiment together.

    Parameters
    ----------
    title : str
    table : pair
        See `results_table`.
    facts : dict
        What all results have in common, with ``shared_speakers`` of train and test.
    curves : dict of ErrorRates
        By the name of the scores.
    logs : dict of list of dict
        See `read_logs`.

    Returns
    -------
    str
        HTML that stands alone.
    """
    parts = [render_table(*table)]
    if facts["shared_speakers"]:
        names = ", ".join(facts["shared_speakers"])
        parts.insert(0, f'<p class="warning">In train and in test: {names}</p>')
    caption = "Detection error trade-offs of all systems"
    parts.append(render_figure(svg_text(det_curve(curves)), caption))
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
