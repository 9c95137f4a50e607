"""Batches of triplets, random or the hardest of a history."""

import numpy as np

from utils.training.crops import Crop, CropPicker
from utils.training.mining import History
from utils.training.sampler import BatchSampler, EpochDivision


class TripletSampler(BatchSampler):
    """Batches of triplets: all anchors, then all positives, then all negatives.

    Without a history the triplets are drawn at random (random batch); with one,
    they are the hardest that it holds (select batch).

    Parameters
    ----------
    picker, origins, plan
        See `BatchSampler`.
    n_triplets : int
        Triplets in an optimiser step.
    """

    def __init__(
        self,
        picker: CropPicker,
        origins: np.ndarray,
        plan: EpochDivision,
        n_triplets: int,
    ) -> None:
        super().__init__(picker, origins, plan, 3 * n_triplets, unit=3)
        self.n_triplets = self.batch_crops // 3
        self.history: History | None = None

    def batch(self, number: int) -> list[Crop]:
        """Draw triplets."""
        rng = self.rng(1, number)
        if self.history is None:
            return self.random_batch(rng)
        return self.history.select_batch(self.n_triplets, rng)

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
        rng = self.rng(2)
        drawn = rng.choice(self.picker.n_speakers, n_speakers, replace=False)
        crops = [
            crop
            for speaker in drawn
            for crop in self.picker.crops_of(speaker, crops_per_speaker, rng)
        ]
        return crops, np.repeat(drawn, crops_per_speaker)
