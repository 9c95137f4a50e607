"""Read utterances from tables: CSV and TSV, SpeechBrain's CSV and JSON."""

import json
from io import StringIO
from pathlib import Path

import pandas as pd

from utils.data.channels import channel_numbers
from utils.data.corpus import CorpusContents
from utils.data.files import found_below
from utils.data.kaldi import safe_list
from utils.data.names import safe_name, safe_speakers
from utils.data.roots import HERE, Roots, check_places
from utils.data.times import TIMES, read_times
from utils.runtime.errors import UserError
from utils.runtime.text import read_lines
from utils.trials.lists import read_trials

ALIASES = {
    "wav": ("wav", "path", "file", "audio", "filename", "audio_path", "wav_path"),
    "spk_id": ("spk_id", "speaker", "speaker_id", "spk", "client_id"),
    "ID": ("id", "utt", "utterance", "utt_id", "utterance_id", "segment_id"),
    "part": ("part", "split", "subset", "set"),
    "channel": ("channel", "channel_id", "side"),
    "gender": ("gender", "sex"),
    "session": ("session", "session_id"),
}
_SUFFIXES = {".csv", ".tsv", ".json", ".txt"}


def find_tables(source: Path, roots: Roots = HERE) -> CorpusContents:
    """Read a table, or the tables ``<part>.csv`` or ``<part>.json`` of a folder.

    Parameters
    ----------
    source : Path
        CSV or TSV with a header, or SpeechBrain's JSON. Columns for the audio file
        and the speaker are needed, under one of the names in `ALIASES`; those that
        tell times (`utils.data.times`) cut a part out of a file, ``channel`` takes
        one of its channels; all other columns are labels. Trial lists beside the
        table, named ``trials*.txt``, are used.
    roots : Roots
        Where the files lie.

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
        raise UserError(
            f"{source}: no table; --source must name a CSV or JSON file"
            f"{found_below(source, ('.csv', '.tsv', '.json'))}"
        )
    parts = [read_table(path, roots) for path in tables]
    if len(parts) > 1:
        parts = [p.assign(part=f.stem) for p, f in zip(parts, tables, strict=True)]
    folder = tables[0].parent
    lists = {
        safe_name(path.stem): safe_list(read_trials(path), {})
        for path in sorted(folder.glob("trials*.txt"))
    }
    table = pd.concat(parts, ignore_index=True)
    texts = table.columns.difference(TIMES)
    return CorpusContents(table.fillna(dict.fromkeys(texts, "")), lists)


def read_table(path: Path, roots: Roots) -> pd.DataFrame:
    """Read one table; see `find_tables`."""
    if path.suffix not in _SUFFIXES:
        raise UserError(f"{path}: not a CSV, TSV or JSON file; name one by --source")
    table = _read_json(path) if path.suffix == ".json" else _read_csv(path)
    if table.empty:
        raise UserError(f"{path}: no rows; write one for each utterance")
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
    texts = table["wav"].str.strip().tolist()
    table["wav"] = [str(roots.place(text, path.parent).resolve()) for text in texts]
    table["spk_id"] = safe_speakers(table["spk_id"].tolist())
    table = read_times(path, table)
    if "channel" in table:
        table["channel"] = channel_numbers(table["channel"])
    names = table["ID"] if "ID" in table else _names_from_files(table)
    table["ID"] = names.map(safe_name)
    is_second = table["ID"].duplicated()
    if is_second.any():
        row = int(is_second.to_numpy().argmax())
        raise UserError(
            f"{path}:{row + 2}: a second row of {names[row]!r}; add a column ID with "
            "a name of its own for each"
        )
    check_places(path, texts, table["wav"])
    return table


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
    lines = read_lines(path, "check --source")
    if not lines:
        raise UserError(f"{path}: empty; write a header and a row a file")
    separator = max(",;\t", key=lines[0].count)
    _check_width(path, lines, separator)
    try:
        return pd.read_csv(
            StringIO("\n".join(lines)), sep=separator, dtype=str, keep_default_na=False,
            quoting=3 if separator == "\t" else 0, skip_blank_lines=False,
        )  # fmt: skip
    except pd.errors.ParserError as error:
        raise UserError(f"{path}: not a table ({error}); mend the quotes") from None


def _check_width(path: Path, lines: list[str], separator: str) -> None:
    """Raise a `UserError` at a row of more or fewer values than the header."""
    n_columns = lines[0].count(separator) + 1
    for line, text in enumerate(lines, start=1):
        n_values = text.count(separator) + 1
        is_plain = separator == "\t" or '"' not in text + lines[0]
        if is_plain and text.strip() and n_values != n_columns:
            raise UserError(
                f"{path}:{line}: {n_values} values for the {n_columns} columns of the "
                "header; complete the row, or quote the value that holds a separator"
            )


def _read_json(path: Path) -> pd.DataFrame:
    """Read SpeechBrain's ``{id: {"wav": ..., "spk_id": ...}}``."""
    try:
        entries = json.loads("\n".join(read_lines(path, "check --source")))
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
    table = pd.DataFrame(rows, dtype=object)
    return table.where(table.notna(), "").astype(str)


def _names_from_files(table: pd.DataFrame) -> pd.Series:
    """Name utterances by speaker and file; and by start or channel, if need be."""
    stems = pd.Series([Path(wav).stem for wav in table["wav"]], index=table.index)
    names = table["spk_id"] + "-" + stems
    for column in ("start", "start_s", "channel"):
        if column in table and names.duplicated().any():
            names += "-" + table[column].astype(str)
    return names
