"""Scores of all models with all tests, block by block into a file."""

import os
from pathlib import Path

import numpy as np
from joblib import Parallel, delayed
from numpy.lib.format import open_memmap

from utils.backend.backend import Backend
from utils.backend.scorers import Models

_BLOCK_BYTES = 32 << 20


def score_all(
    backend: Backend,
    models: Models,
    tests: np.ndarray,
    path: Path | str,
    n_jobs: int = 1,
) -> None:
    """Write the scores of all pairs as a ``.npy`` file of float32, to be mapped.

    The back-end's normalisation and calibration are not applied. Every process makes
    the products of a share of the models and writes their rows: with joblib's own
    processes on one machine, or on a cluster whose nodes share the file system
    (`utils.runtime.cluster`).

    Parameters
    ----------
    backend : Backend
    models : Models
        N of them.
    tests : ndarray of shape (M, K)
        Prepared.
    path : Path or str
        The file is of shape (N, M).
    n_jobs : int

    Example
    -------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "scores.npy"
    >>> models = Backend().enrol_single(np.array([[3.0, 4.0], [1.0, 0.0]]))
    >>> score_all(Backend(), models, np.array([[0.0, 1.0]]), path)
    >>> np.load(path, mmap_mode="r")
    memmap([[0.8],
            [0. ]], dtype=float32)
    """
    path = Path(path)
    shape = len(models), len(tests)
    open_memmap(path, mode="w+", dtype=np.float32, shape=shape)  # header and size
    offset = path.stat().st_size - 4 * shape[0] * shape[1]
    rows_per_block = max(1, _BLOCK_BYTES // (4 * shape[1]))
    jobs = []
    for count in np.unique(models.n_utterances):
        rows = np.flatnonzero(models.n_utterances == count)
        left, right = (
            np.ascontiguousarray(side, dtype=np.float32)
            for side in backend.scorer.factors(models[rows], tests)
        )
        for own in np.array_split(np.arange(len(rows)), min(n_jobs, len(rows))):
            job = path, offset, rows[own], left[own], right, rows_per_block
            jobs.append(delayed(_write_rows)(*job))
    Parallel(n_jobs=n_jobs)(jobs)


def _write_rows(
    path: Path,
    offset: int,
    rows: np.ndarray,
    left: np.ndarray,
    right: np.ndarray,
    rows_per_block: int,
) -> None:
    """Write the rows ``left @ right.T`` at their places."""
    row_bytes = 4 * len(right)
    block = np.empty((rows_per_block, len(right)), dtype=np.float32)
    file = os.open(path, os.O_WRONLY)
    try:
        for start in range(0, len(rows), rows_per_block):
            part = slice(start, start + rows_per_block)
            scores = block[: len(rows[part])]
            np.matmul(left[part], right.T, out=scores)
            if np.ptp(rows[part]) + 1 == len(scores):  # neighbours
                os.pwrite(file, scores.data, offset + int(rows[start]) * row_bytes)
            else:
                for row, values in zip(rows[part], scores, strict=True):
                    os.pwrite(file, values.data, offset + int(row) * row_bytes)
    finally:
        os.close(file)
