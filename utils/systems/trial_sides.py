"""Both sides of trials: embeddings read, and mapped to a back-end's space."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from utils.backend.backend import Backend, MeasuredModels
from utils.backend.quality import Measures, utterance_measures
from utils.embeddings.files import read_embeddings
from utils.embeddings.labelled import NamedEmbeddings, check_same_dimension
from utils.runtime.errors import UserError


class PreparedEmbeddings(NamedTuple):
    """Embeddings in a back-end's space: ids (N,), vectors (N, K), quality measures."""

    ids: list[str]
    vectors: np.ndarray
    measures: Measures


def read_sides(enrol: str, test: str) -> tuple[NamedEmbeddings, NamedEmbeddings]:
    """Read the embeddings of both sides of trials: (N, D) and (M, D).

    Parameters
    ----------
    enrol, test : str
        Prefixes; the same one is read once.

    Raises
    ------
    UserError
        A file is missing or broken, or the dimensions differ.
    """
    first = NamedEmbeddings(enrol, *read_embeddings(enrol))
    if test == enrol:
        return first, first
    second = NamedEmbeddings(test, *read_embeddings(test))
    check_same_dimension(enrol=first, test=second)
    return first, second


def prepare_sides(
    backend: Backend,
    sides: tuple[NamedEmbeddings, NamedEmbeddings],
    manifest: pd.DataFrame | None = None,
) -> tuple[PreparedEmbeddings, PreparedEmbeddings]:
    """Map both sides to a back-end's space.

    Parameters
    ----------
    backend : Backend
    sides : pair of NamedEmbeddings
        See `read_sides`.
    manifest : DataFrame, optional
        For quality measures.

    Raises
    ------
    UserError
        The vectors do not fit the back-end, or a quality measure is missing.
    """
    first = _prepare(backend, sides[0], manifest)
    is_same = sides[0].prefix == sides[1].prefix
    return first, first if is_same else _prepare(backend, sides[1], manifest)


def _prepare(
    backend: Backend, named: NamedEmbeddings, manifest: pd.DataFrame | None
) -> PreparedEmbeddings:
    prefix, ids, vectors = named
    try:
        measures = utterance_measures(backend.quality, ids, vectors, manifest)
        return PreparedEmbeddings(ids, backend.prepare(vectors), measures)
    except ValueError as error:
        raise UserError(f"{prefix}: {error}") from None


def every_utterance(backend: Backend, prepared: PreparedEmbeddings) -> MeasuredModels:
    """Make a model of each utterance."""
    return MeasuredModels(backend.enrol_single(prepared.vectors), prepared.measures)
