"""Where the audio that a list names lies on this computer."""

import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from utils.runtime.errors import UserError


@dataclass(frozen=True)
class Roots:
    """How the paths of a list become paths of here.

    Attributes
    ----------
    folder : Path, optional
        Where relative paths start, and what ``$data_root`` and ``{data_root}`` stand
        for; None: the folder of the list.
    moved : dict of str
        New beginnings of paths, by the old ones.

    Example
    -------
    >>> roots = read_roots(["/their/disk=/tmp"])
    >>> roots.place("/their/disk/a/1.wav", Path("lists")).as_posix()
    '/tmp/a/1.wav'
    >>> roots.place("a/1.wav", Path("lists")).as_posix()
    'lists/a/1.wav'
    """

    folder: Path | None = None
    moved: dict[str, str] = field(default_factory=dict)

    def place(self, text: str, folder: Path) -> Path:
        """Return where the file is that a list in ``folder`` calls ``text``."""
        start = self.folder or folder
        for word in ("$data_root", "{data_root}"):
            text = text.replace(word, str(start))
        return start / self.renew(text)

    def renew(self, text: str) -> str:
        """Give a path, or all paths in a command, their new beginnings."""
        for old, new in self.moved.items():
            begins = re.compile(rf"(?<![^\s'\"=]){re.escape(old)}(?=/|$)")
            if begins.search(text):
                return begins.sub(new.replace("\\", r"\\"), text)
            if text.startswith(f"{old}\\"):  # written under Windows
                return new + text.removeprefix(old).replace("\\", "/")
        return text


HERE = Roots()


def read_roots(texts: Sequence[str]) -> Roots:
    """Read the values of ``--data-root``: ``DIR``, or ``OLD=NEW``.

    Raises
    ------
    UserError
        Two folders, or one that is not there.
    """
    folders, moved = [], {}
    for text in texts:
        old, mark, new = text.rpartition("=")
        if mark and not Path(text).is_dir():
            moved[old.rstrip("/\\")] = new.rstrip("/") or "/"
        else:
            new = text
            folders.append(Path(text))
        if not Path(new).is_dir():
            raise UserError(f"--data-root {text}: no folder {new}; correct it")
    if len(folders) > 1:
        raise UserError("--data-root: relative paths start from one folder; name one")
    return Roots(folders[0] if folders else None, moved)


def check_places(path: Path, texts: Sequence[str], places: Sequence[str]) -> None:
    """Stop where none of the files of a list is there.

    Parameters
    ----------
    path : Path
        The list.
    texts : sequence of str
        What it calls the files.
    places : sequence of str
        Where they would be.

    Raises
    ------
    UserError
        With the value of ``--data-root`` that finds the first file, if there is one.
    """
    if not any(Path(place).is_file() for place in places):
        raise UserError(
            f"{path}: none of its {len(places)} audio files is there; the first would "
            f"be {places[0]}; {remedy(texts[0], path.parent)}"
        )


def remedy(text: str, folder: Path) -> str:
    """Say how a file that is not where a list tells it to be may be found."""
    root = _guess_root(text, folder)
    if root is None:
        return (
            "correct the paths, or say where they lie now by --data-root OLD=NEW, or "
            "where relative ones start by --data-root DIR"
        )
    return f'try: --prepare-options "--data-root {shlex.quote(root)}"'


def _guess_root(text: str, folder: Path) -> str | None:
    """Look for the end of a path in and around a folder, the longest end first."""
    parts = text.replace("\\", "/").split("/")
    folder = folder.resolve()
    near = [folder, folder.parent, Path.cwd()]
    near += sorted(path for path in folder.iterdir() if path.is_dir())
    for number in range(len(parts)):
        old, end = "/".join(parts[:number]), "/".join(parts[number:])
        for place in near:
            if end and (place / end).is_file():
                return f"{old}={place}" if old else str(place)
    return None
