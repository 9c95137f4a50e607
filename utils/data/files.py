"""Find audio files, and where a corpus lies."""

import os
import shlex
from collections.abc import Iterator
from pathlib import Path

from utils.runtime.errors import UserError

ENDINGS = (
    ".wav", ".flac", ".ogg", ".opus", ".mp3", ".sph", ".aif", ".aiff", ".au", ".w64",
    ".caf",
)  # fmt: skip
FOREIGN = (
    ".m4a", ".mp4", ".aac", ".amr", ".3gp", ".wma", ".webm", ".mka", ".mkv", ".mov",
    ".avi", ".ape", ".wv", ".shn", ".dss", ".ra", ".raw", ".pcm", ".vox",
)  # fmt: skip
_DEEPEST = 4  # levels of folders that are searched for a corpus


def audio_paths(folder: Path, endings: tuple[str, ...] = ENDINGS) -> Iterator[Path]:
    """Yield the audio files below a folder in sorted order, links followed.

    Parameters
    ----------
    folder : Path
    endings : tuple of str
        In lower case; the case of a file's ending does not matter.

    Raises
    ------
    UserError
        A name is no UTF-8, which no manifest could hold.
    """
    for root, folders, files in os.walk(folder, followlinks=True):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            if name.lower().endswith(endings) and not name.startswith("."):
                path = Path(root, name)
                check_name(path)
                yield path


def check_name(path: Path) -> None:
    """Raise a `UserError` for a name that is no UTF-8."""
    try:
        str(path).encode()
    except UnicodeEncodeError:
        raise UserError(
            f"{os.fsencode(path)!r}: the name is no UTF-8; rename it, by convmv -f "
            "latin1 -t utf8 for example"
        ) from None


def find_audio(named: Path) -> Path | None:
    """Find a file that a list names, whatever its ending in this copy.

    Returns
    -------
    Path or None
        The file, with all links resolved.
    """
    for ending in (named.suffix, *ENDINGS):
        path = named.with_suffix(ending)
        if path.is_file():
            return path.resolve()
    return None


def found_below(source: Path, endings: tuple[str, ...]) -> str:
    """Tell the first folder below a source that holds a file with such an ending."""
    if not source.is_dir():
        return ""
    for path in audio_paths(source, endings):
        return f"; there is {path}: try --source {shlex.quote(str(path.parent))}"
    return ""


def corpus_root(source: Path, name: str, needed: str) -> Path:
    """Find a corpus's folder: the source itself, or one of that name below it.

    Parameters
    ----------
    source : Path
        What the user names.
    name : str
        Folder that the release unpacks to.
    needed : str
        File or folder that the corpus's folder holds; ``*`` stands for any part of
        a name.

    Raises
    ------
    UserError
        Neither holds it.
    """
    for folder in (source, source / name):
        if next(folder.glob(needed), None) is not None:
            return folder
    raise UserError(
        f"{source}: no {needed} in it; --source must name the folder {name}, or the "
        f"one that holds it{_deeper(source, needed)}"
    )


def _deeper(source: Path, needed: str) -> str:
    for depth in range(1, _DEEPEST):
        for found in sorted(source.glob("*/" * depth + needed)):
            root = source / Path(*found.relative_to(source).parts[:depth])
            return f": try --source {shlex.quote(str(root))}"
    return ""
