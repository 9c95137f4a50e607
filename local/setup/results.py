"""What local.report reads of an experiment: scores, their labels, and facts."""

import json
import logging
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from local.setup.scored_trials import Protocol, draw_resamples
from utils.data.left_out import read_skipped
from utils.data.manifest import read_manifest
from utils.data.sessions import ACROSS, ALL, SAME, divide_by_sessions
from utils.embeddings.averages import AVERAGES
from utils.features.summary import read_silent
from utils.metrics.bootstrap import Resampling
from utils.models.ledger import trained_on
from utils.report.provenance import program_facts, shared_speakers, trial_list_facts
from utils.runtime.device import processor_name
from utils.runtime.errors import UserError
from utils.systems.folder import read_record
from utils.trials.enrolment import read_enrolment
from utils.trials.lists import check_both_kinds, leave_out, read_trials
from utils.trials.score_facts import facts_path, read_score_facts

logger = logging.getLogger(__name__)

# what each result keeps of its score file's JSON; calibrated: scores are LLRs
SCORE_FACTS = "trials", "backend", "calibrated", "system", "system_sha256"


class Place(NamedTuple):
    """Folders of an experiment.

    Attributes
    ----------
    exp : Path
        Holds ``scores/``.
    data : Path
        Holds ``trials/``, and perhaps ``enrol/`` and ``test.csv``.
    features : Path
        Records what was skipped.
    model : Path
        The trained model.
    """

    exp: Path
    data: Path
    features: Path
    model: Path


class Resamples(NamedTuple):
    """How many resamples of the speakers to draw, from which seed, and threads."""

    n: int
    seed: int
    nj: int


class ScoredPart(NamedTuple):
    """A part of a scored trial list: see `utils.data.sessions.divide_by_sessions`.

    Attributes
    ----------
    facts : dict
        What the scores are of.
    scores : ndarray of shape (n_trials,)
    is_target : ndarray of bool, shape (n_trials,)
    resampling : Resampling or None
    is_headline : bool
        Whether it is the part to look at first.
    """

    facts: dict[str, object]
    scores: np.ndarray
    is_target: np.ndarray
    resampling: Resampling | None
    is_headline: bool

    @property
    def title(self) -> str:
        """The trial list, and which sessions its targets are of."""
        of_targets = {ACROSS: ", across sessions", SAME: ", within sessions"}
        sessions = str(self.facts["sessions"])
        return str(self.facts["trials"]) + of_targets.get(sessions, "")


def read_scored_lists(
    place: Place,
    form: str,
    join: Callable[[Path, pd.DataFrame], np.ndarray],
    resamples: Resamples,
) -> Iterator[tuple[Path, ScoredPart]]:
    """Read every score file of an experiment, part by part of its trial list.

    Parameters
    ----------
    place : Place
    form : str
        Trial lists' form: see `utils.trials.readers.read_form`.
    join : callable
        Takes a score file and trials; returns the score of every trial.
    resamples : Resamples

    Raises
    ------
    UserError
        There are no scores, they are not of a trial list or not all of it, or they are
        of another model.
    """
    names = {path.stem for path in (place.data / "trials").glob("*.txt")}
    listed: dict[str, Protocol | None] = {}
    for path in find_scores(place.exp / "scores"):
        facts = facts_of_scores(path, names)
        check_model(path, facts["system_sha256"], place.model)
        name = str(facts["trials"])
        if name not in listed:
            listed[name] = read_list(place, name, form, resamples)
        protocol = listed[name]
        if protocol is None:
            logger.warning("%s: its trials have no labels; not evaluated", path)
            continue
        facts |= trial_list_facts(place.data / "trials" / f"{name}.txt")
        facts["network"] = facts["system_sha256"] != AVERAGES
        scores = join(path, protocol.trials)
        for part in divide_scores(facts, protocol, scores):
            yield path, part


def divide_scores(
    facts: dict[str, object], listed: Protocol, scores: np.ndarray
) -> Iterator[ScoredPart]:
    """Divide the scores of a list by the sessions of the target trials."""
    trials, manifest, models, resampling = listed
    parts = {ALL: np.ones(len(trials), dtype=bool)}
    if manifest is not None:
        parts = divide_by_sessions(trials, manifest, models)
    for number, (sessions, inside) in enumerate(parts.items()):
        yield ScoredPart(
            facts | {"sessions": sessions},
            scores[inside],
            listed.is_target[inside],
            resampling.take(inside) if resampling else None,
            is_headline=number == 0,
        )


