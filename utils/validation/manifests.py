"""Check the manifests of a data folder: form, names, stretches, splits, sessions."""

from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from utils.data.labels import tidy_labels
from utils.data.manifest import COLUMNS, SPLITS
from utils.data.names import NAME
from utils.data.sessions import ONE_SESSION, has_sessions
from utils.validation.findings import ERROR, WARNING, Finding, findings_where

_FIRST_LINE = 2  # line 1 is the header


def read_raw_manifests(folder: Path) -> tuple[dict[str, pd.DataFrame], list[Finding]]:
    """Read the manifests of all splits as text, with the faults of their form.

    Parameters
    ----------
    folder : Path
        Holds ``train.csv``, ``valid.csv``, ``test.csv`` and perhaps ``cohort.csv``;
        or ``test.csv`` alone; or no test and no trial list, for training alone; or
        other manifests alone, of noises for example.

    Returns
    -------
    manifests : dict of DataFrame
        By name without ending, all columns str, by line of the file; those that can
        be read.
    findings : list of Finding
    """
    names = [path.stem for path in sorted(folder.glob("*.csv"))]
    if "test" in names and not {"train", "valid"} & set(names):
        wanted = ["test", *(["cohort"] if "cohort" in names else [])]
    elif names and not set(SPLITS) & set(names):
        wanted = names
    else:
        needed = {"train", "valid"} | ({"test"} if _is_tested(folder) else set())
        wanted = [name for name in SPLITS if name in needed or name in names]
    manifests, findings = {}, []
    for name in wanted:
        path = folder / f"{name}.csv"
        frame, message = _read(path)
        if message:
            findings.append(Finding(ERROR, "manifest", *message))
        if frame is not None:
            manifests[name] = frame.set_axis(range(_FIRST_LINE, len(frame) + 2))
    return manifests, findings


def _is_tested(folder: Path) -> bool:
    """Tell whether there are trials; a corpus may be for training alone."""
    return any((folder / "trials").glob("*.txt"))


