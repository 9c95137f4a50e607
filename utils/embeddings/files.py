"""Embeddings on disk: PREFIX.npy, float32 (N, D), and PREFIX.ids, one id a line.

PREFIX.json names the model that made them, where it is known.
"""

import json
import unicodedata
from pathlib import Path

import numpy as np

from utils.runtime.atomic import replacing_file
from utils.runtime.errors import UserError
from utils.runtime.text import read_lines


def write_embeddings(
    prefix: Path | str,
    ids: list[str],
    embeddings: np.ndarray,
    model_sha256: str | None = None,
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

    Example
    -------
    >>> import tempfile
    >>> prefix = Path(tempfile.mkdtemp()) / "test"
    >>> write_embeddings(prefix, ["a", "b"], np.eye(2))
    >>> read_embeddings(prefix)[0]
    ['a', 'b']
    """
    array, names, facts = embedding_paths(prefix)
    with replacing_file(facts) as temporary:
        temporary.write_text(json.dumps({"model_sha256": model_sha256}) + "\n")
    with replacing_file(names) as temporary:
        temporary.write_text("".join(f"{name}\n" for name in ids), encoding="utf-8")
    with replacing_file(array) as temporary:
        np.save(temporary, np.asarray(embeddings, dtype=np.float32))


def read_embeddings(prefix: Path | str) -> tuple[list[str], np.ndarray]:
    """Read embeddings, memory-mapped, and their ids.

    Returns
    -------
    ids : list of str, length N
    embeddings : ndarray of float32 or float64, shape (N, D)

    Raises
    ------
    UserError
        A file is missing, the two disagree, an id is empty or comes twice, or an
        embedding is not finite.
    """
    array, names, _ = embedding_paths(prefix)
    for path in (array, names):
        if not path.is_file():
            raise UserError(f"{path}: no such file; run stage 5 first")
    ids = _read_ids(names)
    embeddings = np.load(array, mmap_mode="r")
    if embeddings.ndim != 2 or len(ids) != len(embeddings):
        raise UserError(
            f"{array}: shape {embeddings.shape} for {len(ids)} ids in {names}; "
            "extract them again"
        )
    bad = np.flatnonzero(~np.isfinite(embeddings).all(axis=1))
    if len(bad):
        raise UserError(
            f"{array}: {len(bad)} embeddings with NaN or infinite values, the first of "
            f"{ids[bad[0]]!r}; check the audio and the model"
        )
    return ids, _at_least_float32(embeddings)


def _at_least_float32(embeddings: np.ndarray) -> np.ndarray:
    """Widen half precision and integers, whose squares overflow."""
    return embeddings.astype(np.result_type(embeddings, np.float32), copy=False)


def _read_ids(path: Path) -> list[str]:
    """Read an id a line; blanks around it do not count."""
    ids = [line.strip() for line in read_lines(path)]
    if "" in ids:
        raise UserError(f"{path}:{ids.index('') + 1}: no id; write one a line")
    _refuse_twice(path, ids)
    return ids


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
    """Return the hash of the model that made the embeddings, where it is known."""
    facts = embedding_paths(prefix)[2]
    return json.loads(facts.read_text())["model_sha256"] if facts.is_file() else None


def embedding_paths(prefix: Path | str) -> tuple[Path, Path, Path]:
    """Return the files of a prefix, which may have dots: vectors, ids, facts."""
    return Path(f"{prefix}.npy"), Path(f"{prefix}.ids"), Path(f"{prefix}.json")
