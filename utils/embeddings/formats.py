"""Files of embeddings, of this repository and of other tools."""

from pathlib import Path

import numpy as np

from utils.runtime.errors import UserError
from utils.runtime.text import read_lines

_NUMPY, _ZIP = b"\x93NUMPY", b"PK\x03\x04"


def read_array(path: Path) -> np.ndarray:
    """Read an array of NumPy, memory-mapped.

    Raises
    ------
    UserError
        The file cannot be read, or holds anything but numbers of shape (N, D).
    """
    _check_is_array(path)
    try:
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except (ValueError, OSError, EOFError, SyntaxError) as error:
        if "Python objects" in str(error):
            raise UserError(
                f"{path}: an array of Python objects, which are never opened; save "
                "numbers of shape (N, D), such as np.stack(list(array))"
            ) from None
        raise UserError(f"{path}: cut off, or no array ({error}); copy or write it "
                        "again") from None  # fmt: skip
    check_numbers(path, array)
    return array


def _check_is_array(path: Path) -> None:
    try:
        with path.open("rb") as file:
            start = file.read(len(_NUMPY))
    except OSError as error:
        raise UserError(f"{path}: {error.strerror}; check the name") from None
    if start == _NUMPY:
        return
    if not start:
        raise UserError(f"{path}: empty; write it again")
    if start.startswith(_ZIP):
        raise UserError(f"{path}: an .npz archive by the name of an array; rename it")
    raise UserError(f"{path}: no array of NumPy; write it with np.save")


def check_numbers(path: Path, array: np.ndarray) -> None:
    """Refuse anything but numbers of shape (N, D), with N and D above 0."""
    if array.dtype.kind not in "fiu":
        raise UserError(
            f"{path}: values of the type {array.dtype}; embeddings are real numbers"
        )
    if array.ndim != 2 or 0 in array.shape:
        raise UserError(
            f"{path}: shape {array.shape}, not (N, D), a row an utterance; write it so"
        )


def read_ids(path: Path) -> list[str]:
    """Read an id a line; blanks around it do not count.

    Raises
    ------
    UserError
        The file cannot be read, or a line is empty.
    """
    ids = [line.strip() for line in read_lines(path, "write the ids there, one a line")]
    if "" in ids:
        raise UserError(f"{path}:{ids.index('') + 1}: no id; write one a line")
    return ids
