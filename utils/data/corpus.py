"""From the utterances that a recipe finds to a data folder.

A recipe says what is particular to its corpus: where the files lie and what their
names mean. All else is here: measuring the audio, splits without a common speaker,
held-out validation speakers, trial lists, enrolment lists, counts.
"""

import logging
import shutil
from dataclasses import dataclass, field, replace
from pathlib import Path

import pandas as pd

from utils.audio.commands import files_in, run_commands
from utils.data.audio_state import write_audio_state
from utils.data.durations import measure, measure_each
from utils.data.labels import tidy_labels
from utils.data.left_out import settle_faults
from utils.data.manifest import SPLITS, write_manifest
from utils.data.splits import TooFewSpeakers, hold_out
from utils.data.trial_design import TrialList, design_trials
from utils.runtime.atomic import replacing_file
from utils.runtime.errors import UserError
from utils.trials.enrolment import write_enrolment
from utils.trials.lists import leave_out, write_trials

logger = logging.getLogger(__name__)

_FEWEST_VALID = 2  # speakers: no trials without two


@dataclass(frozen=True)
class CorpusContents:
    """What a recipe found in its source.

    Attributes
    ----------
    utterances : DataFrame
        ``ID``, ``wav``, ``spk_id``; perhaps ``part`` (of the release), ``start_s``
        and ``stop_s`` (of a longer file); and any labels.
    lists : dict of TrialList
        The corpus's own trial lists, by name.
    commands : dict of str
        The command that writes the audio to its standard output, of each ``wav`` that
        is to be made. Nothing that stands in ``utterances`` is ever run.
    faults : dict of str
        What is known to be wrong with some ``wav``, such as that it is missing.
    """

    utterances: pd.DataFrame
    lists: dict[str, TrialList] = field(default_factory=dict)
    commands: dict[str, str] = field(default_factory=dict)
    faults: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class CorpusDesign:
    """How the utterances become splits and trials.

    Attributes
    ----------
    name : str
        First part of the names of the trial lists that are made.
    split_of : dict of str
        The split of each part of the release; parts that are not named are left
        out. Empty: speakers are divided at random.
    counts : dict of (int, int)
        Speakers and utterances of each part, as released.
    valid_speakers : int or float
        Speakers of the training part to hold out for validation where no part is
        for it: so many, or such a share of those with two utterances.
    test_share : float
        The same for the test, where neither part nor trial list is for it.
    per_speaker, n_enrol : int
        See `utils.data.trial_design.design_trials`.
    cohort_speakers : int
        Speakers to hold out as a cohort for score normalisation.
    cohort_part : str
        Part whose utterances are the cohort, whatever else they are for.
    extract_only : bool
        For a model that is trained already: the test part alone, or all speakers
        where none is for the test.
    is_partial : bool
        Go on with other counts than the release's.
    has_speakers : bool
        False for noises and rooms: a manifest for each part, and no trials.
    """

    name: str
    split_of: dict[str, str] = field(default_factory=dict)
    counts: dict[str, tuple[int, int]] = field(default_factory=dict)
    valid_speakers: int | float = 0.1
    test_share: float = 0.25
    per_speaker: int = 0
    n_enrol: int = 0
    cohort_speakers: int = 0
    cohort_part: str = ""
    extract_only: bool = False
    is_partial: bool = False
    has_speakers: bool = True


