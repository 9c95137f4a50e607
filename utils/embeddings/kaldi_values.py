"""Kaldi's vectors and matrices, binary, compressed and text, in single files and arks.

D. Povey et al., "The Kaldi speech recognition toolkit", ASRU 2011; the forms are those
of its ``matrix/kaldi-vector.cc``, ``kaldi-matrix.cc`` and ``compressed-matrix.cc``.
"""

import gzip
import re
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, cast

import numpy as np

from utils.runtime.errors import UserError
from utils.runtime.text import read_lines

BINARY = b"\0B"
_PLAIN = {b"FV ": "<f4", b"DV ": "<f8", b"FM ": "<f4", b"DM ": "<f8"}
_COMPRESSED = {b"CM ": "", b"CM2": "<u2", b"CM3": "u1"}
_LONGEST = 10_000  # bytes of a name
_PLACE = re.compile(r"(.+):(\d+)")
_TEXT_ENTRY = re.compile(r"\s*(\S+)\s+\[([^\]]*)\]")


def read_value(file: BinaryIO) -> np.ndarray:
    """Read a vector or a matrix, in either form, from where a file stands.

    Raises
    ------
    ValueError
        There is none, or it is cut off.
    """
    place = file.tell()
    if file.read(2) == BINARY:
        return read_binary(file)
    file.seek(place)
    text = file.readline()
    while b"]" not in text and (line := file.readline()):
        text += line
    start, bracket, rest = text.decode("ascii", "replace").partition("[")
    if start.strip() or not bracket or "]" not in rest:
        raise ValueError("no vector or matrix of Kaldi, or cut off")
    return parse_numbers(rest.partition("]")[0])


def read_binary(file: BinaryIO) -> np.ndarray:
    """Read what follows the binary form's mark.

    Raises
    ------
    ValueError
        It is neither a vector nor a matrix, or cut off.
    """
    kind = _take(file, 3)
    if kind in _COMPRESSED:
        return _read_compressed(file, kind)
    if kind not in _PLAIN:
        raise ValueError(f"{kind!r} is neither a vector nor a matrix")
    shape = [_read_size(file) for _ in range(1 if kind[1:2] == b"V" else 2)]
    return _read_numbers(file, _PLAIN[kind], shape)


def _read_size(file: BinaryIO) -> int:
    width, size = struct.unpack("<bi", _take(file, 5))
    if width != 4 or size < 0:
        raise ValueError("a size is not of 4 bytes")
    return size


def _read_numbers(file: BinaryIO, dtype: str, shape: list[int]) -> np.ndarray:
    n_bytes = int(np.prod(shape, dtype=object)) * np.dtype(dtype).itemsize
    return np.frombuffer(_take(file, n_bytes), dtype).reshape(shape)


def _take(file: BinaryIO, n_bytes: int) -> bytes:
    content = file.read(n_bytes)
    if len(content) < n_bytes:
        raise ValueError("cut off")
    return content


def _read_compressed(file: BinaryIO, kind: bytes) -> np.ndarray:
    """Read a matrix (T, D) whose values are steps of a range."""
    if kind != b"CM ":
        _take(file, 1)  # a blank
    low, span, n_rows, n_columns = struct.unpack("<ffii", _take(file, 16))
    if kind != b"CM ":
        steps = _read_numbers(file, _COMPRESSED[kind], [n_rows, n_columns])
        return (low + steps * (span / np.iinfo(steps.dtype).max)).astype(np.float32)
    quantiles = _read_numbers(file, "<u2", [n_columns, 4])  # at 0, 25, 75 and 100 %
    steps = _read_numbers(file, "u1", [n_columns, n_rows])
    columns = [
        np.interp(own, (0, 64, 192, 255), low + span / 65535 * at)
        for own, at in zip(steps, quantiles, strict=True)
    ]
    return np.array(columns, dtype=np.float32).reshape(n_columns, n_rows).T


def parse_numbers(text: str) -> np.ndarray:
    r"""Read what stands between the brackets of the text form.

    Example
    -------
    >>> parse_numbers(" 1 2 "), parse_numbers("\n  1 2\n  3 4 ")
    (array([1., 2.]), array([[1., 2.],
           [3., 4.]]))
    """
    lines = text.split("\n")
    rows = [[float(word) for word in line.split()] for line in lines if line.strip()]
    if len(lines) == 1:
        return np.array(rows[0] if rows else [])
    return np.array(rows)


