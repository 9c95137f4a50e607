"""Check trial and enrolment lists against the test manifest."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from utils.runtime.errors import UserError
from utils.trials.columns import line_of
from utils.trials.enrolment import enrolment_lines
from utils.trials.inference import NONTARGET, SPOOF, TARGET
from utils.trials.readers import read_form
from utils.validation.findings import ERROR, MOST_SHOWN, WARNING, Finding

_LABELS = ("target", "nontarget")


def read_models(path: Path) -> tuple[dict[str, list[str]], list[Finding]]:
    """Read an enrolment list, with the faults of its form.

    Returns
    -------
    models : dict of list of str
    findings : list of Finding
        Models without utterances, and models that come twice.
    """
    models: dict[str, list[str]] = {}
    findings = []
    for line, model, utterances, is_table in enrolment_lines(path):
        place = f"{path}:{line}"
        if not utterances:
            message = f"model {model!r} has no utterance; add one"
            findings.append(Finding(ERROR, "model", place, message))
        elif model in models and not is_table:
            message = f"model {model!r} again; use one line"
            findings.append(Finding(ERROR, "model", place, message))
        else:
            models.setdefault(model, []).extend(utterances)
    return models, findings


def model_findings(
    path: Path, models: dict[str, list[str]], speaker_of: dict[str, str]
) -> Iterator[Finding]:
    """Yield models of unknown utterances, or of several speakers."""
    for model, names in models.items():
        unknown = [name for name in names if name not in speaker_of]
        if unknown:
            message = f"unknown utterance {unknown[0]!r}; use ids of test.csv"
            yield Finding(ERROR, "unknown", f"{path} ({model})", message)
        speakers = {speaker_of[name] for name in names if name in speaker_of}
        if len(speakers) > 1:
            message = (
                f"model {model!r} has utterances of {len(speakers)} speakers; make a "
                "model for each"
            )
            yield Finding(ERROR, "model", str(path), message)


def trial_findings(
    path: Path,
    speaker_of: dict[str, str],
    models: dict[str, list[str]],
    form: str = "auto",
) -> Iterator[Finding]:
    """Yield what is wrong with a trial list.

    Parameters
    ----------
    path : Path
        See `utils.trials.readers.read_form`.
    speaker_of : dict of str
        Speaker of each utterance of the test manifest.
    models : dict of list of str
        Utterances of each enrolled model.
    form : str
    """
    try:
        trials = _read_labels(path, form)
    except UserError as error:
        place, _, message = str(error).partition(": ")
        yield Finding(ERROR, "trials", place, message)
        return
    for side in ("enrol", "test"):
        known = trials[side].cat.categories.isin([*speaker_of, *models])
        is_bad = ~known[trials[side].cat.codes]
        yield from _each(
            path, is_bad, trials[side], (ERROR, "unknown"),
            f"unknown {side} id {{!r}}; use ids of test.csv or of the enrolment list",
        )  # fmt: skip
    if "label" not in trials:
        message = "no labels; scores of it cannot be evaluated, add target or nontarget"
        yield Finding(WARNING, "label", str(path), message)
        return
    yield from _each(
        path, ~trials["label"].isin(_LABELS), trials["label"], (ERROR, "label"),
        "label {!r}; write target or nontarget",
    )  # fmt: skip
    yield from _label_findings(path, trials, speaker_of, models)
    yield from _pair_findings(path, trials, models)
    found = set(trials["label"].cat.categories) & set(_LABELS)
    if len(found) == 1:
        yield Finding(
            ERROR, "one-class", str(path),
            f"all trials are {found.pop()}; error rates need both kinds, add trials of "
            "the other",
        )  # fmt: skip


def _read_labels(path: Path, form: str) -> pd.DataFrame:
    """Read trials, less spoofed ones, with labels as target and nontarget.

    Other labels stay as they are; a list without labels has no such column.
    """
    trials = read_form(path, "label", form)
    if "label" not in trials:
        return trials
    words = trials["label"].cat.categories
    known = dict.fromkeys(TARGET, _LABELS[0]) | dict.fromkeys(NONTARGET, _LABELS[1])
    labels = words.map(lambda word: known.get(word.lower(), word))
    trials["label"] = labels.to_numpy()[trials["label"].cat.codes]
    trials = trials[~trials["label"].str.lower().isin(SPOOF)]
    return trials.astype({"label": "category"})


def _each(
    path: Path,
    is_bad: np.ndarray,
    values: pd.Series,
    kind: tuple[str, str],
    text: str,
) -> Iterator[Finding]:
    """Yield a finding for each different bad value, the first few of them."""
    bad = values[np.asarray(is_bad)].drop_duplicates()
    for row, value in bad.head(MOST_SHOWN).items():
        yield Finding(*kind, f"{path}:{line_of(path, row)}", text.format(str(value)))
    if len(bad) > MOST_SHOWN:
        yield Finding(*kind, str(path), f"{len(bad) - MOST_SHOWN} more like this")


def _label_findings(
    path: Path,
    trials: pd.DataFrame,
    speaker_of: dict[str, str],
    models: dict[str, list[str]],
) -> Iterator[Finding]:
    """Yield trials whose label the manifest's speakers contradict."""
    of_model = {model: speaker_of.get(names[0]) for model, names in models.items()}
    speakers = [
        trials[side]
        .cat.categories.map(lambda name: of_model.get(name) or speaker_of.get(name))
        .to_numpy()[trials[side].cat.codes]
        for side in ("enrol", "test")
    ]
    is_known = ~(pd.isna(speakers[0]) | pd.isna(speakers[1]))
    is_same = speakers[0] == speakers[1]
    is_wrong = is_known & np.where(
        is_same, trials["label"] == "nontarget", trials["label"] == "target"
    )
    yield from _pairs(
        path, trials, is_wrong, (ERROR, "label"),
        "{label}, but the manifest's speakers say otherwise; correct one of them",
    )  # fmt: skip


