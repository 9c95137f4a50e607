"""Read utterances from tables: CSV and TSV, SpeechBrain's CSV and JSON, lhotse."""

import gzip
import json
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from utils.data.corpus import Found
from utils.data.kaldi import safe_list
from utils.data.names import safe_name
from utils.runtime.errors import UserError
from utils.trials.lists import read_trials

ALIASES = {
    "wav": ("wav", "path", "file", "audio", "filename", "audio_path", "wav_path"),
    "spk_id": ("spk_id", "speaker", "speaker_id", "spk", "client_id"),
    "ID": ("id", "utt", "utterance", "utt_id", "utterance_id", "segment_id"),
    "part": ("part", "split", "subset", "set"),
    "start_s": ("start_s", "start_seconds"),
    "stop_s": ("stop_s", "end_s", "end_seconds"),
    "gender": ("gender", "sex"),
    "session": ("session", "session_id"),
}
_DROPPED = ("duration", "length")  # measured from the audio
_TIMES = ("start", "stop", "start_s", "stop_s")
_SUFFIXES = {".csv", ".tsv", ".json", ".txt"}


def find_tables(source: Path, data_root: Path | None = None) -> Found:
    """Read a table, or the tables ``<part>.csv`` or ``<part>.json`` of a folder.

    Parameters
    ----------
    source : Path
        CSV or TSV with a header, or SpeechBrain's JSON. Columns for the audio file
        and the speaker are needed, under one of the names in `ALIASES`; ``start``
        and ``stop`` in samples, or ``start_s`` and ``stop_s``, cut a part out of a
        file; all other columns are labels. Trial lists beside the table, named
        ``trials*.txt``, are used.
    data_root : Path, optional
        Where relative paths start, and what ``$data_root`` or ``{data_root}`` in a
        path stands for; the table's folder by default.

    Raises
    ------
    UserError
        No table, a column or a value is missing, or an ID comes twice.
    """
    if source.is_dir():
        tables = sorted(
            path for path in source.iterdir() if path.suffix in {".csv", ".json"}
        )
    else:
        tables = [source]
    if not tables or not source.exists():
        raise UserError(f"{source}: no table; --source must name a CSV or JSON file")
    parts = [read_table(path, data_root or path.parent) for path in tables]
    if len(parts) > 1:
        parts = [p.assign(part=f.stem) for p, f in zip(parts, tables, strict=True)]
    folder = tables[0].parent
    lists = {
        safe_name(path.stem): safe_list(read_trials(path), {})
        for path in sorted(folder.glob("trials*.txt"))
    }
    table = pd.concat(parts, ignore_index=True)
    texts = table.columns.difference(_TIMES)
    return Found(table.fillna(dict.fromkeys(texts, "")), lists)


def read_table(path: Path, data_root: Path) -> pd.DataFrame:
    """Read one table; see `find_tables`."""
    if path.suffix not in _SUFFIXES:
        raise UserError(f"{path}: not a CSV, TSV or JSON file; name one by --source")
    table = _read_json(path) if path.suffix == ".json" else _read_csv(path)
    table = table.rename(columns=_canonical_names(list(table.columns)))
    for name in ("wav", "spk_id"):
        if name not in table:
            raise UserError(
                f"{path}:1: no column for {name}; name one of "
                f"{', '.join(ALIASES[name])}"
            )
        is_empty = table[name].str.strip() == ""
        if is_empty.any():
            line = int(is_empty.to_numpy().argmax()) + 2
            raise UserError(f"{path}:{line}: {name} is empty; fill it in")
    root = str(data_root)
    wavs = table["wav"].str.replace("$data_root", root).str.replace(
        "{data_root}", root
    )  # fmt: skip
    table["wav"] = [str((data_root / wav).resolve()) for wav in wavs]
    table["spk_id"] = table["spk_id"].map(safe_name)
    names = table["ID"] if "ID" in table else _names_from_files(table)
    table["ID"] = names.map(safe_name)
    is_second = table["ID"].duplicated()
    if is_second.any():
        row = int(is_second.to_numpy().argmax())
        raise UserError(
            f"{path}:{row + 2}: a second row of {names[row]!r}; add a column ID with "
            "a name of its own for each"
        )
    return _with_times(path, table).drop(columns=list(_DROPPED), errors="ignore")


def _canonical_names(columns: list[str]) -> dict[str, str]:
    """Map the columns of a table to our names; the first alias found counts."""
    lower = {name.strip().lower(): name for name in reversed(columns)}
    found = {}
    for name, aliases in ALIASES.items():
        known = [lower[alias] for alias in aliases if alias in lower]
        if known:
            found[known[0]] = name
    return found


def _read_csv(path: Path) -> pd.DataFrame:
    try:
        with path.open(encoding="utf-8-sig") as file:
            header = file.readline()
        separator = max(",;\t", key=header.count)
        return pd.read_csv(
            path, sep=separator, dtype=str, keep_default_na=False, encoding="utf-8-sig",
            quoting=3 if separator == "\t" else 0,
        )  # fmt: skip
    except (OSError, UnicodeDecodeError, pd.errors.ParserError) as error:
        raise UserError(f"{path}: not a table ({error}); save it as UTF-8") from None
    except pd.errors.EmptyDataError:
        raise UserError(f"{path}: empty; write a header and a row a file") from None


