"""From the utterances that a recipe finds to a data folder.

Audio is measured, utterances are divided, trials designed; manifests, trial lists,
enrolment lists and a summary are written.
"""

import logging
import shutil
from dataclasses import replace
from pathlib import Path

import pandas as pd

from utils.audio.commands import files_in, run_commands
from utils.data.audio_state import write_audio_state
from utils.data.corpus import CorpusContents, CorpusDesign
from utils.data.corpus_splits import FEWEST_SPEAKERS, assign_splits, check_counts
from utils.data.durations import measure, measure_each
from utils.data.labels import tidy_labels
from utils.data.left_out import settle_faults
from utils.data.manifest import SPLITS, write_manifest
from utils.data.trial_design import TrialList, design_trials
from utils.runtime.atomic import replacing_file
from utils.trials.enrolment import write_enrolment
from utils.trials.lists import leave_out, write_trials

logger = logging.getLogger(__name__)


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
    if n_speakers < FEWEST_SPEAKERS:
        return f"they need two speakers in the test, which has {n_speakers}; add some"
    return "they need a speaker with two utterances in the test; add some"