def read_kaldi_file(path: Path | str) -> np.ndarray:
    """Read the vector or matrix of a file by itself, such as ``mean.vec``.

    Raises
    ------
    UserError
        The file cannot be read, or holds something else.
    """
    try:
        with Path(path).open("rb") as file:
            value = read_value(file)
        if not np.isfinite(value).all():
            raise ValueError("values that are not finite")
    except OSError as error:
        raise UserError(f"{path}: {error.strerror}; check the name") from None
    except ValueError as error:
        raise UserError(
            f"{path}: no vector or matrix of Kaldi ({error}); copy it again"
        ) from None
    return value


def open_ark(path: Path) -> BinaryIO:
    """Open a file in which arks may be, decompressed where it is of gzip."""
    with path.open("rb") as file:
        is_gzip = file.read(2) == b"\x1f\x8b"
    return cast("BinaryIO", gzip.open(path)) if is_gzip else path.open("rb")


def read_ark(path: Path) -> Iterator[tuple[str, np.ndarray]]:
    """Read the names and values of an ark, binary or text, perhaps of gzip.

    Raises
    ------
    ValueError
        It is cut off, or holds something else; the message names the entry.
    """
    with open_ark(path) as file:
        if not is_binary_ark(file):
            yield from _parse_ark(file.read().decode("utf-8-sig"))
            return
        while name := _read_name(file):
            try:
                if _take(file, 2) != BINARY:
                    raise ValueError("no mark of the binary form")
                value = read_binary(file)
            except ValueError as error:
                raise ValueError(f"{name!r}: {error}") from None
            yield name, value


def is_binary_ark(file: BinaryIO) -> bool:
    """Tell whether a file is a binary ark; it then stands at its start."""
    file.seek(0)
    _read_name(file)
    is_binary = file.read(2) == BINARY
    file.seek(0)
    return is_binary


def _read_name(file: BinaryIO) -> str:
    name = b""
    while (letter := file.read(1)) not in (b" ", b"") and len(name) < _LONGEST:
        name += letter
    return name.decode("utf-8")


def _parse_ark(text: str) -> Iterator[tuple[str, np.ndarray]]:
    place, text = 0, text.rstrip()
    while place < len(text):
        entry = _TEXT_ENTRY.match(text, place)
        if entry is None:
            (start, *_) = text[place:].split(maxsplit=1)
            raise ValueError(f"{start!r}: no [ numbers ] after it, or cut off")
        try:
            yield entry[1], parse_numbers(entry[2])
        except ValueError as error:
            raise ValueError(f"{entry[1]!r}: {error}") from None
        place = entry.end()


def read_plain_lines(path: Path) -> Iterator[tuple[str, np.ndarray]]:
    """Read vectors without brackets: lines ``name number number ...``.

    Raises
    ------
    ValueError
        A line is another one; the message gives its number.
    """
    with open_ark(path) as file:
        for line, text in enumerate(file.read().decode("utf-8-sig").splitlines(), 1):
            name, *numbers = text.replace(",", " ").split() or [""]
            try:
                if name:
                    yield name, np.array([float(number) for number in numbers])
            except ValueError:
                raise ValueError(f"line {line}: {name!r} and no numbers") from None


def read_scp(path: Path) -> Iterator[tuple[str, np.ndarray]]:
    """Read the names of a scp, and the values where it says that they are.

    Relative paths start here, or in the scp's folder.

    Raises
    ------
    UserError
        A line is malformed, or a command, which is not run; or its file is missing
        or broken.
    """
    opened: dict[Path, BinaryIO] = {}
    try:
        for line, text in enumerate(read_lines(path), start=1):
            name, entry, *_ = [*text.strip().split(maxsplit=1), "", ""]
            try:
                file_path, place = _find_entry(path, entry)
                if file_path not in opened:
                    _close(opened)
                    opened[file_path] = file_path.open("rb")
                opened[file_path].seek(place)
                value = read_value(opened[file_path])
            except (OSError, ValueError) as error:
                raise UserError(f"{path}:{line}: {name!r}: {error}") from None
            yield name, value
    finally:
        _close(opened)


def _close(opened: dict[Path, BinaryIO]) -> None:
    """Close files: a scp goes through its arks one after the other."""
    while opened:
        opened.popitem()[1].close()


def _find_entry(scp: Path, entry: str) -> tuple[Path, int]:
    """Find the file that a line of a scp names, and the place in it."""
    if entry.endswith("|"):
        raise ValueError(
            f"a command ({entry}), which is not run; write an ark with copy-vector"
        )
    if not entry or entry.endswith("]"):
        raise ValueError("lines are: name path, or name path:place; write it so")
    found = _PLACE.fullmatch(entry)
    named, place = (found[1], int(found[2])) if found else (entry, 0)
    for path in (Path(named), scp.parent / named):
        if path.is_file():
            return path, place
    raise ValueError(f"no file {named}, from here or from {scp.parent}; correct it")