def write_corpus(
    found: CorpusContents,
    plan: CorpusDesign,
    out: Path,
    seed: int,
    nj: int = 1,
    skip_bad: bool = False,
) -> None:
    """Write manifests, trials and enrolment lists.

    Parameters
    ----------
    found : CorpusContents
    plan : CorpusDesign
    out : Path
        Folder to write: ``train.csv``, ``valid.csv``, ``cohort.csv``, ``test.csv``,
        ``trials/`` and ``enrol/``, as far as there is something for them,
        ``audio.tsv``, the state of the audio, and ``summary.txt``.
    seed : int
        Seed of the splits and the sampled trials.
    nj : int
        Parallel processes.
    skip_bad : bool
        Leave out what cannot be read, and record it in ``skipped.txt``.

    Raises
    ------
    UserError
        Other counts than the release's, no utterances, too few speakers for the
        splits, or unreadable audio.
    """
    found = replace(found, utterances=tidy_labels(found.utterances))
    check_counts(found.utterances, plan)
    if not plan.has_speakers:
        tell(out, write_sounds(found.utterances, out, nj, skip_bad))
        return
    rows = assign_splits(found, plan, seed)
    out.mkdir(parents=True, exist_ok=True)
    if not skip_bad:
        settle_faults(found.faults, skip_bad, out)
    known = dict(found.faults)
    rows = run_commands(
        rows, found.commands, out / "wav", nj, known if skip_bad else None
    )
    rows, bad = measure_each(rows, nj, known)
    settle_faults(bad, skip_bad, out)
    write_audio_state(out / "audio.tsv", [*rows["wav"], *files_in(found.commands)])
    for split in SPLITS:
        own = rows[rows["split"] == split].drop(columns="split")
        if len(own):
            write_manifest(out / f"{split}.csv", own)
        else:
            (out / f"{split}.csv").unlink(missing_ok=True)
    test = rows[rows["split"] == "test"]
    lists = without(found.lists, set(bad)) or design_trials(
        test, plan.name, seed, plan.per_speaker, plan.n_enrol
    )
    write_lists(out, lists)
    tell(out, summary(rows, lists))


def without(lists: dict[str, TrialList], skipped: set[str]) -> dict[str, TrialList]:
    """Leave the trials of utterances out that are, and tell how many."""
    kept = {}
    for name, made in lists.items():
        kept[name] = TrialList(*leave_out(made.trials, made.models, skipped))
        n_gone = len(made.trials) - len(kept[name].trials)
        if n_gone:
            logger.warning(f"left out: {n_gone} trials of {name}, of bad utterances")
    return kept


def tell(out: Path, lines: list[str]) -> None:
    """Print what was written, and keep it as ``summary.txt``, which is written last."""
    text = "".join(f"{line}\n" for line in lines)
    with replacing_file(out / "summary.txt") as temporary:
        temporary.write_text(text, encoding="utf-8")
    logger.info(f"{text}manifests are in {out}")


def write_sounds(rows: pd.DataFrame, out: Path, nj: int, skip_bad: bool) -> list[str]:
    """Write a manifest for each part of a corpus of noises or rooms."""
    lines = []
    for part, own in rows.groupby("part"):
        manifest = measure(own, nj, skip_bad)
        write_manifest(out / f"{part}.csv", manifest)
        hours = manifest["duration"].sum() / 3600
        lines.append(f"{part}: {len(manifest)} files, {hours:.2f} h")
    return lines


def check_counts(rows: pd.DataFrame, plan: CorpusDesign) -> None:
    """Compare the parts' speakers and utterances with those of the release.

    Raises
    ------
    UserError
        They differ, and the plan does not allow it.
    """
    if rows.empty:
        raise UserError(f"{plan.name}: no utterances found; check --source")
    for part, expected in plan.counts.items():
        own = rows[rows["part"] == part] if "part" in rows else rows
        if part not in plan.split_of and plan.split_of:
            continue
        found = own["spk_id"].nunique(), len(own)
        if found != expected and not plan.is_partial:
            raise UserError(
                f"{plan.name}: {part} has {found[0]} speakers and {found[1]} "
                f"utterances, the release {expected[0]} and {expected[1]}; complete "
                "the copy, or go on with what is there by --partial"
            )