def _read_json(path: Path) -> pd.DataFrame:
    """Read SpeechBrain's ``{id: {"wav": ..., "spk_id": ...}}``."""
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))
        rows = [{"ID": name, **values} for name, values in entries.items()]
    except (json.JSONDecodeError, AttributeError, TypeError) as error:
        raise UserError(
            f"{path}: not SpeechBrain's JSON ({error}); write an object of "
            "utterances by ID"
        ) from None
    for row in rows:
        if isinstance(row.get("wav"), dict):  # a stretch of a file
            stretch = row["wav"]
            row |= stretch | {"wav": stretch.get("file", "")}
            row.pop("file", None)
    table = pd.DataFrame(rows).astype(object)
    return table.where(table.notna(), "").astype(str)


def _names_from_files(table: pd.DataFrame) -> pd.Series:
    stems = pd.Series([Path(wav).stem for wav in table["wav"]], index=table.index)
    return table["spk_id"] + "-" + stems


def _with_times(path: Path, table: pd.DataFrame) -> pd.DataFrame:
    """Turn the columns that cut stretches out of files into numbers."""
    for name in _TIMES:
        if name not in table:
            continue
        text = table[name].where(table[name] != "", "0" if name[2] == "a" else "nan")
        numbers = pd.to_numeric(text, errors="coerce")
        is_bad = numbers.isna() & (text != "nan")
        if is_bad.any():
            line = int(is_bad.to_numpy().argmax()) + 2
            raise UserError(f"{path}:{line}: {name} is no number; correct the row")
        table[name] = numbers
    return table


def find_lhotse(source: Path) -> Found:
    """Read lhotse manifests: recordings with supervisions, or cuts.

    Parameters
    ----------
    source : Path
        Folder of ``*recordings*``, ``*supervisions*`` or ``*cuts*`` files, ``.jsonl``
        or ``.jsonl.gz``; what follows the kind in a name, such as ``train``, is the
        part. Or one file of cuts.

    Raises
    ------
    UserError
        No manifests, a supervision without speaker or recording, or audio that is
        no file.
    """
    files = [source] if source.is_file() else sorted(source.glob("*.jsonl*"))
    kinds = {kind: [f for f in files if kind in f.name] for kind in _LHOTSE_KINDS}
    recordings = {
        entry["id"]: entry for path in kinds["recordings"] for entry in _entries(path)
    }
    rows = []
    for path in kinds["supervisions"] if recordings else []:
        for place, segment in enumerate(_entries(path), start=1):
            recording = recordings.get(segment["recording_id"])
            rows.append(_lhotse_row(path, place, segment, recording, 0.0))
    for path in [] if rows else kinds["cuts"]:
        for place, cut in enumerate(_entries(path), start=1):
            for segment in cut.get("supervisions", []):
                start = cut["start"]
                rows.append(
                    _lhotse_row(path, place, segment, cut.get("recording"), start)
                )
    if not rows:
        raise UserError(
            f"{source}: no recordings with supervisions, and no cuts; --source must "
            "name a folder of lhotse manifests, as .jsonl or .jsonl.gz"
        )
    table = pd.DataFrame(rows)
    return Found(table.loc[:, (table != "").any()])


_LHOTSE_KINDS = ("recordings", "supervisions", "cuts")


def _entries(path: Path) -> Iterator[dict]:
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt", encoding="utf-8") as file:
        for line, text in enumerate(file, start=1):
            try:
                yield json.loads(text)
            except json.JSONDecodeError as error:
                raise UserError(f"{path}:{line}: not JSON ({error})") from None


def _lhotse_row(
    path: Path, line: int, segment: dict, recording: dict | None, offset_s: float
) -> dict[str, object]:
    """Make a row of one supervision; ``offset_s`` is where its cut starts."""
    speaker, name = segment.get("speaker"), segment["id"]
    if not speaker or recording is None:
        what = "recording" if speaker else "speaker"
        raise UserError(f"{path}:{line}: {name!r} has no {what}; add it")
    source = recording["sources"][0]
    if source["type"] != "file":
        raise UserError(
            f"{path}:{line}: audio of {name!r} is a {source['type']}, not a file; "
            "save the audio, with lhotse's save_audios for example"
        )
    start = offset_s + segment["start"]
    wav = Path(source["source"])
    stem = path.name.split(".jsonl")[0]
    part = stem.split("_")[-1]
    row = {
        "ID": safe_name(str(name)), "spk_id": safe_name(str(speaker)),
        "wav": str(wav if wav.is_absolute() else path.parent / wav),
        "start_s": start, "stop_s": start + segment["duration"],
        "part": "" if part in _LHOTSE_KINDS else part,
    }  # fmt: skip
    for label in ("gender", "language"):
        row[label] = segment.get(label) or ""
    return row
