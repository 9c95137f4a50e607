"""What a task's heads told of the test, evaluated, as a table and as a page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import softmax

from utils.attributes.fitting import simplest_of_equals
from utils.attributes.labels import Task
from utils.attributes.told import APART, BASELINES, PROBES, SHARED, Told
from utils.metrics.classification.calibration_error import reliability
from utils.metrics.classification.confusion import confusion_matrix
from utils.report.class_plots import (
    confusion_picture,
    number_picture,
    reliability_picture,
)
from utils.report.page import (
    render_facts,
    render_figure,
    render_notes,
    render_page,
    render_table,
)
from utils.report.plots import svg_text
from utils.report.results import with_range

_MEANING = {"pauses": "pauses and length", "averages": "average spectrum"}


def results_table(
    results: Sequence[dict[str, Any]], task: Task
) -> tuple[list[str], list[list[str]]]:
    """Lay out results: header and rows."""
    if task.is_number:
        columns = {"RMSE": "rmse", "correlation": "correlation"}
        main, title, scale = "mae", "MAE (95 %)", 1
    else:
        columns = {
            "balanced %": "balanced_accuracy", "accuracy %": "accuracy", "Cavg": "cavg",
            "Cllr": "cllr", "ECE": "ece",
        }  # fmt: skip
        main, title, scale = "macro_f1", "macro-F1 % (95 %)", 100
    is_fine = task.is_number and max(result[main] for result in results) < 1
    digits = 3 if is_fine else 1
    rows = []
    for result in results:
        several = "by_speaker" in result
        ends = [scale * limit for limit in result["ci"].get(main, [np.nan] * 2)]
        rows.append(
            [
                f"speakers {result['speakers']}", result["system"], result["kind"],
                with_range(scale * result[main], ends, digits),
                with_range(scale * result["by_speaker"][main], [], digits)
                if several else "-",
                *(_cell(name, result[key]) for name, key in columns.items()),
            ]
        )  # fmt: skip
    titles = ["splits", "system", "what it is", title, "by speaker", *columns]
    return titles, rows


def _cell(name: str, value: float) -> str:
    return f"{100 * value:.1f}" if name.endswith("%") else f"{value:.3f}"


def results_notes(results: Sequence[dict[str, Any]], task: Task) -> list[str]:
    """Say what the table shows: leaks, and what the recording alone tells."""
    apart = {r["system"]: r for r in results if r["speakers"] == APART}
    shared = {r["system"]: r for r in results if r["speakers"] == SHARED}
    heads = [r for r in apart.values() if r["kind"] == "head"]
    notes = [
        f"{r['system']}: {_said(r, task)}; with splits that share speakers it would "
        f"read {_said(shared[r['system']], task)}, which measures who speaks as well"
        for r in heads
        if r["system"] in shared
    ]
    for name in (*BASELINES, *PROBES):
        no_better = [
            r["system"]
            for r in heads
            if name in apart and _is_no_better(r, apart[name], task)
        ]
        if no_better:
            notes.append(f"not better than {name}: {', '.join(no_better)}")
    for name in [name for name in PROBES if name in apart]:
        told = _said(apart[name], task)
        notes.append(f"{name}: {told} by the recording's {_MEANING[name]} alone")
    return notes


def _said(result: dict[str, Any], task: Task) -> str:
    if task.is_number:
        return f"an MAE of {result['mae']:.2f}"
    return f"a macro-F1 of {100 * result['macro_f1']:.1f} %"


def _is_no_better(one: dict, other: dict, task: Task) -> bool:
    if task.is_number:
        return one["mae"] >= other["mae"]
    return one["macro_f1"] <= other["macro_f1"]


def detail_rows(
    result: dict[str, Any], task: Task
) -> tuple[list[str], list[list[str]]]:
    """Lay out one result class by class, or decade by decade."""
    if task.is_number:
        rows = [
            [name, str(own["n_speakers"]), f"{own['mae']:.2f}"]
            for name, own in result["per_decade"].items()
        ]
        return [task.column, "speakers", "MAE"], rows
    rows = [
        [name, f"{own['utterances']:.0f}"]
        + [f"{100 * own[key]:.1f}" for key in ("precision", "recall", "f1")]
        for name, own in result["per_class"].items()
    ]
    return [task.column, "utterances", "precision %", "recall %", "F1 %"], rows


def best_head(
    results: Sequence[dict[str, Any]], losses: dict[str, float]
) -> dict[str, Any]:
    """Return the result of the head to use: the best on training speakers left out.

    The test has no part in the choice.

    Parameters
    ----------
    results : sequence of dict
    losses : dict of float
        What training speakers choose by, of every head, the simplest first: see
        `utils.attributes.fitting.FittedHead`. One that is less simple has to save a
        hundredth of it.
    """
    apart = {r["system"]: r for r in results if r["speakers"] == APART}
    known = [name for name in losses if name in apart]
    heads = [name for name in known if apart[name]["kind"] == "head"] or known
    return apart[heads[simplest_of_equals([losses[name] for name in heads])]]


def results_page(
    title: str,
    results: Sequence[dict[str, Any]],
    told: Sequence[Told],
    task: Task,
    facts: dict[str, Any],
) -> str:
    """Write the report as one HTML page: table, notes, details and pictures."""
    chosen = best_head(results, facts["losses"])
    parts = [
        render_table(*results_table(results, task), n_names=3),
        render_notes(results_notes(results, task)),
        f"<h2>{chosen['system']}, chosen by training speakers left out</h2>",
        render_table(*detail_rows(chosen, task), n_names=1),
    ]
    shown = next(
        own for own in told
        if (own.system, own.division) == (chosen["system"], chosen["speakers"])
    )  # fmt: skip
    for figure, caption in _figures(shown, task):
        parts.append(render_figure(svg_text(figure), caption))
    return render_page(title, [*parts, render_facts(facts)])


def _figures(told: Told, task: Task) -> list[tuple[Any, str]]:
    if task.is_number:
        picture = number_picture(told.targets, told.values, task.column)
        return [(picture, f"{task.column} of every test utterance")]
    decided = told.values.argmax(axis=1)
    matrix = confusion_matrix(told.targets, decided, len(task.classes))
    probabilities = softmax(told.values, axis=1)
    return [
        (confusion_picture(matrix, task.classes), "What is taken for what"),
        (
            reliability_picture(reliability(probabilities, told.targets)),
            "Whether probabilities come true; the size is the share of the utterances",
        ),
    ]


def told_frame(ids: Sequence[str], values: np.ndarray, task: Task) -> pd.DataFrame:
    """Make a table of what was told, a row an utterance."""
    names = [task.column] if task.is_number else list(task.classes)
    columns = values.reshape(len(ids), -1)
    return pd.DataFrame(columns, columns=names).assign(ID=list(ids))[["ID", *names]]
