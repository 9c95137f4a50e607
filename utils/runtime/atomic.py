"""Write to a temporary name, then rename: a killed program leaves no half result."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from utils.runtime.disk import telling_of_full_disk


@contextmanager
def replacing_file(path: Path | str) -> Iterator[Path]:
    """Yield a temporary path that becomes ``path`` when the block succeeds.

    Parameters
    ----------
    path : Path or str
        Final name. Its folder is created.

    Yields
    ------
    Path
        Name to write to. Removed when the block raises.

    Raises
    ------
    UserError
        The disk is full.

    Example
    -------
    >>> import tempfile
    >>> target = Path(tempfile.mkdtemp()) / "new" / "note.txt"
    >>> with replacing_file(target) as temporary:
    ...     _ = temporary.write_text("whole")
    >>> target.read_text()
    'whole'
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    # the ending stays last: writers such as numpy choose the format by it
    temporary = path.with_name(f".{path.stem}.{os.getpid()}{path.suffix}")
    try:
        with telling_of_full_disk(path):
            yield temporary
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def replacing_folder(path: Path | str) -> Iterator[Path]:
    """Yield a new empty folder that becomes ``path`` when the block succeeds.

    Parameters
    ----------
    path : Path or str
        Final name; an earlier folder of that name is replaced.

    Yields
    ------
    Path
        Folder to write into. Removed when the block raises.

    Raises
    ------
    UserError
        The disk is full.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir()
    try:
        with telling_of_full_disk(path):
            yield temporary
        shutil.rmtree(path, ignore_errors=True)
        os.replace(temporary, path)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def set_aside(path: Path | str) -> Path:
    """Rename a file or folder so that its name is free, and nothing is lost.

    Parameters
    ----------
    path : Path or str

    Returns
    -------
    Path
        The new name: ``<name>.previous``, or the first of ``<name>.previous2``,
        ``<name>.previous3``, ... that is free. The highest number is the latest.

    Example
    -------
    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> for _ in range(2):
    ...     _ = (folder / "model").write_text("weights")
    ...     print(set_aside(folder / "model").name)
    model.previous
    model.previous2
    """
    path = Path(path)
    kept, number = path.with_name(f"{path.name}.previous"), 1
    while kept.exists():
        number += 1
        kept = path.with_name(f"{path.name}.previous{number}")
    path.rename(kept)
    return kept
