"""Find every fault of a data folder at once, before hours of computation.

Each check yields lines ``file:line: what is wrong; how to mend it``.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from utils.audio import read_audio
from utils.errors import UserError
from utils.manifest import COLUMNS

SPLITS = ("train", "valid", "test")
_NAME = re.compile(r"[A-Za-z0-9_/+=@:-]+")
_LABELS = {"target", "nontarget"}
_MOST_SHOWN = 10  # faults of one kind in one trial list


def read_raw_manifests(folder: Path) -> tuple[dict[Path, pd.DataFrame], list[str]]:
    """Read the manifests of all splits as text, with the faults of their form.

    Parameters
    ----------
    folder : Path
        Holds ``train.csv``, ``valid.csv`` and ``test.csv``.

    Returns
    -------
    manifests : dict of DataFrame
        By path, all columns str; those that can be read.
    faults : list of str
    """
    manifests, faults = {}, []
    for split in SPLITS:
        path = folder / f"{split}.csv"
        try:
            frame = pd.read_csv(path, dtype=str, keep_default_na=False)
        except FileNotFoundError:
            faults.append(f"{path}: no such manifest; run the recipe's prepare first")
            continue
        except (pd.errors.ParserError, pd.errors.EmptyDataError) as error:
            faults.append(f"{path}: not a CSV table ({error}); make it again")
            continue
        missing = [name for name in COLUMNS if name not in frame]
        if missing:
            faults.append(f"{path}:1: no column {', '.join(missing)}; add it")
        elif frame.empty:
            faults.append(f"{path}:1: no utterances; check the corpus folder")
        else:
            manifests[path] = frame
    return manifests, faults


def manifest_faults(path: Path, rows: pd.DataFrame) -> Iterator[str]:
    """Yield the faults of one manifest's rows: names, numbers, lone utterances."""
    count = rows["spk_id"].value_counts()
    for line, row in enumerate(rows.to_dict("records"), start=2):
        for column in ("ID", "spk_id"):
            if not _NAME.fullmatch(row[column]):
                yield (
                    f"{path}:{line}: {column} {row[column]!r} has characters other "
                    "than ASCII letters, digits and _-/+=@: that break trial lists "
                    "or other tools; rename it"
                )
        if not _is_sound_span(row):
            yield (
                f"{path}:{line}: duration {row['duration']!r}, start "
                f"{row['start']!r}, stop {row['stop']!r} are no stretch of audio; "
                "measure the file again"
            )
        if count[row["spk_id"]] == 1:
            yield (
                f"{path}:{line}: speaker {row['spk_id']!r} has one utterance, which "
                "gives no pair of the same speaker; add another or remove it"
            )


def _is_sound_span(row: dict[str, str]) -> bool:
    """Tell whether duration, start and stop are numbers that make sense."""
    try:
        start, stop = int(row["start"]), int(row["stop"])
        return float(row["duration"]) > 0 and 0 <= start < stop
    except ValueError:
        return False


def split_faults(manifests: dict[Path, pd.DataFrame]) -> Iterator[str]:
    """Yield IDs that occur twice, and speakers that are in two splits."""
    first_place: dict[str, str] = {}
    split_of: dict[str, Path] = {}
    for path, rows in manifests.items():
        names = zip(rows["ID"], rows["spk_id"], strict=True)
        for line, (name, speaker) in enumerate(names, start=2):
            place = f"{path}:{line}"
            if name in first_place:
                yield (
                    f"{place}: ID {name!r} is also at {first_place[name]}; "
                    "give each utterance an ID of its own"
                )
            first_place.setdefault(name, place)
            if split_of.setdefault(speaker, path) != path:
                yield (
                    f"{place}: speaker {speaker!r} is also in {split_of[speaker]}; "
                    "a speaker belongs to one split"
                )
                split_of[speaker] = path  # told once


def audio_fault(place: str, row: dict) -> str | None:
    """Read an utterance's audio; return what is wrong with it, or None.

    Parameters
    ----------
    place : str
        ``file:line`` of its manifest row.
    row : dict
        The row, all values str.
    """
    try:
        read_audio(row["wav"], 16000, int(row["start"]), int(row["stop"]))
    except UserError as error:
        return f"{place}: {error}"
    return None


def trial_faults(path: Path, known: set[str]) -> Iterator[str]:
    """Yield the faults of a trial list.

    Parameters
    ----------
    path : Path
        Lines ``enrol test target|nontarget``.
    known : set of str
        Utterances of the test manifest and enrolled models.
    """
    names = ["enrol", "test", "label"]
    try:
        trials = pd.read_csv(path, sep=r"\s+", header=None, names=names, dtype=str)
    except (pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        reason = str(error).strip().splitlines()[0]
        yield f"{path}: not a trial list ({reason}); lines are: enrol test label"
        return
    for column in ("enrol", "test"):
        yield from _trial_faults_where(
            path,
            trials,
            ~trials[column].isin(known),
            f"unknown {column} id",
            trials[column],
            "use ids of test.csv or of the enrolment list",
        )
    yield from _trial_faults_where(
        path,
        trials,
        ~trials["label"].isin(_LABELS),
        "label",
        trials["label"],
        "write target or nontarget",
    )
    yield from _trial_faults_where(
        path,
        trials,
        trials["enrol"] == trials["test"],
        "a trial of an utterance against itself:",
        trials["enrol"],
        "remove it",
    )
    found = set(trials["label"].dropna().unique()) & _LABELS
    if len(found) == 1:
        yield (
            f"{path}: all trials are {found.pop()}; error rates need both kinds, "
            "add trials of the other"
        )


def _trial_faults_where(  # noqa: PLR0913 - the parts of one sentence
    path: Path,
    trials: pd.DataFrame,
    is_bad: pd.Series,
    what: str,
    values: pd.Series,
    remedy: str,
) -> Iterator[str]:
    """Yield a fault for each different bad value, the first few of them."""
    bad = values[is_bad].drop_duplicates()
    for row, value in bad.head(_MOST_SHOWN).items():
        yield f"{path}:{row + 1}: {what} {value!r}; {remedy}"
    if len(bad) > _MOST_SHOWN:
        yield f"{path}: {len(bad) - _MOST_SHOWN} more like this; {remedy}"


def enrolment_faults(path: Path, known: set[str]) -> Iterator[str]:
    """Yield models without utterances, and utterances that are not in test.csv."""
    for line, text in enumerate(path.read_text("utf-8").splitlines(), start=1):
        model, *utterances = text.split() or [""]
        if not utterances:
            yield f"{path}:{line}: model {model!r} has no utterance; add one"
        for name in utterances:
            if name not in known:
                yield f"{path}:{line}: unknown utterance {name!r}; use ids of test.csv"


def enrolled_models(folder: Path) -> set[str]:
    """Return the names of all models that the folder's enrolment lists define."""
    return {
        line.split()[0]
        for path in folder.glob("enrol/*.txt")
        for line in path.read_text("utf-8").splitlines()
        if line.strip()
    }
