"""Learning from a teacher: losses of its embeddings, and where they are kept.

The teacher hears the clean utterance in each stored voice, whole; the student a crop of
any version of it. Neither needs to know who speaks.
"""

from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import normalize

from utils.embeddings.files import read_embeddings
from utils.features.store import FeatureStore
from utils.runtime.errors import UserError


def heard_by_teacher(store: FeatureStore) -> np.ndarray:
    """Name the clean version that each stored version was made of.

    Returns
    -------
    ndarray of str, shape (n_utterances,)
        IDs of rows of the same store.
    """
    columns = (store.index[name] for name in ("utterance", "spk_id", "origin"))
    return np.array(
        [
            utterance + speaker.removeprefix(origin)
            for utterance, speaker, origin in zip(*columns, strict=True)
        ]
    )


def read_targets(prefix: Path, store: FeatureStore) -> np.ndarray:
    """Read a teacher's embedding for every row of the training features.

    Parameters
    ----------
    prefix : Path
        Embeddings of the clean versions: see `local.embed_teacher`.
    store : FeatureStore

    Returns
    -------
    ndarray of float32, shape (n_utterances, D)
        Vectors of unit length.

    Raises
    ------
    UserError
        An utterance has none.
    """
    ids, embeddings = read_embeddings(prefix)
    row_of = {name: row for row, name in enumerate(ids)}
    wanted = heard_by_teacher(store)
    missing = [name for name in wanted if name not in row_of]
    if missing:
        raise UserError(
            f"{prefix}: no embedding of {missing[0]}; run local.embed_teacher on these "
            "features"
        )
    targets = np.asarray(embeddings)[[row_of[name] for name in wanted]]
    return targets / np.linalg.norm(targets, axis=1, keepdims=True)


class TeacherCosine(nn.Module):
    """One less the cosine of the student's and the teacher's embeddings, in [0, 2].

    Example
    -------
    >>> TeacherCosine()(torch.eye(2), torch.tensor([[1.0, 0.0], [1.0, 0.0]]))
    tensor(0.5000)
    """

    def forward(self, embeddings: Tensor, targets: Tensor) -> Tensor:
        """Return the mean over a batch of unit vectors (B, D) and (B, D).

        Raises
        ------
        UserError
            They have different dimensions.
        """
        if embeddings.shape != targets.shape:
            raise UserError(
                f"the teacher's embeddings have {targets.shape[1]} dimensions, the "
                f"encoder's {embeddings.shape[1]}; "
                f"set --net.embedding_dim {targets.shape[1]}"
            )
        return 1 - (embeddings * targets).sum(dim=1).mean()


class TeacherRelations(nn.Module):
    """Mean squared difference of the two cosine matrices of a batch.

    The distance-wise relations of W. Park et al., "Relational Knowledge Distillation",
    CVPR 2019, equation 4, with cosines for distances; dimensions may differ.

    Example
    -------
    >>> student, teacher = torch.eye(2), torch.tensor([[1.0], [1.0]])
    >>> TeacherRelations()(student, teacher)  # cosine 0 where it is 1
    tensor(1.)
    """

    def forward(self, embeddings: Tensor, targets: Tensor) -> Tensor:
        """Return the mean over the B (B - 1) pairs of different crops."""
        ours = normalize(embeddings, dim=1) @ normalize(embeddings, dim=1).T
        theirs = normalize(targets, dim=1) @ normalize(targets, dim=1).T
        is_pair = ~torch.eye(len(ours), dtype=torch.bool, device=ours.device)
        return (ours - theirs)[is_pair].square().mean()