def _pair_findings(
    path: Path, trials: pd.DataFrame, models: dict[str, list[str]]
) -> Iterator[Finding]:
    """Yield trials against oneself, and pairs that come twice, in either order."""
    names = trials["enrol"].cat.categories.union(trials["test"].cat.categories)
    sides = [
        names.get_indexer(trials[side].cat.categories)[trials[side].cat.codes]
        for side in ("enrol", "test")
    ]
    itself = sides[0] == sides[1]
    yield from _each(
        path, itself, trials["enrol"], (ERROR, "self-trial"),
        "a trial of an utterance against itself: {!r}; remove it",
    )  # fmt: skip
    if models:
        own = [model for model in names if model in models]
        pairs = {
            names.get_loc(model) * len(names) + names.get_loc(name)
            for model in own
            for name in models[model]
            if name in names
        }
        keys = sides[0].astype(np.int64) * len(names) + sides[1]
        yield from _pairs(
            path, trials, np.isin(keys, list(pairs)), (ERROR, "self-trial"),
            "the model was enrolled with this utterance; remove the trial",
        )  # fmt: skip
    keys = np.minimum(*sides).astype(np.int64) * len(names) + np.maximum(*sides)
    order = np.argsort(keys, kind="stable")
    is_repeat = np.zeros(len(keys), dtype=bool)
    is_repeat[order[1:]] = np.diff(keys[order]) == 0
    codes = trials["label"].cat.codes.to_numpy()
    is_other = np.zeros(len(keys), dtype=bool)
    is_other[order[1:]] = is_repeat[order[1:]] & (np.diff(codes[order]) != 0)
    yield from _pairs(
        path, trials, is_other, (ERROR, "contradiction"),
        "{label}, but the same pair has another label above; keep one of them",
    )  # fmt: skip
    yield from _pairs(
        path, trials, is_repeat & ~is_other & ~itself, (WARNING, "repeated-trial"),
        "the same pair is above, perhaps in the other order; it counts twice",
    )  # fmt: skip


def _pairs(
    path: Path,
    trials: pd.DataFrame,
    is_bad: np.ndarray,
    kind: tuple[str, str],
    text: str,
) -> Iterator[Finding]:
    """Yield a finding for each bad trial, the first few of them."""
    lines = np.flatnonzero(is_bad)
    for row in lines[:MOST_SHOWN]:
        trial = trials.iloc[row]
        message = f"{trial['enrol']} {trial['test']}: " + text.format(**trial)
        place = f"{path}:{line_of(path, trials.index[row])}"
        yield Finding(*kind, place, message)
    if len(lines) > MOST_SHOWN:
        yield Finding(*kind, str(path), f"{len(lines) - MOST_SHOWN} more like this")
