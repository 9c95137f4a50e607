"""What a task's heads told of the test, evaluated, as a table and as a page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from scipy.special import softmax

from utils.attributes.labels import Task
from utils.metrics.classification.calibration_error import reliability
from utils.metrics.classification.confusion import confusion_matrix
from utils.metrics.classification.evaluation import (
    class_samples,
    describe_classes,
    evaluate_classes,
    evaluate_numbers,
    limits_of,
    number_samples,
)
from utils.metrics.classification.numbers import mean_absolute_error
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

APART, SHARED = "apart", "shared"
DIVISIONS = {APART: "part", SHARED: "shared_part"}  # columns of the manifests
BASELINES, PROBES = ("majority", "nearest-speaker"), ("pauses", "averages")
_MEANING = {"pauses": "pauses and length", "averages": "average spectrum"}
_KINDS = {"baseline": BASELINES, "recording alone": PROBES}
_DECADE = 10


class Told(NamedTuple):
    """What a system told of the utterances of a test.

    Attributes
    ----------
    system : str
        Such as ``linear``.
    division : str
        ``apart`` or ``shared``: see `utils.attributes.division`.
    values : ndarray of shape (N, K) or (N,)
        Log-likelihoods of classes, or numbers.
    targets : ndarray of shape (N,)
        The true classes, or numbers.
    speakers : ndarray of str, shape (N,)
    """

    system: str
    division: str
    values: np.ndarray
    targets: np.ndarray
    speakers: np.ndarray

    @property
    def order(self) -> tuple[int, int, str]:
        """Its place in the table: what is true first, baselines before heads."""
        names = [*BASELINES, *PROBES]
        place = names.index(self.system) if self.system in names else len(names)
        return int(self.division == SHARED), place, self.system


def evaluate_told(
    told: Told, task: Task, n_resamples: int, seed: int
) -> dict[str, Any]:
    """Compute the metrics of a system, with intervals over speakers.

    Returns
    -------
    dict
        ``system``, ``kind`` (baseline, recording alone or head), ``speakers``
        (``apart`` or ``shared``), metrics, ``ci``, counts; of classes also
        ``per_class`` and ``confusion``, of numbers ``per_decade``.
    """
    kind = next((kind for kind, own in _KINDS.items() if told.system in own), "head")
    found: dict[str, Any] = {
        "system": told.system,
        "kind": kind,
        "speakers": told.division,
        "n_utterances": len(told.targets),
        "n_speakers": len(np.unique(told.speakers)),
    }
    data = told.values, told.targets
    if task.is_number:
        found |= evaluate_numbers(*data)
        samples = number_samples(*data, told.speakers, n_resamples, seed)
        found["per_decade"] = errors_by_decade(told)
    else:
        found |= evaluate_classes(*data)
        samples = class_samples(*data, told.speakers, n_resamples, seed)
        found["per_class"] = describe_classes(*data, task.classes)
        decided = told.values.argmax(axis=1)
        matrix = confusion_matrix(told.targets, decided, len(task.classes))
        found["confusion"] = matrix.astype(int).tolist()
    return found | {"ci": limits_of(samples)}


def errors_by_decade(told: Told) -> dict[str, dict[str, float]]:
    """Return the mean absolute error in each ten of the true number.

    Example
    -------
    >>> told = Told("linear", APART, np.array([12.0, 30.0]), np.array([11.0, 25.0]),
    ...             np.array(["a", "b"]))
    >>> {name: own["mae"] for name, own in errors_by_decade(told).items()}
    {'10 to 19': 1.0, '20 to 29': 5.0}
    """
    decades = np.floor(told.targets / _DECADE).astype(int) * _DECADE
    found = {}
    for low in np.unique(decades):
        inside = decades == low
        found[f"{low} to {low + _DECADE - 1}"] = {
            "mae": mean_absolute_error(told.targets[inside], told.values[inside]),
            "n_speakers": len(np.unique(told.speakers[inside])),
        }
    return found


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
    rows = []
    for result in results:
        low, high = (scale * limit for limit in result["ci"].get(main, [np.nan] * 2))
        rows.append(
            [
                f"speakers {result['speakers']}", result["system"], result["kind"],
                f"{scale * result[main]:.1f} ({low:.1f} to {high:.1f})",
                *(_cell(name, result[key]) for name, key in columns.items()),
            ]
        )  # fmt: skip
    return ["splits", "system", "what it is", title, *columns], rows


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
        What training speakers chose by, of every head: see
        `utils.attributes.fitting.FittedHead`.
    """
    own = [r for r in results if r["system"] in losses and r["speakers"] == APART]
    heads = [r for r in own if r["kind"] == "head"] or own
    return min(heads, key=lambda result: losses[result["system"]])


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
    readable: dict[str, object] = {
        name: _readable(value) for name, value in facts.items()
    }
    return render_page(title, [*parts, render_facts(readable)])


def _readable(value: Any) -> str:
    """Write what JSON holds without its brackets.

    Example
    -------
    >>> _readable({"mlp": 0.70836, "of": ["a", "b"], "none": ()})
    'mlp 0.708, of a; b'
    """
    if isinstance(value, dict):
        filled = {k: v for k, v in value.items() if v not in (None, (), [], "", False)}
        return ", ".join(f"{name} {_readable(own)}" for name, own in filled.items())
    if isinstance(value, list | tuple):
        return "; ".join(_readable(own) for own in value)
    return f"{value:.3f}" if isinstance(value, float) else str(value)


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
