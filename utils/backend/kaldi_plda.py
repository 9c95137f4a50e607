"""Kaldi's PLDA files, binary and text: read and written.

``<Plda> mean transform psi </Plda>``: a vector, a matrix and a vector in double
precision, in the space of `utils.backend.plda.Plda`.
"""

import re
import struct
from pathlib import Path

import numpy as np

from utils.backend.plda import Plda
from utils.runtime.atomic import replacing_file
from utils.runtime.errors import UserError

_REMEDY = "give a file that ivector-compute-plda wrote"


def read_kaldi_plda(path: Path | str) -> Plda:
    """Read a model from Kaldi's binary or text form.

    Raises
    ------
    UserError
        The file is missing, no PLDA, or its parts do not fit together.
    """
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        raise UserError(f"{path}: {error.strerror}; {_REMEDY}") from None
    try:
        parts = _read_binary(content) if content[:2] == b"\0B" else _read_text(content)
    except (ValueError, struct.error, UnicodeDecodeError) as error:
        raise UserError(f"{path}: no PLDA of Kaldi ({error}); {_REMEDY}") from None
    mean, transform, psi = parts
    if transform.shape != (len(mean), len(mean)) or len(psi) != len(mean):
        raise UserError(
            f"{path}: mean {mean.shape}, transform {transform.shape} and psi "
            f"{psi.shape} do not fit; {_REMEDY}"
        )
    return Plda(mean, transform, psi)


def _read_binary(content: bytes) -> list[np.ndarray]:
    place = 2
    place = _skip_token(content, place, b"<Plda>")
    parts = []
    for _ in range(3):
        kind, place = content[place : place + 3], place + 3
        if kind not in (b"DV ", b"DM ", b"FV ", b"FM "):
            raise ValueError(f"unknown part {kind!r}")
        shape = []
        for _ in range(2 if kind[1:2] == b"M" else 1):
            if content[place] != 4:
                raise ValueError("a size is not of 4 bytes")
            shape.append(struct.unpack_from("<i", content, place + 1)[0])
            place += 5
        dtype = np.dtype("<f8" if kind[:1] == b"D" else "<f4")
        n_values = int(np.prod(shape))
        values = np.frombuffer(content, dtype, n_values, place).astype(np.float64)
        parts.append(values.reshape(shape))
        place += n_values * dtype.itemsize
    _skip_token(content, place, b"</Plda>")
    return parts


def _skip_token(content: bytes, place: int, token: bytes) -> int:
    if not content.startswith(token, place):
        raise ValueError(f"no {token.decode()}")
    return place + len(token) + 1  # and a blank


def _read_text(content: bytes) -> list[np.ndarray]:
    text = content.decode("ascii").strip()
    if not (text.startswith("<Plda>") and text.endswith("</Plda>")):
        raise ValueError("no <Plda> and </Plda>")
    found = re.findall(r"\[(.*?)\]", text, re.DOTALL)
    if len(found) != 3:
        raise ValueError(f"{len(found)} parts, not 3")
    rows = [
        [[float(word) for word in line.split()] for line in part.strip().splitlines()]
        for part in found
    ]
    return [np.array(rows[0][0]), np.array(rows[1]), np.array(rows[2][0])]


def write_kaldi_plda(path: Path | str, model: Plda, text: bool = False) -> None:
    """Write a model in Kaldi's form.

    Parameters
    ----------
    path : Path or str
    model : Plda
        A model of full rank.
    text : bool
        Write the text form.

    Raises
    ------
    ValueError
        The model is of lower rank, which Kaldi's file cannot hold.

    Example
    -------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "plda"
    >>> write_kaldi_plda(path, Plda(np.zeros(1), np.eye(1), np.array([3.0])))
    >>> read_kaldi_plda(path).psi.tolist()
    [3.0]
    """
    if len(model.psi) != len(model.mean):
        raise ValueError("Kaldi's PLDA has full rank")
    parts = [np.asarray(p, "<f8") for p in (model.mean, model.transform, model.psi)]
    with replacing_file(path) as temporary:
        if text:
            temporary.write_text(_text_of(parts), encoding="ascii")
            return
        blocks = [b"\0B<Plda> "]
        for part in parts:
            blocks.append(b"DM " if part.ndim == 2 else b"DV ")
            blocks += [b"\4" + struct.pack("<i", size) for size in part.shape]
            blocks.append(part.tobytes())
        temporary.write_bytes(b"".join([*blocks, b"</Plda> "]))


def _text_of(parts: list[np.ndarray]) -> str:
    mean, psi = (" ".join(map(repr, part.tolist())) for part in (parts[0], parts[2]))
    rows = [" ".join(map(repr, row)) for row in parts[1].tolist()]
    matrix = " [\n  " + "\n  ".join(rows) + " ]\n"
    return f"<Plda>  [ {mean} ]\n{matrix} [ {psi} ]\n</Plda> "
