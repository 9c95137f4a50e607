"""Embeddings from files: by name, and with who speaks in each."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from utils.data.manifest import read_manifest
from utils.embeddings.files import read_copies, read_embeddings
from utils.runtime.errors import UserError


class NamedEmbeddings(NamedTuple):
    """Embeddings from a file: its prefix, ids (N,), and vectors (N, D)."""

    prefix: str
    ids: list[str]
    vectors: np.ndarray


class LabelledEmbeddings(NamedTuple):
    """Embeddings of a part of a corpus.

    Attributes
    ----------
    prefix : str
        Where they are from: see `utils.embeddings.files`.
    ids : list of str, length N
    vectors : ndarray of shape (N, D)
    speakers : ndarray of str, shape (N,)
    utterances : ndarray of str, shape (N,)
        What each is of: its own id, or for a corrupted copy that of the original.
    manifest : DataFrame
        The rows of their utterances, and perhaps others.
    manifest_path : Path
    """

    prefix: str
    ids: list[str]
    vectors: np.ndarray
    speakers: np.ndarray
    utterances: np.ndarray
    manifest: pd.DataFrame
    manifest_path: Path


def read_labelled(prefix: str, manifest: Path) -> LabelledEmbeddings:
    """Read embeddings, and who speaks in each.

    Raises
    ------
    UserError
        A file is missing or broken, or the manifest lacks an utterance.
    """
    ids, vectors = read_embeddings(prefix)
    table, copies = read_manifest(manifest), read_copies(prefix)
    utterances = [copies.get(name, name) for name in ids]
    speakers = table.set_index("ID")["spk_id"].reindex(utterances)
    if speakers.isna().any():
        name = speakers.index[speakers.isna()][0]
        raise UserError(
            f"{manifest}: no row of {name!r}; name the manifest that {prefix} was "
            "extracted from"
        )
    return LabelledEmbeddings(
        prefix, ids, vectors, speakers.to_numpy(dtype=str), np.array(utterances), table,
        manifest,
    )  # fmt: skip


def check_same_dimension(**parts: NamedEmbeddings | LabelledEmbeddings) -> None:
    """Refuse two parts, given by what they are, whose dimensions differ.

    Example
    -------
    >>> enrol = NamedEmbeddings("a", ["x"], np.ones((1, 2)))
    >>> test = NamedEmbeddings("b", ["y"], np.ones((1, 3)))
    >>> check_same_dimension(enrol=enrol, test=test)
    Traceback (most recent call last):
    utils.runtime.errors.UserError: enrol has D=2, test has D=3: a and b; ...
    """
    n_dims = {name: part.vectors.shape[1] for name, part in parts.items()}
    if len(set(n_dims.values())) > 1:
        sizes = ", ".join(f"{name} has D={size}" for name, size in n_dims.items())
        files = " and ".join(part.prefix for part in parts.values())
        raise UserError(f"{sizes}: {files}; extract both with one model")


def read_unlabelled(prefix: str, training: LabelledEmbeddings) -> np.ndarray:
    """Read embeddings (M, D) of a domain to adapt to, of the training's dimension."""
    other = NamedEmbeddings(prefix, *read_embeddings(prefix))
    check_same_dimension(training=training, adaptation=other)
    return np.asarray(other.vectors, dtype=np.float64)
