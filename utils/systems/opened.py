"""What every opened system has, whatever computes its embeddings."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np

from utils.audio.decoding import read_audio
from utils.backend.backend import Backend, MeasuredModels
from utils.backend.pairs import PairScorer
from utils.backend.scorers import Models
from utils.features.front_end import Frames
from utils.metrics.costs import OperatingPoint
from utils.runtime.errors import UserError

Utterance = Path | str | np.ndarray  # an audio file, or its samples


class Hearing(Protocol):
    """Makes of samples what an encoder takes."""

    @property
    def sample_rate_hz(self) -> int:
        """Rate of the samples that it takes."""

    def __call__(self, samples: np.ndarray) -> Frames:
        """Turn samples (n_samples,) into features."""


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
class OpenedSystem:
    """A system that embeds, enrols and scores.

    Attributes
    ----------
    folder : Path
    front_end : Hearing
    model_sha256 : str
        Hash of the encoder's weights.
    backend : Backend
    """

    folder: Path
    front_end: Hearing
    model_sha256: str
    backend: Backend

    def embed_features(
        self, names: Sequence[str], features: Sequence[np.ndarray]
    ) -> np.ndarray:
        """Embed what the front-end made of N utterances: (N, D)."""
        raise NotImplementedError

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
        return self.embed_features(names, features)

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
