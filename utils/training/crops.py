"""Training data: fixed-length crops of stored features, cut out as slices."""

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from utils.features.store import FeatureStore
from utils.runtime.errors import UserError


class Crop(NamedTuple):
    """Where a crop lies: a row of the feature index, and its first frame.

    The seed decides what augmentation does to the crop.
    """

    row: int
    start: int
    seed: int = 0


class CropBatch(NamedTuple):
    """Crops of equal length.

    Attributes
    ----------
    feats : Tensor of float32, shape (B, T, F)
    labels : Tensor of int64, shape (B,)
        Speaker of each crop.
    rows : Tensor of int64, shape (B,)
        Where it was cut from: rows of the feature index.
    """

    feats: Tensor
    labels: Tensor
    rows: Tensor


class CroppedFeatures(NamedTuple):
    """Features of shape (T, F), the speaker, and the row of the feature index."""

    feats: np.ndarray
    label: int
    row: int


class CropDataset(Dataset[CroppedFeatures]):
    """Cut crops from a feature store.

    Utterances shorter than a crop are repeated to its length.

    Parameters
    ----------
    store : FeatureStore
    labels : ndarray of int, shape (n_utterances,)
        Speaker of each row of the store's index.
    crop_frames : int
        Length T of a crop.

    Attributes
    ----------
    clean : CropDataset
        The same crops without augmentation.
    """

    def __init__(
        self, store: FeatureStore, labels: np.ndarray, crop_frames: int
    ) -> None:
        self.store, self.labels, self.crop_frames = store, labels, crop_frames
        self.clean: CropDataset = self

    def __getitem__(self, crop: Crop) -> CroppedFeatures:
        """Cut a crop."""
        feats = self.store.slice(crop.row, crop.start, self.crop_frames)
        return CroppedFeatures(self.fit(feats), self.labels[crop.row], crop.row)

    def fit(self, feats: np.ndarray) -> np.ndarray:
        """Repeat features that are shorter than a crop: (T, F)."""
        if len(feats) == self.crop_frames:
            return feats
        return np.resize(feats, (self.crop_frames, feats.shape[1]))

    @staticmethod
    def collate(items: list[CroppedFeatures]) -> CropBatch:
        """Stack crops to a batch."""
        feats = torch.from_numpy(np.stack([item.feats for item in items])).float()
        labels = torch.tensor([int(item.label) for item in items])
        return CropBatch(feats, labels, torch.tensor([item.row for item in items]))


class CropPicker:
    """Choose crops at random: speakers alike, however much they have said.

    Parameters
    ----------
    labels : ndarray of int, shape (n_utterances,)
        Speaker of each utterance.
    n_frames : ndarray of int, shape (n_utterances,)
    crop_frames : int

    Raises
    ------
    UserError
        A crop has no frame.
    """

    def __init__(
        self, labels: np.ndarray, n_frames: np.ndarray, crop_frames: int
    ) -> None:
        if crop_frames < 1:
            raise UserError(f"crop_frames is 1 or more, not {crop_frames}")
        self.n_starts = np.maximum(np.asarray(n_frames) - crop_frames, 0) + 1
        order = np.argsort(labels, kind="stable")
        counts = np.bincount(labels)
        self.rows_of = np.split(order, np.cumsum(counts)[:-1])

    @property
    def n_speakers(self) -> int:
        """Number of speakers to choose from."""
        return len(self.rows_of)

    @property
    def n_utterances(self) -> np.ndarray:
        """Number of utterances of each speaker, shape (n_speakers,)."""
        return np.array([len(rows) for rows in self.rows_of])

    def crop(self, row: int, rng: np.random.Generator) -> Crop:
        """Choose a place in the utterance of a row."""
        start, seed = rng.integers([self.n_starts[row], 1 << 31])
        return Crop(int(row), int(start), int(seed))

    def crops_of(self, speaker: int, n: int, rng: np.random.Generator) -> list[Crop]:
        """Choose ``n`` crops of a speaker, of different utterances if there are."""
        rows = self.rows_of[speaker]
        repeats = -(-n // len(rows))  # ceiling
        chosen = np.concatenate([rng.permutation(rows) for _ in range(repeats)])[:n]
        return [self.crop(row, rng) for row in chosen]