def _read(path: Path) -> tuple[pd.DataFrame | None, tuple[str, str] | None]:
    """Return the table, or the place and the text of what is wrong with it."""
    try:
        frame = pd.read_csv(path, dtype=str, keep_default_na=False)
    except FileNotFoundError:
        return None, (str(path), "no such manifest; run the recipe's prepare first")
    except (pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        return None, (str(path), f"not a CSV table ({error}); make it again")
    missing = [name for name in COLUMNS if name not in frame]
    if missing:
        return None, (f"{path}:1", f"no column {', '.join(missing)}; add it")
    if frame.empty:
        return None, (f"{path}:1", "no utterances; check the corpus folder")
    return frame, None


def manifest_findings(path: Path, rows: pd.DataFrame) -> Iterator[Finding]:
    """Yield what is wrong with one manifest's rows: names, numbers, lone speakers.

    Parameters
    ----------
    path : Path
    rows : DataFrame
        As `read_raw_manifests` returns it.
    """
    for column in ("ID", "spk_id"):
        is_bad = ~rows[column].str.fullmatch(NAME)
        messages = column + " " + rows.loc[is_bad, column].map(repr) + (
            " has characters other than ASCII letters, digits and _-/+=@: that break "
            "trial lists or other tools; rename it"
        )  # fmt: skip
        yield from findings_where(is_bad, (ERROR, "name"), path, messages)
    numbers = rows[["duration", "start", "stop"]].apply(pd.to_numeric, errors="coerce")
    is_whole = rows["start"].str.isdigit() & rows["stop"].str.isdigit()
    is_sound = is_whole & (numbers["duration"] > 0) & (
        numbers["start"] < numbers["stop"]
    )  # fmt: skip
    bad = rows[~is_sound]
    messages = (
        "duration " + bad["duration"].map(repr) + ", start " + bad["start"].map(repr)
        + ", stop " + bad["stop"].map(repr)
        + " are no stretch of audio; measure the file again"
    )  # fmt: skip
    yield from findings_where(~is_sound, (ERROR, "stretch"), path, messages)
    is_lone = ~rows["spk_id"].duplicated(keep=False)
    messages = "speaker " + rows.loc[is_lone, "spk_id"].map(repr) + (
        " has one utterance, which gives no pair of the same speaker; add another or "
        "remove it"
    )  # fmt: skip
    yield from findings_where(is_lone, (WARNING, "lone-speaker"), path, messages)


def split_findings(
    folder: Path, manifests: dict[str, pd.DataFrame]
) -> Iterator[Finding]:
    """Yield what splits must not share: IDs, audio, recordings, speakers, sessions.

    The cohort may hold training and validation speech, and nothing of the test.
    """
    if not manifests:
        return
    columns = ["ID", "spk_id", "wav", "start", "stop", "channel"]
    rows = pd.concat(
        [
            frame.reindex(columns=columns, fill_value="").assign(split=name)
            for name, frame in manifests.items()
        ]
    )
    rows["place"] = str(folder) + "/" + rows["split"] + ".csv:" + rows.index.astype(str)
    own = rows[rows["split"] != "cohort"].reset_index(drop=True)
    yield from _repeated(
        own, ["ID"], "id", "ID {ID!r} is also at {first}; give each utterance an ID of "
        "its own",
    )  # fmt: skip
    yield from _repeated(
        own, ["wav", "start", "stop", "channel"], "same-audio",
        "the audio of {ID!r} is also that at {first}; keep one of them",
    )  # fmt: skip
    others = [own]
    if "cohort" in manifests and "test" in manifests:
        others.append(rows[rows["split"].isin(["cohort", "test"])])
    for part in others:
        part = part.reset_index(drop=True)
        yield from _shared(
            part, "spk_id", ERROR, "speaker", "a speaker belongs to one split"
        )
        yield from _shared(
            part, "wav", ERROR, "recording", "put what is from one file into one split"
        )
    yield from session_findings(folder, manifests)


def _repeated(
    rows: pd.DataFrame, keys: list[str], check: str, text: str
) -> Iterator[Finding]:
    """Yield rows that have the same values as an earlier row."""
    is_repeated = rows.duplicated(keys)
    if not is_repeated.any():
        return
    first = rows.drop_duplicates(keys).set_index(keys)["place"]
    for number, row in enumerate(rows[is_repeated].to_dict("records")):
        if number == 10:
            more = int(is_repeated.sum()) - number
            yield Finding(ERROR, check, row["place"], f"and {more - 1} more like this")
            return
        key = row[keys[0]] if len(keys) == 1 else tuple(row[key] for key in keys)
        yield Finding(ERROR, check, row["place"], text.format(first=first[key], **row))


def _shared(
    rows: pd.DataFrame, column: str, level: str, check: str, remedy: str
) -> Iterator[Finding]:
    """Yield values that are in two splits, each once."""
    pairs = rows.drop_duplicates([column, "split"])
    for value, own in pairs[pairs[column].duplicated(keep=False)].groupby(column):
        first, second = own.iloc[0], own.iloc[1]
        yield Finding(
            level, check, second["place"],
            f"{check} {value!r} is also in {first['place'].rpartition(':')[0]}; "
            f"{remedy}",
        )  # fmt: skip


def session_findings(
    folder: Path, manifests: dict[str, pd.DataFrame]
) -> Iterator[Finding]:
    """Yield sessions of which several splits hold a part.

    Sessions that are merely numbered for each speaker are passed over: those are
    fewer than half as many as the speakers.
    """
    parts = [
        frame[["spk_id", "session"]].assign(split=name)
        for name, frame in manifests.items()
        if "session" in frame and name != "cohort"
    ]
    if not parts:
        return
    rows = pd.concat(parts)
    rows = rows[rows["session"] != ""]
    if rows["session"].nunique() < rows["spk_id"].nunique() / 2:
        return
    rows["place"] = str(folder) + "/" + rows["split"] + ".csv:" + rows.index.astype(str)
    yield from _shared(
        rows, "session", WARNING, "session",
        "one room, device and day on both sides makes results look better",
    )  # fmt: skip


def recording_findings(path: Path, test: pd.DataFrame) -> Iterator[Finding]:
    """Yield a warning where no speaker of the test has two sessions.

    Parameters
    ----------
    path : Path
    test : DataFrame
        As `read_raw_manifests` returns it.
    """
    rows = test.reindex(columns=["spk_id", "session"], fill_value="")
    if not has_sessions(tidy_labels(rows)):
        remedy = "name the sessions in a column session, or compare with the averages"
        yield Finding(WARNING, "one-session", str(path), f"{ONE_SESSION}; {remedy}")
