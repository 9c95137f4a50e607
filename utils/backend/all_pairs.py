"""Scores of all models with all tests, block by block into a file."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
from joblib import Parallel, delayed
from numpy.lib.format import open_memmap

from utils.backend.backend import Backend, MeasuredModels
from utils.backend.pairs import PairScorer

_BLOCK_BYTES = 32 << 20


def score_all(
    backend: Backend,
    enrol: MeasuredModels,
    test: MeasuredModels,
    path: Path | str,
    n_jobs: int = 1,
) -> None:
    """Write the scores of all pairs as a ``.npy`` file of float32, to be mapped.

    They are normalised and calibrated, as the back-end says. Every process scores a
    share of the models and writes their rows: with joblib's own processes on one
    machine, or on a cluster whose nodes share the file system
    (`utils.runtime.cluster`).

    Parameters
    ----------
    backend : Backend
    enrol : MeasuredModels
        N of them.
    test : MeasuredModels
        M of them.
    path : Path or str
        The file is of shape (N, M).
    n_jobs : int

    Raises
    ------
    ValueError
        See `PairScorer`.

    Example
    -------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "scores.npy"
    >>> enrol = MeasuredModels(Backend().enrol_single(np.array([[3.0, 4.0]])))
    >>> test = MeasuredModels(Backend().enrol_single(np.eye(2)))
    >>> score_all(Backend(), enrol, test, path)
    >>> np.load(path, mmap_mode="r")
    memmap([[0.6, 0.8]], dtype=float32)
    """
    path = Path(path)
    shape = len(enrol.models), len(test.models)
    sources = _sources(backend, enrol, test)
    open_memmap(path, mode="w+", dtype=np.float32, shape=shape)  # header and size
    target = _Target(path, path.stat().st_size - 4 * shape[0] * shape[1], shape[1])
    jobs = []
    for rows, source in sources:
        for own in np.array_split(np.arange(len(rows)), min(n_jobs, len(rows))):
            jobs.append(delayed(_write_rows)(target, rows[own], source.share(own)))
    Parallel(n_jobs=n_jobs)(jobs)


class _Target(NamedTuple):
    """The array in a file: its path, where it starts in bytes, and its width M."""

    path: Path
    offset: int
    width: int


class _Products(NamedTuple):
    """Scores as products of factors: (n, R) and (M, R)."""

    left: np.ndarray
    right: np.ndarray

    def share(self, rows: np.ndarray) -> "_Products":
        """Take the models of some rows."""
        return _Products(self.left[rows], self.right)

    def write(self, rows: slice, out: np.ndarray) -> None:
        """Score the models of some rows with all tests."""
        np.matmul(self.left[rows], self.right.T, out=out)  # (n, R) @ (R, M)


class _Blocks(NamedTuple):
    """Scores of consecutive models from a `PairScorer`."""

    score: Callable[[slice], np.ndarray]
    first: int = 0

    def share(self, rows: np.ndarray) -> "_Blocks":
        """Take the models of consecutive rows."""
        return _Blocks(self.score, self.first + int(rows[0]))

    def write(self, rows: slice, out: np.ndarray) -> None:
        """Score the models of some rows with all tests."""
        start = self.first + rows.start
        out[:] = self.score(slice(start, start + len(out)))


def _sources(
    backend: Backend, enrol: MeasuredModels, test: MeasuredModels
) -> list[tuple[np.ndarray, _Products | _Blocks]]:
    """Return rows of models, and what scores them.

    Raw scores are products in float32, for all models of as many utterances; what is
    normalised or calibrated goes through `PairScorer`, in float64.
    """
    models, tests = enrol.models, test.models.vectors
    groups = [
        np.flatnonzero(models.n_utterances == count)
        for count in np.unique(models.n_utterances)
    ]
    sources: list[tuple[np.ndarray, _Products | _Blocks]] = []
    for rows in groups:
        factors = backend.scorer.factors(models[rows], tests)
        if factors is None or backend.normalisation or backend.calibration:
            pairs = PairScorer(backend, enrol, test)
            return [(np.arange(len(models)), _Blocks(pairs))]
        left, right = (np.ascontiguousarray(part, np.float32) for part in factors)
        sources.append((rows, _Products(left, right)))
    return sources


def _write_rows(target: _Target, rows: np.ndarray, source: _Products | _Blocks) -> None:
    """Write rows of the array, block by block."""
    row_bytes = 4 * target.width
    n_rows = max(1, _BLOCK_BYTES // row_bytes)
    block = np.empty((min(n_rows, len(rows)), target.width), dtype=np.float32)
    file = os.open(target.path, os.O_WRONLY)
    try:
        for start in range(0, len(rows), n_rows):
            own = rows[start : start + n_rows]
            scores = block[: len(own)]
            source.write(slice(start, start + len(own)), scores)
            if np.ptp(own) + 1 == len(own):  # neighbours
                _write_at(file, scores, target.offset + int(own[0]) * row_bytes)
                continue
            for row, values in zip(own, scores, strict=True):
                _write_at(file, values, target.offset + int(row) * row_bytes)
    finally:
        os.close(file)


def _write_at(file: int, values: np.ndarray, place: int) -> None:
    """Write all values; a single call may write a part, such as on a full disk."""
    rest = values.data.cast("B")
    while rest:
        n_bytes = os.pwrite(file, rest, place)
        rest, place = rest[n_bytes:], place + n_bytes
