"""A trained system: front-end, encoder and back-end of one folder."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch

from utils.audio.decoding import read_audio
from utils.backend.backend import Backend, MeasuredModels, PairScorer
from utils.backend.scorers import Models
from utils.embeddings.extraction import UtteranceBatches, embed_batches
from utils.features.front_end import FrontEnd
from utils.features.store import FeatureList, FeatureStore
from utils.metrics.costs import OperatingPoint
from utils.models.experiment import load_weights
from utils.runtime.device import checked_device
from utils.runtime.errors import UserError
from utils.runtime.precision import DTYPES
from utils.runtime.progress import progress
from utils.systems.backends import COSINE, find_backend, open_backend
from utils.systems.folder import (
    build_encoder,
    checked_hash,
    have_same_front_end,
    read_front_end,
)

Utterance = Path | str | np.ndarray  # an audio file, or its samples


class Scores(NamedTuple):
    """What a system says of all models with all tests.

    Attributes
    ----------
    scores : ndarray of shape (N, M)
    llrs : ndarray of shape (N, M) or None
        Natural-log likelihood ratios; None where the back-end is not calibrated.
    decisions : ndarray of bool, shape (N, M), or None
        Whether the ratio reaches the Bayes threshold of the calibration's prior.
    """

    scores: np.ndarray
    llrs: np.ndarray | None
    decisions: np.ndarray | None


@dataclass(frozen=True)
class System:
    """A trained system, opened by `open_system`.

    Attributes
    ----------
    folder : Path
    front_end : FrontEnd
    encoder : Module
        In evaluation mode, on the device.
    model_sha256 : str
        Hash of the encoder's weights.
    backend : Backend
    device : str
    precision : str
        ``fp32`` or ``bf16``.
    trust : bool
        See `open_system`.
    """

    folder: Path
    front_end: FrontEnd
    encoder: torch.nn.Module
    model_sha256: str
    backend: Backend
    device: str = "cpu"
    precision: str = "fp32"
    trust: bool = False

    def with_backend(self, backend: Path | str) -> "System":
        """Return the system with another back-end; see `open_system`."""
        own = open_own_backend(self.folder, backend, self.model_sha256)
        return replace(self, backend=own)

    def embed(self, utterances: Sequence[Utterance]) -> np.ndarray:
        """Embed whole utterances.

        Parameters
        ----------
        utterances : sequence of Path, str or ndarray
            Audio files of any rate; or samples (n_samples,) in [-1, 1] at the
            front-end's ``sample_rate_hz``.

        Returns
        -------
        ndarray of float32, shape (N, D)
            Vectors of unit length.

        Raises
        ------
        UserError
            A file cannot be read, or holds no sound.
        """
        names = [
            f"samples {place}" if isinstance(utterance, np.ndarray) else str(utterance)
            for place, utterance in enumerate(utterances)
        ]
        features = [
            self.front_end(self._read(utterance, name)).features
            for utterance, name in zip(utterances, names, strict=True)
        ]
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

    def enrol(self, speakers: Sequence[np.ndarray]) -> Models:
        """Make a model of each speaker's embeddings (n, D)."""
        counts = [len(embeddings) for embeddings in speakers]
        prepared = self.backend.prepare(np.concatenate(speakers))
        rows = np.split(np.arange(len(prepared)), np.cumsum(counts)[:-1])
        return self.backend.enrol(prepared, rows)

    def score(self, models: Models, embeddings: np.ndarray) -> Scores:
        """Score N models with each of M test embeddings (M, D).

        Raises
        ------
        UserError
            The calibration needs quality measures, which embeddings do not hold.
        """
        backend, calibration = self.backend, self.backend.calibration
        if backend.quality:
            raise UserError(
                f"{self.folder}: the calibration needs {', '.join(backend.quality)}; "
                "use a back-end without quality measures"
            )
        tests = backend.enrol_single(backend.prepare(embeddings))
        pairs = PairScorer(backend, MeasuredModels(models), MeasuredModels(tests))
        everyone = slice(0, len(models))
        scores = pairs.uncalibrated(everyone)
        if calibration is None:
            return Scores(scores, None, None)
        llrs = calibration.fusion(scores.reshape(-1, 1)).reshape(scores.shape)
        threshold = OperatingPoint(calibration.fusion.prior).bayes_threshold
        return Scores(scores, llrs, llrs >= threshold)

    def _read(self, utterance: Utterance, name: str) -> np.ndarray:
        if not isinstance(utterance, np.ndarray):
            return read_audio(utterance, self.front_end.sample_rate_hz)
        samples = np.asarray(utterance, dtype=np.float32)
        if samples.ndim != 1 or not np.isfinite(samples).all() or not samples.any():
            raise UserError(
                f"{name}: one channel of finite samples that are not all zero is "
                f"needed, not {samples.shape}"
            )
        return samples


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
    front_end = read_front_end(folder, trust)
    encoder = build_encoder(folder, trust)
    load_weights(folder, encoder)
    model_sha256 = checked_hash(folder)
    return System(
        folder,
        front_end,
        encoder.to(checked_device(device)).eval(),
        model_sha256,
        open_own_backend(folder, backend, model_sha256),
        device,
        precision,
        trust,
    )


def open_own_backend(folder: Path, backend: Path | str, model_sha256: str) -> Backend:
    """Load a back-end of a model.

    Parameters
    ----------
    folder : Path
        Folder of the model.
    backend : Path or str
        ``cosine``; the name of one in ``backends/`` in the model's folder or beside it;
        a folder; or empty for the model's ``backend/``, the cosine where there is none.
    model_sha256 : str

    Raises
    ------
    UserError
        There is no such back-end, or it belongs to another model.
    """
    own = folder / "backend"
    if not backend:
        backend = own if own.is_dir() else COSINE
    path = find_backend(backend, (folder, folder.parent))
    return open_backend(path, {str(folder): model_sha256})
