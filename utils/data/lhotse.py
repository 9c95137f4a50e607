"""Read lhotse manifests: recordings with supervisions, or cuts."""

import gzip
import json
import zlib
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from utils.data.corpus import CorpusContents
from utils.data.files import found_below
from utils.data.left_out import tell_left_out
from utils.data.names import safe_name, safe_speakers
from utils.data.roots import HERE, Roots, check_places
from utils.runtime.errors import UserError

_KINDS = ("recordings", "supervisions", "cuts")
_ENDINGS = (".jsonl", ".jsonl.gz")
_UNREADABLE = (OSError, EOFError, UnicodeDecodeError, zlib.error)


def find_lhotse(source: Path, roots: Roots = HERE) -> CorpusContents:
    """Read lhotse manifests: recordings with supervisions, or cuts.

    Parameters
    ----------
    source : Path
        Folder of ``*recordings*``, ``*supervisions*`` or ``*cuts*`` files, ``.jsonl``
        or ``.jsonl.gz``; what follows the kind in a name, such as ``train``, is the
        part. Or one file of cuts.
    roots : Roots
        Where the files lie.

    Raises
    ------
    UserError
        No manifests; a supervision without speaker, recording, start or duration;
        audio that is no file, is changed when it is loaded, or is not there.
    """
    files = [source] if source.is_file() else sorted(source.glob("*.jsonl*"))
    rows = list(_rows(files))
    if not rows:
        raise UserError(
            f"{source}: no recordings with supervisions, and no cuts; --source must "
            "name a folder of lhotse manifests, as .jsonl or .jsonl.gz"
            f"{found_below(source, _ENDINGS) if not files else ''}"
        )
    table = pd.DataFrame(rows)
    table["spk_id"] = safe_speakers(table["spk_id"].tolist())
    texts = table["wav"]
    table["wav"] = [str(roots.place(text, files[0].parent)) for text in texts]
    check_places(files[0], texts, table["wav"])
    return CorpusContents(table.loc[:, (table != "").any()])


def _rows(files: list[Path]) -> Iterator[dict[str, object]]:
    """Yield a row for each supervision; cuts count where there are no others."""
    kinds = {kind: [f for f in files if kind in f.name] for kind in _KINDS}
    recordings = {
        _needed(place, entry, "id"): entry
        for path in kinds["recordings"]
        for place, entry in _entries(path)
    }
    pairs = [
        (path, place, segment, recordings.get(str(segment.get("recording_id"))))
        for path in (kinds["supervisions"] if recordings else [])
        for place, segment in _entries(path)
    ]
    if pairs:
        used = {str(segment.get("recording_id")) for _, _, segment, _ in pairs}
        tell_left_out("recordings without supervision", set(recordings) - used)
    for path, place, segment, recording in pairs:
        yield {"part": _part(path)} | _row(place, segment, recording, 0.0)
    bare: list[str] = []
    for path in [] if pairs else kinds["cuts"]:
        for place, cut in _entries(path):
            if "tracks" in cut:
                raise UserError(
                    f"{place}: {cut.get('id')!r} is a mix of {len(cut['tracks'])} "
                    "tracks, which is not made here; save the audio, with lhotse's "
                    "save_audios for example"
                )
            if not cut.get("supervisions"):
                bare.append(str(cut.get("id")))
                continue
            start_s = _number(place, cut, "start")
            for segment in cut["supervisions"]:
                row = _row(place, segment, cut.get("recording"), start_s)
                yield {"part": _part(path)} | row
    tell_left_out("cuts without supervision", bare)


def _part(path: Path) -> str:
    part = path.name.split(".jsonl")[0].split("_")[-1]
    return "" if part in _KINDS else part


def _entries(path: Path) -> Iterator[tuple[str, dict]]:
    """Yield ``file:line`` and what is in it."""
    opener = gzip.open if path.suffix == ".gz" else open
    try:
        with opener(path, "rt", encoding="utf-8") as file:
            for line, text in enumerate(file, start=1):
                if text.strip():
                    yield f"{path}:{line}", _parse(f"{path}:{line}", text)
    except _UNREADABLE as error:
        raise UserError(f"{path}: cannot be read ({error}); copy it again") from None


def _parse(place: str, text: str) -> dict:
    try:
        entry = json.loads(text)
    except json.JSONDecodeError as error:
        raise UserError(f"{place}: not JSON ({error}); make it again") from None
    if not isinstance(entry, dict):
        raise UserError(f"{place}: no object of lhotse's; make it again")
    return entry


def _needed(place: str, entry: dict, key: str) -> str:
    if entry.get(key) in (None, ""):
        raise UserError(f"{place}: {entry.get('id')!r} has no {key}; add it")
    return str(entry[key])


def _number(place: str, entry: dict, key: str) -> float:
    try:
        return float(_needed(place, entry, key))
    except ValueError:
        raise UserError(
            f"{place}: {entry.get('id')!r}: {key} is no number; correct it"
        ) from None


def _row(
    place: str, segment: dict, recording: dict | None, offset_s: float
) -> dict[str, object]:
    """Make a row of one supervision; ``offset_s`` is where its cut starts."""
    name, speaker = (_needed(place, segment, key) for key in ("id", "speaker"))
    if recording is None:
        raise UserError(f"{place}: {name!r} has no recording; add it")
    if recording.get("transforms"):
        raise UserError(
            f"{place}: the recording of {name!r} has transforms, which are not applied "
            "here; save the audio, with lhotse's save_audios for example"
        )
    start_s = offset_s + _number(place, segment, "start")
    row = {
        "ID": safe_name(name), "spk_id": speaker, "start_s": start_s,
        "stop_s": start_s + _number(place, segment, "duration"),
    }  # fmt: skip
    for label in ("gender", "language"):
        row[label] = segment.get(label) or ""
    return row | _source(place, segment, recording)


def _source(place: str, segment: dict, recording: dict) -> dict[str, str]:
    """Return the file of a supervision, and the channel of the file if it has several.

    A supervision on all the channels of one file is heard on their mean.
    """
    channel = segment.get("channel")
    channels = channel if isinstance(channel, list) else [channel]
    sources = recording.get("sources") or []
    known = [number for source in sources for number in source.get("channels", [0])]
    if channel is None:
        channels = known
    fitting = [s for s in sources if set(channels) <= set(s.get("channels", [0]))]
    own = fitting[0].get("channels", [0]) if fitting else []
    if not fitting or len(channels) not in (1, len(own)):
        raise UserError(
            f"{place}: {segment['id']!r} is on channels {channels} of a recording "
            f"with {known}, each in a file of its own or not there; name one channel"
        )
    if fitting[0]["type"] != "file":
        raise UserError(
            f"{place}: audio of {segment['id']!r} is a {fitting[0]['type']}, not a "
            "file; save the audio, with lhotse's save_audios for example"
        )
    is_one = len(own) > 1 and len(channels) == 1
    number = str(own.index(channels[0])) if is_one else ""
    return {"wav": str(fitting[0]["source"]), "channel": number}