def assign_splits(found: CorpusContents, plan: CorpusDesign, seed: int) -> pd.DataFrame:
    """Give every utterance a split; no speaker is in two.

    Returns
    -------
    DataFrame
        The utterances with a column ``split`` in place of ``part``, without those
        of parts that the plan leaves out.

    Raises
    ------
    UserError
        No utterances are left, or too few speakers to divide.
    """
    rows = known_splits(found, plan)
    cohort = rows.iloc[:0]
    if plan.cohort_part:
        cohort = rows[rows["part"] == plan.cohort_part].assign(split="cohort")
    if plan.extract_only:
        is_test = rows["split"] == "test"
        rows = rows[is_test] if is_test.any() else rows.assign(split="test")
    rows = rows.dropna(subset="split")
    if rows.empty:
        raise UserError(
            f"{plan.name}: no utterances in {', '.join(plan.split_of)}; check --source"
        )
    wanted: dict[str, int | float] = {"cohort": plan.cohort_speakers}
    if not plan.extract_only:
        wanted = {"test": plan.test_share, "valid": plan.valid_speakers} | wanted
    for split, number in wanted.items():
        if number and not (rows["split"] == split).any():
            rows = move_speakers(rows, number, split, plan, seed)
    return pd.concat([rows, cohort]).drop(columns="part", errors="ignore")


def known_splits(found: CorpusContents, plan: CorpusDesign) -> pd.DataFrame:
    """Add a column ``split`` from the parts, or from the corpus's trial lists."""
    rows = found.utterances
    if plan.split_of and "part" in rows:
        return rows.assign(split=rows["part"].map(plan.split_of))
    named = utterances_of(found.lists)
    speakers = set(rows.loc[rows["ID"].isin(named), "spk_id"])
    is_test = rows["spk_id"].isin(speakers)
    return rows.assign(split=is_test.map({True: "test", False: "train"}))


def utterances_of(lists: dict[str, TrialList]) -> set[str]:
    """Return the utterances that trial lists and their models name."""
    names: set[str] = set()
    for trials, models in lists.values():
        sides = set(trials["enrol"].unique()) | set(trials["test"].unique())
        names |= sides - set(models)
        names |= {name for own in models.values() for name in own}
    return names


def move_speakers(
    rows: pd.DataFrame, wanted: int | float, split: str, plan: CorpusDesign, seed: int
) -> pd.DataFrame:
    """Move so many speakers, or such a share of them, to another split.

    They are taken from the training part, or from the test where there is none.
    """
    source = "test" if plan.extract_only else "train"
    is_there = rows["split"] == source
    if isinstance(wanted, float):
        n_utterances = rows.loc[is_there, "spk_id"].value_counts()
        n_moved = max(_FEWEST_VALID, round(wanted * (n_utterances > 1).sum()))
    else:
        n_moved = wanted
    try:
        moved = hold_out(rows[is_there], n_moved, seed)
    except TooFewSpeakers as error:
        raise UserError(
            f"{plan.name}: cannot hold out speakers for the {split} part ({error}); "
            "add speakers, or use a trained model on all of them by --pretrained"
        ) from None
    is_moved = is_there & rows["spk_id"].isin(moved)
    return rows.assign(split=rows["split"].mask(is_moved, split))


def write_lists(out: Path, lists: dict[str, TrialList]) -> None:
    """Write trial and enrolment lists; those of an earlier preparation go."""
    for folder in ("trials", "enrol"):
        shutil.rmtree(out / folder, ignore_errors=True)
    for name, made in lists.items():
        write_trials(out / "trials" / f"{name}.txt", made.trials)
        if made.models:
            write_enrolment(out / "enrol" / f"{name}.txt", made.models)


def summary(rows: pd.DataFrame, lists: dict[str, TrialList]) -> list[str]:
    """Describe splits and trial lists, a line each."""
    lines = []
    for split in SPLITS:
        own = rows[rows["split"] == split]
        if len(own):
            hours = own["duration"].sum() / 3600
            lines.append(
                f"{split:>6}: {own['spk_id'].nunique()} speakers, {len(own)} "
                f"utterances, {hours:.2f} h"
            )
    for name, made in lists.items():
        n_target = int(made.trials["target"].sum())
        lines.append(
            f"{name}: {n_target} target and {len(made.trials) - n_target} nontarget "
            "trials"
        )
    if not lists:
        lines.append(f"no trials: {_why_no_trials(rows[rows['split'] == 'test'])}")
    return lines


def _why_no_trials(test: pd.DataFrame) -> str:
    n_speakers = test["spk_id"].nunique()
    if n_speakers < _FEWEST_VALID:
        return f"they need two speakers in the test, which has {n_speakers}; add some"
    return "they need a speaker with two utterances in the test; add some"
