"""Utterances of a folder, with labels that its paths hold."""

import logging
import re
import shlex
from pathlib import Path

import pandas as pd

from utils.data.files import ENDINGS, FOREIGN, audio_paths
from utils.data.left_out import tell_left_out
from utils.data.levels import SPEAKER_FOLDERS, Layout, read_layout
from utils.data.manifest import read_manifest
from utils.data.names import safe_name, safe_speakers
from utils.runtime.errors import UserError

logger = logging.getLogger(__name__)

_CONVERT = "convert them to WAV or FLAC, with ffmpeg for example"
_TOKEN = re.compile(r"(\*\*/|\*\*|\*|\{[a-z_]+\})")


def compile_pattern(pattern: str) -> re.Pattern:
    """Turn a pattern of paths into a regular expression.

    Parameters
    ----------
    pattern : str
        ``{speaker}`` and other fields stand for a part of one name, ``*`` for any
        part of a name, ``**`` for any names. The path's ending is not part of it.

    Raises
    ------
    UserError
        No ``{speaker}``, or a field twice.

    Example
    -------
    >>> compile_pattern("{speaker}/**").fullmatch("anna/2020/a1")["speaker"]
    'anna'
    """
    if "{speaker}" not in pattern:
        raise UserError(
            f"--pattern {pattern!r}: no {{speaker}} in it; an example: "
            "{speaker}/{session}/*"
        )
    wild = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*"}
    pieces = [
        wild.get(token) or (
            f"(?P<{token[1:-1]}>[^/]+?)" if _TOKEN.fullmatch(token) else
            re.escape(token)
        )
        for token in _TOKEN.split(pattern)
    ]  # fmt: skip
    try:
        return re.compile("".join(pieces))
    except re.error as error:
        raise UserError(f"--pattern {pattern!r}: {error}; name a field once") from None


def read_or_find_utterances(source: Path, pattern: str) -> pd.DataFrame:
    """Read a manifest (``.csv``), or find the audio of a folder.

    Parameters
    ----------
    source : Path
    pattern : str
        A form of the paths in a folder; see `find_utterances`.

    Raises
    ------
    UserError
        See `utils.data.manifest.read_manifest` and `find_utterances`.
    """
    if source.suffix == ".csv":
        return read_manifest(source)
    return find_utterances(source, pattern)


def find_utterances(
    source: Path, pattern: str, endings: tuple[str, ...] = ENDINGS
) -> pd.DataFrame:
    """Find the audio files whose paths fit a pattern.

    Parameters
    ----------
    source : Path
    pattern : str
        See `compile_pattern`; paths are those below ``source``. Empty:
        `utils.data.levels.SPEAKER_FOLDERS`, unless other folders are likely to be the
        speakers.
    endings : tuple of str
        Formats to use.

    Returns
    -------
    DataFrame
        ``ID`` (see `short_names`), ``wav``, ``spk_id``, and a column for each other
        field of the pattern.

    Raises
    ------
    UserError
        No such folder, no audio in it, or none that fits; or folders of speakers on
        another level than the first, where no pattern was given.
    """
    if not source.is_dir():
        raise UserError(f"{source}: no such folder; check its path")
    paths = list(audio_paths(source, endings))
    foreign = [str(path.relative_to(source)) for path in audio_paths(source, FOREIGN)]
    if not paths:
        seen = f", but {len(foreign)} such as {foreign[0]}" if foreign else ""
        raise UserError(
            f"{source}: no audio files there that can be read{seen}; "
            + (_CONVERT if foreign else "check its path")
        )
    tell_left_out(f"files of formats that are not read; {_CONVERT}", foreign)
    places = [path.relative_to(source).with_suffix("").as_posix() for path in paths]
    if not pattern:
        check_levels(source, places)
    expression, rows, others = compile_pattern(pattern or SPEAKER_FOLDERS), [], []
    for path, place in zip(paths, places, strict=True):
        match = expression.fullmatch(place)
        if match is None:
            others.append(place)
            continue
        fields = match.groupdict()
        speaker = fields.pop("speaker")
        rows.append({"ID": place, "wav": str(path.resolve()), "spk_id": speaker})
        rows[-1] |= fields
    if not rows:
        raise UserError(
            f"{source}: nothing fits --pattern {pattern!r}; the first file is "
            f"{places[0]!r}{advice(source, read_layout(places))}"
        )
    tell_left_out(f"files that do not fit {pattern or SPEAKER_FOLDERS!r}", others)
    table = pd.DataFrame(rows)
    table["spk_id"] = safe_speakers(table["spk_id"].tolist())
    table["ID"] = short_names(table["ID"], table["spk_id"])
    is_second = table["ID"].duplicated(keep=False)
    if is_second.any():
        first, second = table["wav"][table["ID"] == table["ID"][is_second.idxmax()]][:2]
        raise UserError(
            f"{source}: {first} and {second} have one name ({is_second.sum()} such "
            "files); keep one of them, or choose one format by --endings"
        )
    return table


def check_levels(source: Path, places: list[str]) -> None:
    """Tell the levels and stop where the first is not likely to be the speakers'.

    Raises
    ------
    UserError
        With the command to run instead.
    """
    layout = read_layout(places)
    if layout.is_plain:
        return
    logger.info("\n  ".join([f"{source}:", *layout.described]))
    raise UserError(
        f"{source}: its folders are not one for each speaker, as it seems"
        f"{advice(source, layout)}; or say what they are by --pattern, such as "
        f"{SPEAKER_FOLDERS}"
    )


def advice(source: Path, layout: Layout) -> str:
    """Write the command that a layout asks for; nothing where it asks for none."""
    if not layout.pattern:
        return ""
    words = ["./run.sh", "--corpus", "folder", "--source", str(source / layout.below)]
    command = shlex.join(words)
    if layout.pattern != SPEAKER_FOLDERS:
        command += f' --prepare-options "--pattern {layout.pattern}"'
    return f"; try: {command}"


def short_names(places: pd.Series, speakers: pd.Series) -> pd.Series:
    """Name utterances by their files, with as much of the path as tells them apart.

    Parameters
    ----------
    places : Series of str
        Paths below the source, without ending.
    speakers : Series of str

    Returns
    -------
    Series of str
        The files' names; or those after the speaker's; or the whole paths.

    Example
    -------
    >>> short_names(pd.Series(["anna/1", "bo/1"]), pd.Series(["anna", "bo"])).tolist()
    ['anna-1', 'bo-1']
    """
    stems = places.str.rsplit("/", n=1).str[-1]
    for names in (stems, speakers + "-" + stems):
        if (safe := names.map(safe_name)).is_unique:
            return safe
    return places.str.replace("/", "-").map(safe_name)
