"""A trained system: front-end, encoder and back-end of one folder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch

from utils.embeddings.extraction import UtteranceBatches, embed_batches
from utils.features.front_end import FrontEnd
from utils.features.listed import FeatureList
from utils.models.experiment import load_weights
from utils.runtime.device import checked_device
from utils.runtime.errors import UserError
from utils.runtime.precision import DTYPES
from utils.runtime.progress import progress
from utils.systems.backends import open_own_backend
from utils.systems.exported import is_exported
from utils.systems.folder import (
    build_encoder,
    checked_hash,
    have_same_front_end,
    read_front_end,
)
from utils.systems.opened import OpenedSystem

if TYPE_CHECKING:
    from utils.features.store import FeatureStore


@dataclass(frozen=True)
class System(OpenedSystem):
    """A trained system, opened by `open_system`.

    Attributes
    ----------
    folder, model_sha256, backend
        See `OpenedSystem`.
    front_end : FrontEnd
    encoder : Module
        In evaluation mode, on the device.
    device : str
    precision : str
        ``fp32`` or ``bf16``.
    trust : bool
        See `open_system`.
    """

    front_end: FrontEnd
    encoder: torch.nn.Module
    device: str = "cpu"
    precision: str = "fp32"
    trust: bool = False

    def embed_features(
        self, names: Sequence[str], features: Sequence[np.ndarray]
    ) -> np.ndarray:
        """Embed what the front-end made of N utterances: (N, D)."""
        return self.embed_stored(FeatureList(names, features))

    def check_features(self, features: Path) -> None:
        """Refuse stored features that another front-end made.

        Raises
        ------
        UserError
            They are others than this system's, or there are none.
        """
        theirs = features / "front_end.yaml"
        if not theirs.is_file():
            raise UserError(f"{theirs}: no such features; run stage 2 first")
        if not have_same_front_end(self.folder, features, self.trust):
            raise UserError(
                f"{theirs}: another front-end than {self.folder}/front_end.yaml; "
                "compute the features with the model's own, or leave --features out"
            )

    def embed_stored(
        self, store: FeatureStore | FeatureList, rows: np.ndarray | None = None
    ) -> np.ndarray:
        """Embed stored features: (N, D) of all, or in the order of some rows."""
        rows = np.arange(len(store)) if rows is None else rows
        batches = UtteranceBatches(store, rows)
        by_row: dict[int, np.ndarray] = {}
        embedded = embed_batches(
            self.encoder, batches, self.device, DTYPES[self.precision]
        )
        for batch_rows, embeddings in progress(embedded, len(batches), "embedding"):
            by_row.update(zip(batch_rows.tolist(), embeddings, strict=True))
        return np.stack([by_row[row] for row in rows.tolist()])


def open_system(
    folder: Path | str,
    backend: Path | str = "",
    device: str = "cpu",
    precision: str = "fp32",
    trust: bool = False,
) -> System:
    """Open a trained folder.

    Parameters
    ----------
    folder : Path or str
        Holds ``encoder.pt``, ``encoder.yaml``, ``front_end.yaml`` and
        ``experiment.json``, as `local.train` writes them.
    backend : Path or str
        See `open_own_backend`.
    device : str
    precision : str
    trust : bool
        Build whatever the folder describes: see `utils.systems.description`.

    Returns
    -------
    System

    Raises
    ------
    UserError
        Something of it is missing, broken, of another model, or not to be built.

    Example
    -------
    >>> system = open_system(folder, "cosine+cal")
    >>> anna, test = system.embed([wav_a, wav_b])
    >>> system.score(system.enrol([anna[None]]), test[None]).llrs.shape
    (1, 1)
    """
    folder = Path(folder)
    if is_exported(folder) and not (folder / "encoder.pt").is_file():
        raise UserError(
            f"{folder}: a graph without its weights, for local.verify, local.speakers "
            "and local.listen; name the folder that it was exported from"
        )
    front_end = read_front_end(folder, trust)
    encoder = build_encoder(folder, trust)
    load_weights(folder, encoder)
    model_sha256 = checked_hash(folder)
    return System(
        folder,
        front_end,
        model_sha256,
        open_own_backend(folder, backend, model_sha256),
        encoder.to(checked_device(device)).eval(),
        device,
        precision,
        trust,
    )
