"""Batch samplers whose epochs depend on the seed and the epoch's number alone.

So an interrupted run, resumed at an epoch, sees the batches it would have seen.
"""

from collections.abc import Iterator

import numpy as np
from torch.utils.data import Sampler

from utils.crops import Crop, CropPicker
from utils.mining import History


class SpeakerSampler(Sampler[list[Crop]]):
    """Batches for classification: every speaker occurs as often as any other.

    Parameters
    ----------
    picker : CropPicker
    batch_size : int
        Crops in a batch.
    batches_per_epoch : int
    seed : int
    """

    def __init__(
        self, picker: CropPicker, batch_size: int, batches_per_epoch: int, seed: int
    ) -> None:
        self.picker, self.batch_size = picker, batch_size
        self.batches_per_epoch, self.seed = batches_per_epoch, seed
        self.epoch = 1

    def set_epoch(self, epoch: int) -> None:
        """Choose the epoch, counted from 1, that the next iteration goes through."""
        self.epoch = epoch

    def __len__(self) -> int:
        """Return the number of batches in an epoch."""
        return self.batches_per_epoch

    def __iter__(self) -> Iterator[list[Crop]]:
        """Yield the crops of each batch of the epoch."""
        rng = np.random.default_rng([self.seed, self.epoch])
        n_crops = self.batch_size * self.batches_per_epoch
        n_rounds = -(-n_crops // self.picker.n_speakers)
        speakers = np.concatenate(
            [rng.permutation(self.picker.n_speakers) for _ in range(n_rounds)]
        )[:n_crops]
        for batch in speakers.reshape(self.batches_per_epoch, self.batch_size):
            yield [self.picker.crops_of(speaker, 1, rng)[0] for speaker in batch]


class TripletSampler(Sampler[list[Crop]]):
    """Batches of triplets: all anchors, then all positives, then all negatives.

    Without a history the triplets are drawn at random (random batch); with one,
    they are the hardest that it holds (select batch).

    Parameters
    ----------
    picker : CropPicker
    origins : ndarray of int, shape (n_speakers,)
        Person behind each speaker label. Copies of one person at different speeds
        are never positives, nor negatives, of each other.
    n_triplets : int
        Triplets in a batch.
    batches_per_epoch : int
    seed : int
    """

    def __init__(
        self,
        picker: CropPicker,
        origins: np.ndarray,
        n_triplets: int,
        batches_per_epoch: int,
        seed: int,
    ) -> None:
        self.picker, self.origins, self.n_triplets = picker, origins, n_triplets
        self.batches_per_epoch, self.seed = batches_per_epoch, seed
        self.epoch = 1
        self.history: History | None = None

    def set_epoch(self, epoch: int) -> None:
        """Choose the epoch, counted from 1, that the next iteration goes through."""
        self.epoch = epoch

    def __len__(self) -> int:
        """Return the number of batches in an epoch."""
        return self.batches_per_epoch

    def __iter__(self) -> Iterator[list[Crop]]:
        """Yield the crops of each batch of the epoch."""
        rng = np.random.default_rng([self.seed, self.epoch, 1])
        for _ in range(self.batches_per_epoch):
            if self.history is None:
                yield self.random_batch(rng)
            else:
                yield self.history.select_batch(self.n_triplets, rng)

    def random_batch(self, rng: np.random.Generator) -> list[Crop]:
        """Draw triplets of random speakers."""
        anchors, positives, negatives = [], [], []
        for speaker in rng.choice(self.picker.n_speakers, self.n_triplets):
            anchor, positive = self.picker.crops_of(speaker, 2, rng)
            others = np.flatnonzero(self.origins != self.origins[speaker])
            negative = self.picker.crops_of(rng.choice(others), 1, rng)[0]
            anchors.append(anchor)
            positives.append(positive)
            negatives.append(negative)
        return anchors + positives + negatives

    def history_crops(
        self, n_speakers: int, crops_per_speaker: int
    ) -> tuple[list[Crop], np.ndarray]:
        """Choose the crops of this epoch's history.

        Parameters
        ----------
        n_speakers : int
            Speakers, drawn at random, that the history covers.
        crops_per_speaker : int

        Returns
        -------
        crops : list of Crop
        speakers : ndarray of int, shape (len(crops),)
        """
        rng = np.random.default_rng([self.seed, self.epoch, 2])
        drawn = rng.choice(self.picker.n_speakers, n_speakers, replace=False)
        crops = [
            crop
            for speaker in drawn
            for crop in self.picker.crops_of(speaker, crops_per_speaker, rng)
        ]
        return crops, np.repeat(drawn, crops_per_speaker)
