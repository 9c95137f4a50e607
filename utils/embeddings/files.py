"""Embeddings on disk: PREFIX.npy, float32 (N, D), and PREFIX.ids, one id a line.

PREFIX.json names the model that made them, where it is known, and the utterances that
corrupted copies among them are of.
"""

import json
import unicodedata
from pathlib import Path

import numpy as np

from utils.embeddings.formats import check_numbers, read_array, read_file, read_ids
from utils.runtime.atomic import replacing_file
from utils.runtime.errors import UserError

_SUFFIXES = {".npy", ".ark", ".scp", ".npz", ".h5", ".hdf5", ".parquet", ".pkl", ".pt"}


def write_embeddings(
    prefix: Path | str,
    ids: list[str],
    embeddings: np.ndarray,
    model_sha256: str | None = None,
    copies: dict[str, str] | None = None,
) -> None:
    """Write embeddings and their ids.

    Parameters
    ----------
    prefix : Path or str
        The files are ``<prefix>.npy``, ``<prefix>.ids`` and ``<prefix>.json``.
    ids : sequence of str, length N
    embeddings : ndarray of shape (N, D)
    model_sha256 : str, optional
        Hash of the model's weights.
    copies : dict of str, optional
        The utterance of each id that is a corrupted copy.

    Example
    -------
    >>> import tempfile
    >>> prefix = Path(tempfile.mkdtemp()) / "test"
    >>> write_embeddings(prefix, ["a", "b"], np.eye(2))
    >>> read_embeddings(prefix)[0]
    ['a', 'b']
    """
    array, names, facts = embedding_paths(prefix)
    text = "".join(f"{name}\n" for name in ids)
    with (  # all are written before the first of them gets its name
        replacing_file(facts) as new_facts,
        replacing_file(names) as new_names,
        replacing_file(array) as new_array,
    ):
        content = {"model_sha256": model_sha256} | (
            {"copies": copies} if copies else {}
        )
        new_facts.write_text(json.dumps(content) + "\n")
        new_names.write_text(text, encoding="utf-8")
        np.save(new_array, np.asarray(embeddings, dtype=np.float32))


def read_embeddings(prefix: Path | str) -> tuple[list[str], np.ndarray]:
    """Read embeddings, memory-mapped where they can be, and their ids.

    Parameters
    ----------
    prefix : Path or str
        What comes before ``.npy`` and ``.ids``; or a file of another tool: see
        `utils.embeddings.formats.read_file`.

    Returns
    -------
    ids : list of str, length N
    embeddings : ndarray of float32 or float64, shape (N, D)

    Raises
    ------
    UserError
        A file is missing or broken, the two disagree, an id is empty or comes twice,
        or an embedding is not finite.
    """
    path = embedding_file(prefix)
    if path.suffix == ".npy":
        array, names, _ = embedding_paths(prefix)
        embeddings, ids = read_array(array), read_ids(names)
        if len(ids) != len(embeddings):
            raise UserError(
                f"{array}: {len(embeddings)} embeddings for {len(ids)} ids in {names}; "
                "extract them again"
            )
        _refuse_twice(names, ids)
    else:
        ids, embeddings = read_file(path)
        check_numbers(path, embeddings)
        _refuse_twice(path, ids)
    bad = np.flatnonzero(~np.isfinite(embeddings).all(axis=1))
    if len(bad):
        raise UserError(
            f"{path}: {len(bad)} embeddings with NaN or infinite values, the first of "
            f"{ids[bad[0]]!r}; check the audio and the model"
        )
    return ids, _at_least_float32(embeddings)


def embedding_file(prefix: Path | str) -> Path:
    """Return the file that holds the vectors: of a prefix, or of another tool.

    Raises
    ------
    UserError
        There is none.
    """
    array = embedding_paths(prefix)[0]
    if array.is_file():
        return array
    if Path(prefix).is_file():
        return Path(prefix)
    if Path(prefix).suffix in _SUFFIXES:
        raise UserError(f"{prefix}: no such file; correct the name")
    raise UserError(
        f"{array}: no such file; extract the embeddings first (stage 5, or "
        "local.extract_embeddings), or correct the name"
    )


def _at_least_float32(embeddings: np.ndarray) -> np.ndarray:
    """Widen half precision and integers, whose squares overflow."""
    return embeddings.astype(np.result_type(embeddings, np.float32), copy=False)


def _refuse_twice(path: Path, ids: list[str]) -> None:
    """Refuse an id that comes twice: which embedding is meant cannot be known."""
    first: dict[str, int] = {}
    for line, name in enumerate(ids, start=1):
        name = unicodedata.normalize("NFC", name)
        if first.setdefault(name, line) != line:
            raise UserError(
                f"{path}:{line}: a second {name!r}, after that of line {first[name]}; "
                "keep one embedding of each utterance"
            )


def read_model_hash(prefix: Path | str) -> str | None:
    """Return the hash of the model that made the embeddings, where it is known.

    Raises
    ------
    UserError
        The file that says so is broken.
    """
    return _read_facts(prefix)["model_sha256"]


def read_copies(prefix: Path | str) -> dict[str, str]:
    """Return the utterance of each id that is a corrupted copy.

    Raises
    ------
    UserError
        The file that says so is broken.
    """
    return _read_facts(prefix).get("copies", {})


def _read_facts(prefix: Path | str) -> dict:
    path = embedding_paths(prefix)[2]
    if not path.is_file():
        return {"model_sha256": None}
    try:
        facts = json.loads(path.read_bytes())
        return {"model_sha256": facts["model_sha256"]} | facts
    except (ValueError, KeyError, TypeError):
        raise UserError(
            f"{path}: no JSON with model_sha256; remove it, or extract the embeddings "
            "again"
        ) from None


def embedding_paths(prefix: Path | str) -> tuple[Path, Path, Path]:
    """Return the files of a prefix, which may have dots: vectors, ids, facts."""
    prefix = str(prefix).removesuffix(".npy")
    return Path(f"{prefix}.npy"), Path(f"{prefix}.ids"), Path(f"{prefix}.json")
