"""Batch samplers: every batch follows from the seed, the epoch and its number alone.

So a run that goes on from the middle of an epoch sees the batches it would have
seen, and so do several processes that each take their share of every batch.
"""

from abc import abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from torch.utils.data import Sampler

from utils.runtime.errors import UserError
from utils.training.crops import Crop, CropPicker


@dataclass(frozen=True)
class EpochDivision:
    """How the crops of an epoch are divided, whatever the number of processes.

    Attributes
    ----------
    epoch_crops : int
        Crops in an epoch, rounded down to whole optimiser steps.
    seed : int
    accumulation : int
        Batches whose gradients are added up to one optimiser step.
    rank, n_processes : int
        This process, from 0, and how many share the work.
    """

    epoch_crops: int
    seed: int
    accumulation: int = 1
    rank: int = 0
    n_processes: int = 1

    def batch_crops(self, step_crops: int, unit: int = 1) -> int:
        """Return the crops in a batch, over all processes.

        Parameters
        ----------
        step_crops : int
            Crops in an optimiser step.
        unit : int
            Crops that cannot be parted, such as 3 in a triplet.

        Raises
        ------
        UserError
            A step cannot be divided equally among batches and processes.

        Example
        -------
        >>> EpochDivision(epoch_crops=640, seed=0, accumulation=2).batch_crops(64)
        32
        """
        if min(step_crops, self.accumulation) < 1:
            raise UserError("a step needs one crop and one batch or more, not 0")
        batch_crops, rest = divmod(step_crops, self.accumulation)
        if rest or batch_crops % unit or batch_crops % self.n_processes:
            raise UserError(
                f"{step_crops} crops of a step cannot be shared by {self.accumulation} "
                f"batches and {self.n_processes} processes; change the batch size"
            )
        return batch_crops

    def n_batches(self, step_crops: int) -> int:
        """Return the batches in an epoch: whole optimiser steps, at least one."""
        return max(1, self.epoch_crops // step_crops) * self.accumulation


class BatchSampler(Sampler[list[Crop]]):
    """What all samplers share; each has its own `batch`.

    Parameters
    ----------
    picker : CropPicker
    origins : ndarray of int, shape (n_speakers,)
        The speaker that each is, or is a copy of: copies in other voices are speakers
        of their own, but never negatives of their origin or of each other.
    plan : EpochDivision
    step_crops : int
        Crops in an optimiser step.
    unit : int
        Crops that cannot be parted.

    Attributes
    ----------
    first : int
        Number of the batch that the next iteration begins with.
    """

    def __init__(
        self,
        picker: CropPicker,
        origins: np.ndarray,
        plan: EpochDivision,
        step_crops: int,
        unit: int = 1,
    ) -> None:
        self.picker, self.origins, self.plan = picker, origins, plan
        self.batch_crops = plan.batch_crops(step_crops, unit)
        self.n_batches = plan.n_batches(step_crops)
        self.epoch, self.first = 1, 0

    def set_epoch(self, epoch: int) -> None:
        """Choose the epoch, counted from 1, that the next iteration goes through."""
        self.epoch = epoch

    def __len__(self) -> int:
        """Return the number of batches in an epoch."""
        return self.n_batches

    def __iter__(self) -> Iterator[list[Crop]]:
        """Yield this process's share of each batch of the epoch."""
        size = self.batch_crops // self.plan.n_processes
        start = self.plan.rank * size
        for number in range(self.first, self.n_batches):
            yield self.batch(number)[start : start + size]

    def rng(self, *purpose: int) -> np.random.Generator:
        """Return the random generator of a purpose in this epoch."""
        return np.random.default_rng([self.plan.seed, self.epoch, *purpose])

    @abstractmethod
    def batch(self, number: int) -> list[Crop]:
        """Return a batch of the epoch, over all processes."""


class SpeakerSampler(BatchSampler):
    """Batches for classification, the speakers in turn.

    Parameters
    ----------
    picker, origins, plan
        See `BatchSampler`.
    batch_size : int
        Crops in an optimiser step.
    balance : float
        See `speaker_shares`.
    """

    def __init__(
        self,
        picker: CropPicker,
        origins: np.ndarray,
        plan: EpochDivision,
        batch_size: int,
        balance: float,
    ) -> None:
        super().__init__(picker, origins, plan, batch_size)
        self.shares = speaker_shares(picker.n_utterances, balance)
        self._order: tuple[int, np.ndarray] = (0, np.empty(0))

    def batch(self, number: int) -> list[Crop]:
        """Draw a crop of each of the next speakers."""
        if self._order[0] != self.epoch:
            n_crops = self.n_batches * self.batch_crops
            order = evenly_spread(self.shares, n_crops, self.rng(0))
            self._order = self.epoch, order
        start = number * self.batch_crops
        rng = self.rng(1, number)
        return [
            self.picker.crops_of(speaker, 1, rng)[0]
            for speaker in self._order[1][start : start + self.batch_crops]
        ]


class GroupSampler(BatchSampler):
    """Batches of P speakers, no two of one origin, with K crops each, in turn.

    Parameters
    ----------
    picker, origins, plan
        See `BatchSampler`.
    speakers_per_batch, crops_per_speaker : int
        P and K; an optimiser step has P times K crops.
    balance : float
        See `speaker_shares`.

    Raises
    ------
    UserError
        There are fewer origins than a batch needs.
    """

    def __init__(
        self,
        picker: CropPicker,
        origins: np.ndarray,
        plan: EpochDivision,
        speakers_per_batch: int,
        crops_per_speaker: int,
        balance: float,
    ) -> None:
        step_crops = speakers_per_batch * crops_per_speaker
        super().__init__(picker, origins, plan, step_crops, unit=crops_per_speaker)
        self.crops_per_speaker = crops_per_speaker
        self.n_drawn = self.batch_crops // crops_per_speaker
        self.log_shares = np.log(speaker_shares(picker.n_utterances, balance))
        n_origins = len(np.unique(origins))
        if not 2 <= self.n_drawn <= n_origins:
            raise UserError(
                f"batches of {self.n_drawn} speakers out of {n_origins}; change "
                "the batch size, crops_per_speaker or accumulation"
            )

    def batch(self, number: int) -> list[Crop]:
        """Draw speakers without replacement by their shares, and their crops."""
        rng = self.rng(number)
        # the largest keys are a weighted draw without replacement (Gumbel top-k)
        keys = self.log_shares + rng.gumbel(size=len(self.log_shares))
        order = np.argsort(-keys)
        first_of_origin = np.unique(self.origins[order], return_index=True)[1]
        speakers = order[np.sort(first_of_origin)[: self.n_drawn]]
        return [
            crop
            for speaker in speakers
            for crop in self.picker.crops_of(speaker, self.crops_per_speaker, rng)
        ]


def speaker_shares(n_utterances: np.ndarray, balance: float) -> np.ndarray:
    """Share of the crops that each speaker has in training.

    Parameters
    ----------
    n_utterances : ndarray of int, shape (n_speakers,)
    balance : float
        1: all speakers alike; 0: in proportion to their utterances; between: to
        the power of 1 - balance of their utterances.

    Returns
    -------
    ndarray of shape (n_speakers,)
        Their sum is 1.

    Example
    -------
    >>> speaker_shares(np.array([1, 4]), balance=0.5)
    array([0.333..., 0.666...])
    """
    weights = np.asarray(n_utterances, dtype=float) ** (1 - balance)
    return weights / weights.sum()


def evenly_spread(
    shares: np.ndarray, n_draws: int, rng: np.random.Generator
) -> np.ndarray:
    """Draw speakers by their shares, each as evenly over time as chance allows.

    Parameters
    ----------
    shares : ndarray of shape (n_speakers,)
        Their sum is 1.
    n_draws : int
    rng : Generator

    Returns
    -------
    ndarray of int, shape (n_draws,)
        With equal shares: one random permutation of the speakers after another.

    Example
    -------
    >>> drawn = evenly_spread(np.array([0.25, 0.75]), 8, np.random.default_rng(0))
    >>> np.bincount(drawn)
    array([2, 6])
    """
    counts = np.ceil(shares * n_draws).astype(int) + 1
    speakers = np.repeat(np.arange(len(shares)), counts)
    turns = np.arange(len(speakers)) - np.repeat(np.cumsum(counts) - counts, counts)
    # a speaker's i-th turn is at a random time of the i-th of its equal intervals
    times = (turns + rng.random(len(speakers))) / shares[speakers]
    return speakers[np.argsort(times, kind="stable")[:n_draws]]
