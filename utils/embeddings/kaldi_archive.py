"""Kaldi's archives, written: an ark of vectors or matrices, and its scp."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from utils.embeddings.kaldi_values import BINARY
from utils.runtime.atomic import replacing_file
from utils.runtime.errors import UserError


def write_ark(prefix: Path, entries: Iterable[tuple[str, np.ndarray]]) -> int:
    """Write ``PREFIX.ark``, binary in single precision, and ``PREFIX.scp``.

    Parameters
    ----------
    prefix : Path
    entries : iterable of (str, ndarray)
        Names, and vectors (D,) or matrices (T, D); sorted by the name, as Kaldi asks.

    Returns
    -------
    int
        How many were written.

    Raises
    ------
    UserError
        A name holds a blank.

    Example
    -------
    >>> import tempfile
    >>> prefix = Path(tempfile.mkdtemp()) / "spk"
    >>> write_ark(prefix, [("anna", np.ones(2))])
    1
    >>> prefix.with_suffix(".scp").read_text().split()[0]
    'anna'
    """
    ark, scp = Path(f"{prefix}.ark"), Path(f"{prefix}.scp")
    lines = []
    with replacing_file(scp) as new_scp, replacing_file(ark) as new_ark:
        with new_ark.open("wb") as file:
            for name, values in sorted(entries, key=lambda entry: entry[0]):
                if not name or any(letter.isspace() for letter in name):
                    raise UserError(
                        f"{name!r}: Kaldi's names have no blanks; rename it"
                    )
                file.write(f"{name} ".encode())
                lines.append(f"{name} {ark}:{file.tell()}\n")
                file.write(_binary(values))
        new_scp.write_text("".join(lines), encoding="utf-8")
    return len(lines)


def _binary(values: np.ndarray) -> bytes:
    """Return Kaldi's binary form of a float vector or matrix."""
    kind = BINARY + (b"FV " if values.ndim == 1 else b"FM ")
    sizes = b"".join(
        b"\x04" + np.array(size, "<i4").tobytes()
        for size in (values.shape if values.ndim == 2 else values.shape[:1])
    )
    return kind + sizes + np.ascontiguousarray(values, dtype="<f4").tobytes()
