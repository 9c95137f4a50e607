"""Kaldi's PLDA files, binary and text: read and written.

``<Plda> mean transform psi </Plda>``: a vector, a matrix and a vector in double
precision, in the space of `utils.backend.plda.model.Plda`.
"""

import re
import struct
from pathlib import Path
from typing import BinaryIO

import numpy as np

from utils.backend.plda.model import Plda
from utils.embeddings.kaldi_values import BINARY, parse_numbers, read_binary
from utils.runtime.atomic import replacing_file
from utils.runtime.errors import UserError

_REMEDY = "give a file that ivector-compute-plda wrote"


def read_kaldi_plda(path: Path | str) -> Plda:
    """Read a model from Kaldi's binary or text form.

    Raises
    ------
    UserError
        The file is missing, no PLDA, or its parts do not fit together or are no
        finite numbers, or a variance is negative.
    """
    try:
        with Path(path).open("rb") as file:
            is_binary = file.read(2) == BINARY
            parts = _read_binary(file) if is_binary else _read_text(path)
    except OSError as error:
        raise UserError(f"{path}: {error.strerror}; {_REMEDY}") from None
    except ValueError as error:
        raise UserError(f"{path}: no PLDA of Kaldi ({error}); {_REMEDY}") from None
    mean, transform, psi = parts
    if transform.shape != (len(mean), len(mean)) or len(psi) != len(mean):
        raise UserError(
            f"{path}: mean {mean.shape}, transform {transform.shape} and psi "
            f"{psi.shape} do not fit; {_REMEDY}"
        )
    if not all(np.isfinite(part).all() for part in parts) or (psi < 0).any():
        raise UserError(
            f"{path}: values that are not finite, or a negative psi; {_REMEDY}"
        )
    return Plda(mean, transform, psi)


def _read_binary(file: BinaryIO) -> list[np.ndarray]:
    _skip_token(file, b"<Plda> ")
    parts = [read_binary(file).astype(np.float64) for _ in range(3)]
    _skip_token(file, b"</Plda> ")
    return parts


def _skip_token(file: BinaryIO, token: bytes) -> None:
    if file.read(len(token)) != token:
        raise ValueError(f"no {token.decode().strip()}")


def _read_text(path: Path | str) -> list[np.ndarray]:
    text = Path(path).read_text(encoding="ascii").strip()
    if not (text.startswith("<Plda>") and text.endswith("</Plda>")):
        raise ValueError("no <Plda> and </Plda>")
    found = re.findall(r"\[(.*?)\]", text, re.DOTALL)
    if len(found) != 3:
        raise ValueError(f"{len(found)} parts, not 3")
    return [parse_numbers(part) for part in found]


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
        blocks = [BINARY + b"<Plda> "]
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
