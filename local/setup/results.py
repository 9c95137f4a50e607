"""What local.report reads of an experiment: scores, their labels, and facts."""

import logging
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from utils.data.left_out import read_skipped
from utils.features.summary import read_silent
from utils.report.provenance import program_facts, shared_speakers, trial_list_facts
from utils.runtime.errors import UserError
from utils.systems.folder import read_record
from utils.trials.enrolment import read_enrolment
from utils.trials.lists import check_both_kinds, leave_out, read_trials
from utils.trials.score_facts import facts_path, read_score_facts

logger = logging.getLogger(__name__)

# what each result keeps of its score file's JSON; calibrated: scores are LLRs
SCORE_FACTS = "trials", "backend", "calibrated", "system", "system_sha256"


class ScoredList(NamedTuple):
    """A score file, what it is of, and its scores and labels (n_trials,)."""

    path: Path
    facts: dict[str, object]
    scores: np.ndarray
    is_target: np.ndarray


def read_scored_lists(
    exp: Path,
    data: Path,
    features: Path,
    model: Path,
    form: str,
    join: Callable[[Path, pd.DataFrame], np.ndarray],
) -> Iterator[ScoredList]:
    """Read every score file of an experiment.

    Parameters
    ----------
    exp : Path
        Holds ``scores/``.
    data : Path
        Holds ``trials/`` and perhaps ``enrol/``.
    features : Path
        Records what was skipped.
    model : Path
        Folder of the trained model.
    form : str
        Trial lists' form: see `utils.trials.readers.read_form`.
    join : callable
        Takes a score file and trials; returns the score of every trial.

    Raises
    ------
    UserError
        There are no scores, they are not of a trial list or not all of it, or they are
        of another model.
    """
    lists = {path.stem for path in (data / "trials").glob("*.txt")}
    skipped = read_skipped(features)
    for path in find_scores(exp / "scores"):
        facts = facts_of_scores(path, lists)
        check_model(path, facts["system_sha256"], model)
        trials = data / "trials" / f"{facts['trials']}.txt"
        enrolment = data / "enrol" / trials.name
        models = read_enrolment(enrolment) if enrolment.is_file() else {}
        listed = read_trials(trials, form, needs_labels=False)
        if "target" not in listed:
            logger.warning("%s: its trials have no labels; not evaluated", path)
            continue
        listed, _ = leave_out(listed, models, skipped)
        check_both_kinds(trials, listed)
        facts |= trial_list_facts(trials)
        is_target = listed["target"].to_numpy()
        yield ScoredList(path, facts, join(path, listed), is_target)


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
    if made_by and read_record(model).get("encoder_sha256", made_by) != made_by:
        raise UserError(
            f"{path}: scores of another model than {model}; run stages 5 and 6 again, "
            "or name their model (--model)"
        )


def experiment_facts(
    data: Path, features: Path, model: Path, priors: Sequence[str]
) -> dict[str, object]:
    """Collect what all results of an experiment have in common."""
    record, shared = read_record(model), shared_speakers(data)
    return {
        "corpus": data.name,
        "model": record.get("model"),
        "seed": record.get("seed"),
        "n_parameters": record.get("n_parameters"),
        "valid_eer": record.get("valid_eer"),
        "train_and_test_share_a_speaker": bool(shared),
        "shared_speakers": shared,
        "skipped_utterances": sorted(read_skipped(features)),
        "silent_utterances": read_silent(features),
        "p_target": list(priors),
    } | program_facts()
