"""One hash of all that decides what an output is."""

import hashlib
from collections.abc import Iterable
from pathlib import Path


def fingerprint(words: Iterable[str], files: Iterable[Path | str]) -> str:
    """Hash settings and the contents of files.

    Parameters
    ----------
    words : iterable of str
        Names and settings.
    files : iterable of Path or str
        One that is missing counts as such.

    Returns
    -------
    str
        SHA-256, hexadecimal.

    Example
    -------
    >>> fingerprint(["cosine"], []) == fingerprint(["cosine"], ["absent"])
    False
    """
    whole = hashlib.sha256()
    for word in words:
        whole.update(f"word {word}\0".encode())
    for path in files:
        whole.update(f"file {hash_if_there(path)}\0".encode())
    return whole.hexdigest()


def hash_if_there(path: Path | str) -> str | None:
    """Return the SHA-256 of a file, hexadecimal; None where there is no such file."""
    return hash_file(path) if Path(path).is_file() else None


def hash_file(path: Path | str) -> str:
    """Return the SHA-256 of a file, hexadecimal."""
    content = hashlib.sha256()
    with Path(path).open("rb") as file:
        while block := file.read(1 << 20):
            content.update(block)
    return content.hexdigest()