def read_list(
    place: Place, name: str, form: str, resamples: Resamples
) -> Protocol | None:
    """Read a trial list, and what is known of its utterances; None without labels."""
    path = place.data / "trials" / f"{name}.txt"
    enrolment, test = place.data / "enrol" / path.name, place.data / "test.csv"
    models = read_enrolment(enrolment) if enrolment.is_file() else {}
    trials = read_trials(path, form, needs_labels=False)
    if "target" not in trials:
        return None
    trials, models = leave_out(trials, models, read_skipped(place.features))
    check_both_kinds(path, trials)
    manifest = read_manifest(test) if test.is_file() else None
    listed = Protocol(trials, manifest, models, None)
    return draw_resamples(listed, *resamples)


def read_results(experiments: Sequence[Path]) -> dict[Path, list[dict]]:
    """Read what other experiments have reported, by the file.

    Raises
    ------
    UserError
        One has not.
    """
    paths = [folder / "results.json" for folder in experiments]
    for path in paths:
        if not path.is_file():
            raise UserError(f"{path}: no such results; run its stage 7 first")
    return {path: json.loads(path.read_text(encoding="utf-8")) for path in paths}


def find_scores(folder: Path) -> list[Path]:
    """Return the score files, or say that there are none."""
    paths = sorted(folder.glob("*.txt"), key=lambda path: path.stem)
    if not paths:
        raise UserError(f"{folder}: no score files; run stage 6 first")
    return paths


def facts_of_scores(path: Path, lists: set[str]) -> dict[str, object]:
    """Return what a score file is of, from the JSON beside it.

    A file without one, from another tool, is put in the folder under the name of its
    trial list, perhaps with a dot and more: what it is of is unknown, and its scores
    are not taken for log-likelihood ratios.
    """
    facts = read_score_facts(path)
    if facts:
        return {key: facts.get(key) for key in SCORE_FACTS}
    of_list = [name for name in lists if f"{path.stem}.".startswith(f"{name}.")]
    if not of_list:
        raise UserError(
            f"{path}: no {facts_path(path).name} says which trial list it is of; name "
            f"the file after the list: {', '.join(sorted(lists))}"
        )
    name = max(of_list, key=len)
    own = {"trials": name, "backend": path.stem.removeprefix(name).strip(".")}
    return dict.fromkeys(SCORE_FACTS) | own | {"calibrated": False}


def check_model(path: Path, made_by: object, model: Path) -> None:
    """Refuse scores of another model than the one that is reported."""
    if made_by in (None, AVERAGES):
        return
    if read_record(model).get("encoder_sha256", made_by) != made_by:
        raise UserError(
            f"{path}: scores of another model than {model}; run stages 5 and 6 again, "
            "or name their model (--model)"
        )


def experiment_facts(place: Place, priors: Sequence[str]) -> dict[str, object]:
    """Collect what all results of an experiment have in common."""
    _, data, features, model = place
    record, shared = read_record(model), shared_speakers(data)
    test, known = data / "test.csv", []
    if test.is_file():
        known = trained_on(model, read_manifest(test)["spk_id"], data.name)
    if known:
        logger.warning(
            "%s was trained on %d speakers of names in %s, such as %s; where they are "
            "the same people, these results are too good",
            *(model, len(known), test, known[0]),
        )
    return {
        "corpus": data.name,
        "model": record.get("model"),
        "seed": record.get("seed"),
        "n_parameters": record.get("n_parameters"),
        "valid_eer": record.get("valid_eer"),
        "train_and_test_share_a_speaker": bool(shared),
        "shared_speakers": shared,
        "test_speakers_known_to_the_model": known,
        "skipped_utterances": sorted(read_skipped(features)),
        "silent_utterances": read_silent(features),
        "p_target": list(priors),
        "trained_on": record.get("processor"),
        "processor": processor_name(),
    } | program_facts()
