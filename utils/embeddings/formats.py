"""Files of embeddings, of this repository and of other tools.

A file's contents say what it is, not its name. Pickles are never opened: they can run
code.
"""

import codecs
import re
import shlex
import zlib
from collections.abc import Iterator
from pathlib import Path
from zipfile import ZipFile, is_zipfile

import numpy as np

from utils.embeddings.archives import Named, read_hdf5, read_npz, read_parquet
from utils.embeddings.kaldi_values import (
    is_binary_ark,
    open_ark,
    read_ark,
    read_plain_lines,
    read_scp,
)
from utils.runtime.arrays import open_array
from utils.runtime.errors import UserError
from utils.runtime.text import read_lines

_START = 10_000  # bytes that show whether a text is an ark
_NUMBER = re.compile(rb"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?|nan|[+-]?inf")
_PICKLES = {".pkl", ".pickle", ".pt", ".pth", ".ckpt", ".bin", ".joblib", ".nemo"}
_LOADERS = {
    "pickle": 'import pickle; d = pickle.load(open(sys.argv[1], "rb")); ',
    "torch": 'import torch; d = torch.load(sys.argv[1], map_location="cpu"); ',
}
_CONVERT = (
    "import sys, numpy as np, utils; {load}"
    'ids, x = (d.segset, d.stat1) if hasattr(d, "stat1") else zip(*d.items()); '
    "np.savez(sys.argv[2], ids=np.array(ids, dtype=str), "
    "embeddings=np.stack([np.ravel(v) for v in x]))"
)


def read_file(path: Path) -> Named:
    """Read ids and embeddings (N, D) of one file of another tool.

    Parameters
    ----------
    path : Path
        Kaldi's ark or scp, lines of a name and numbers, an .npz archive, HDF5 or
        Parquet.

    Raises
    ------
    UserError
        The file is of another form, or broken.
    """
    start = _first_bytes(path)
    if not start:
        raise UserError(f"{path}: empty; write it again")
    _refuse_pickle(path, start)
    if start.startswith(b"PK"):
        return read_npz(path)
    if start.startswith(b"\x89HDF"):
        return read_hdf5(path)
    if start.startswith(b"PAR1"):
        return read_parquet(path)
    return _read_kaldi(path)


def _first_bytes(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(512)
    except OSError as error:
        raise UserError(f"{path}: {error.strerror}; check the name") from None


def _refuse_pickle(path: Path, start: bytes) -> None:
    """Refuse what may run code when it is opened, and say how to convert it."""
    is_torch = is_zipfile(path) and any(
        name.endswith("data.pkl") for name in ZipFile(path).namelist()
    )
    is_pickle = start[:1] == b"\x80" and start[1:2] in b"\2\3\4\5"
    if is_torch or is_pickle or path.suffix in _PICKLES:
        code = _CONVERT.format(load=_LOADERS["torch" if is_torch else "pickle"])
        words = ["python", "-c", code, str(path), str(path.with_suffix(".npz"))]
        raise UserError(
            f"{path}: a pickle, which can run code and is never opened; if you trust "
            f"its maker, convert it: {shlex.join(words)}"
        )


def _read_kaldi(path: Path) -> Named:
    try:
        with open_ark(path) as file:
            is_binary = is_binary_ark(file)
            start = file.read(_START).removeprefix(codecs.BOM_UTF8)
        words = start.replace(b",", b" ").split(maxsplit=3)
        if is_binary or words[1:2] == [b"["]:
            return _stack(read_ark(path))
        if words[2:] and all(_NUMBER.fullmatch(word) for word in words[1:3]):
            return _stack(read_plain_lines(path))
        return _stack(read_scp(path))
    except (EOFError, OSError, zlib.error) as error:
        raise UserError(f"{path}: cannot be read ({error}); copy it again") from None
    except ValueError as error:
        reason = "no UTF-8" if isinstance(error, UnicodeDecodeError) else error
        raise UserError(
            f"{path}: {reason}; a file of embeddings is Kaldi's ark or scp, .npz, HDF5 "
            "or Parquet; or a prefix of .npy and .ids"
        ) from None


def _stack(entries: Iterator[tuple[str, np.ndarray]]) -> Named:
    """Stack vectors, or matrices of one row, of equal dimension."""
    ids: list[str] = []
    vectors: list[np.ndarray] = []
    for name, value in entries:
        if value.ndim == 2 and len(value) != 1:
            raise ValueError(
                f"{name!r}: a matrix of shape {value.shape}, such as features; an "
                "embedding is a vector"
            )
        if vectors and value.size != vectors[0].size:
            raise ValueError(f"{name!r}: D={value.size}, others D={vectors[0].size}")
        ids.append(name)
        vectors.append(value.ravel())
    return ids, np.stack(vectors)


def read_array(path: Path) -> np.ndarray:
    """Read an array of NumPy, memory-mapped.

    Raises
    ------
    UserError
        The file cannot be read, or holds anything but numbers of shape (N, D).
    """
    array = open_array(path)
    check_numbers(path, array)
    return array


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
