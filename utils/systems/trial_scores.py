"""Trial lists scored: a back-end opened, models enrolled, trials by row."""

import logging
from collections.abc import Set
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from utils.backend.backend import Backend, MeasuredModels
from utils.backend.pairs import score_trials
from utils.backend.quality import model_measures
from utils.data.manifest import read_manifest
from utils.embeddings.files import read_model_hash
from utils.runtime.errors import UserError
from utils.systems.backends import open_backend
from utils.systems.trial_sides import (
    PreparedEmbeddings,
    every_utterance,
    prepare_sides,
    read_sides,
)
from utils.trials.columns import place_of
from utils.trials.enrolment import read_enrolment
from utils.trials.lists import leave_out, read_trials

logger = logging.getLogger(__name__)


class TrialList(NamedTuple):
    """A trial list, and the utterances of its models.

    Attributes
    ----------
    path : Path
    trials : DataFrame
        See `utils.trials.lists.read_trials`.
    enrolment_path : Path or None
    enrolment : dict of list of str
        Empty where utterances are compared with utterances.
    """

    path: Path
    trials: pd.DataFrame
    enrolment_path: Path | None
    enrolment: dict[str, list[str]]


class Scoring(NamedTuple):
    """A back-end opened for two sides of trials, and both in its space.

    Attributes
    ----------
    backend : Backend
        Its cohort is without the trials' speakers.
    enrol, test : PreparedEmbeddings
    """

    backend: Backend
    enrol: PreparedEmbeddings
    test: PreparedEmbeddings


def open_scoring(
    backend: Path | None,
    enrol: str,
    test: str,
    metadata: Path | None = None,
    allow_calibration: bool = False,
) -> Scoring:
    """Open a back-end and embeddings of its model, to score trial lists or all pairs.

    Parameters
    ----------
    backend : Path or None
        See `find_backend`.
    enrol, test : str
        Prefixes of embeddings.
    metadata : Path, optional
        Manifest of both sides: its speakers leave the cohort.
    allow_calibration : bool
        See `set_apart`.

    Raises
    ------
    UserError
        See `open_backend`, `read_sides`, `set_apart` and `prepare_sides`.
    ValueError
        See `set_apart`.
    """
    made_by = {prefix: read_model_hash(prefix) for prefix in (enrol, test)}
    opened, manifest = open_backend(backend, made_by), None
    sides = read_sides(enrol, test)
    if metadata:
        manifest = read_manifest(metadata)
        opened, n_left_out = set_apart(opened, manifest, metadata, allow_calibration)
        if n_left_out:
            logger.info("%d cohort speakers are in %s: left out", n_left_out, metadata)
    return Scoring(opened, *prepare_sides(opened, sides, manifest))


def read_trial_list(
    path: Path,
    enrolment_path: Path | None = None,
    skipped: Set[str] = frozenset(),
    form: str = "auto",
) -> TrialList:
    """Read trials and their models, less utterances that could not be read.

    Parameters
    ----------
    path : Path
    enrolment_path : Path, optional
    skipped : set of str
    form : str
        See `utils.trials.readers.read_form`; the list may have no labels.

    Raises
    ------
    UserError
        See `read_trials` and `read_enrolment`.
    """
    models = read_enrolment(enrolment_path) if enrolment_path else {}
    trials = read_trials(path, form, needs_labels=False)
    trials, kept = leave_out(trials, models, set(skipped))
    return TrialList(path, trials, enrolment_path, kept)


def set_apart(
    backend: Backend, manifest: pd.DataFrame, path: Path, allow_calibration: bool
) -> tuple[Backend, int]:
    """Keep a back-end's cohort and calibration apart from the speakers of trials.

    Parameters
    ----------
    backend : Backend
    manifest : DataFrame
        Both sides of the trials.
    path : Path
        Where it is from.
    allow_calibration : bool
        Pass over speakers of the calibration.

    Returns
    -------
    Backend
        Its cohort is without them.
    n_left_out : int

    Raises
    ------
    UserError
        The calibration was trained on some of them.
    ValueError
        They are nearly all of the cohort.
    """
    speakers = set(manifest["spk_id"])
    if backend.calibration and not allow_calibration:
        shared = sorted(speakers & set(backend.calibration.speakers))
        if shared:
            raise UserError(
                f"{path}: {len(shared)} speakers, such as {shared[0]!r}, are those of "
                "the calibration; calibrate on others, or say --force"
            )
    rest, n_left_out = backend.without_cohort_of(speakers)
    if rest.cohort and len(rest.cohort.models) < 2:
        raise ValueError(
            f"{n_left_out} cohort speakers are in {path}, too few are left: the "
            "normalisation needs training speakers who are not in it"
        )
    return rest, n_left_out


def score_list(scoring: Scoring, listed: TrialList) -> np.ndarray:
    """Score a trial list.

    Parameters
    ----------
    scoring : Scoring
    listed : TrialList

    Returns
    -------
    ndarray of shape (n_trials,)
        Natural-log likelihood ratios where the back-end is calibrated.

    Raises
    ------
    UserError
        The list names what has no embedding.
    ValueError
        See `score_trials`.
    """
    backend, enrol, test = scoring.backend, scoring.enrol, scoring.test
    models, rows = _model_rows(listed, enrol.ids)
    enrolled = MeasuredModels(
        backend.enrol(enrol.vectors, rows), model_measures(enrol.measures, rows)
    )
    enrol_rows = _rows_of(listed, "enrol", models)
    test_rows = _rows_of(listed, "test", test.ids)
    tests = every_utterance(backend, test)
    return score_trials(backend, enrolled, tests, enrol_rows, test_rows)


def _model_rows(
    listed: TrialList, ids: list[str]
) -> tuple[list[str], list[np.ndarray]]:
    """Return the models and their utterances' rows; each utterance without a list."""
    if listed.enrolment_path is None:
        return ids, [np.array([row]) for row in range(len(ids))]
    row_of = {name: row for row, name in enumerate(ids)}
    for model, names in listed.enrolment.items():
        for name in names:
            if name not in row_of:
                place = place_of(listed.enrolment_path, model, name)
                raise UserError(
                    f"{place}: model {model!r}: no embedding of {name!r}; extract it, "
                    "or take it out"
                )
    utterances = listed.enrolment.values()
    rows = [np.array([row_of[name] for name in own]) for own in utterances]
    return list(listed.enrolment), rows


def _rows_of(listed: TrialList, side: str, ids: list[str]) -> np.ndarray:
    """Find the embedding of every trial's side."""
    names = listed.trials[side]
    row_of_category = pd.Index(ids).get_indexer(names.cat.categories)
    rows = row_of_category[names.cat.codes]
    if (rows < 0).any():
        row = int((rows < 0).argmax())
        n_unknown = len(set(names[rows < 0]))
        place = place_of(listed.path, *listed.trials.loc[row, ["enrol", "test"]])
        raise UserError(
            f"{place}: no embedding of {names[row]!r} ({n_unknown} unknown ids); "
            "extract it, or correct the trial list"
        )
    return rows
