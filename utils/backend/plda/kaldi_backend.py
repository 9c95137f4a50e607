"""A back-end of Kaldi: its mean, transform and PLDA, applied as its recipes do.

ivector-subtract-global-mean, transform-vec, ivector-normalize-length and
ivector-plda-scoring, with ivector-mean for models of several utterances.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from utils.backend.backend import Backend
from utils.backend.plda.kaldi_files import read_kaldi_plda
from utils.backend.scorers import KaldiPldaScorer
from utils.backend.transforms import Affine, Transform
from utils.embeddings.kaldi_values import read_kaldi_file
from utils.runtime.errors import UserError


@dataclass(frozen=True)
class KaldiTransform(Transform, kind="kaldi-transform"):
    """Multiply by a matrix, which may have a last column: an offset to add.

    Attributes
    ----------
    matrix : ndarray of shape (K, D) or (K, D + 1)

    Example
    -------
    >>> KaldiTransform(np.array([[2.0, 1.0]]))(np.array([[3.0]]))
    array([[7.]])
    """

    matrix: np.ndarray

    def __call__(self, embeddings: np.ndarray) -> np.ndarray:
        """Map embeddings (N, D) to (N, K).

        Raises
        ------
        ValueError
            Their dimension is another.
        """
        n_dims, n_columns = embeddings.shape[1], self.matrix.shape[1]
        if n_columns not in (n_dims, n_dims + 1):
            raise ValueError(
                f"the embeddings have D={n_dims}, the transform {n_columns} columns, "
                "which must be D, or D + 1 with an offset; use embeddings of its model"
            )
        mapped = embeddings @ self.matrix[:, :n_dims].T  # (N, D) @ (D, K)
        return mapped + self.matrix[:, n_dims:].sum(axis=1)


def read_kaldi_backend(
    plda: Path,
    mean: Path | None = None,
    transform: Path | None = None,
    scale: bool = True,
    length_norm: str = "psi",
) -> Backend:
    """Read a back-end from Kaldi's files, binary or text.

    Parameters
    ----------
    plda : Path
        What ivector-compute-plda or ivector-adapt-plda wrote.
    mean : Path, optional
        Vector (D,) to subtract.
    transform : Path, optional
        Matrix (K, D) or (K, D + 1), such as that of ivector-compute-lda.
    scale : bool
        Scale the transformed vectors to the length sqrt(K).
    length_norm : str
        ``psi`` for ivector-plda-scoring's own normalisation, or ``none``.

    Raises
    ------
    UserError
        A file is missing or broken, or they do not fit together.
    """
    model = read_kaldi_plda(plda)
    steps: list[Transform] = []
    sizes: tuple[int, ...] = (len(model.mean),)  # that the transform may start from
    if transform:
        matrix = read_kaldi_file(transform)
        if matrix.ndim != 2 or len(matrix) != len(model.mean):
            raise UserError(
                f"{transform}: shape {matrix.shape}, but {plda} needs a matrix of "
                f"{len(model.mean)} rows; name the one that it was trained with"
            )
        sizes = matrix.shape[1], matrix.shape[1] - 1
        steps.append(KaldiTransform(matrix.astype(np.float64)))
    if mean:
        vector = read_kaldi_file(mean).ravel()
        if len(vector) not in sizes:
            raise UserError(
                f"{mean}: {len(vector)} values, but {transform or plda} needs "
                f"{sizes[-1]}; name the mean that it was trained with"
            )
        steps.insert(0, Affine(vector.astype(np.float64), np.eye(len(vector))))
    return Backend(tuple(steps), KaldiPldaScorer(model, length_norm, scale=scale))
