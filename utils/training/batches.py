"""Which batches a phase needs: single crops, groups of a speaker's, or triplets."""

import numpy as np

from utils.runtime.errors import UserError
from utils.training.crops import CropPicker
from utils.training.mining import MINERS, READY_TRIPLETS
from utils.training.sampler import (
    BatchSampler,
    EpochDivision,
    GroupSampler,
    SpeakerSampler,
)
from utils.training.triplets import TripletSampler


def speaker_batches(
    picker: CropPicker,
    origins: np.ndarray,
    plan: EpochDivision,
    batch_size: int,
    crops_per_speaker: int,
    balance: float = 1.0,
) -> BatchSampler:
    """Choose the sampler of a batch size: single crops, or groups of a speaker.

    Parameters
    ----------
    picker, origins, plan
        See `BatchSampler`.
    batch_size : int
        Crops in an optimiser step.
    crops_per_speaker : int
        1: `SpeakerSampler`. More: `GroupSampler` with at least so many, and as many
        speakers as divide the batch and there are.
    balance : float
        See `speaker_shares`.

    Raises
    ------
    UserError
        The batch has no room for two speakers.
    """
    if crops_per_speaker == 1:
        return SpeakerSampler(picker, origins, plan, batch_size, balance)
    most = min(batch_size // crops_per_speaker, len(np.unique(origins)))
    sizes = [n for n in range(2, most + 1) if batch_size % n == 0]
    if not sizes:
        raise UserError(
            f"{batch_size} crops cannot be shared by two speakers or more with "
            f"{crops_per_speaker} each; change the batch size or crops_per_speaker"
        )
    n_speakers = sizes[-1]
    return GroupSampler(
        picker, origins, plan, n_speakers, batch_size // n_speakers, balance
    )


def triplet_batches(
    picker: CropPicker,
    origins: np.ndarray,
    plan: EpochDivision,
    mining: str,
    n_triplets: int,
    crops_per_speaker: int,
) -> BatchSampler:
    """Choose the sampler of a mining: ready triplets, or crops to mine them from.

    Parameters
    ----------
    picker, origins, plan
        See `BatchSampler`.
    mining : str
        ``history`` or ``random``: `TripletSampler`; others: `speaker_batches` of three
        times ``n_triplets`` crops.
    n_triplets : int
        Triplets in an optimiser step.
    crops_per_speaker : int
        At least, where the triplets are mined in the batch.

    Raises
    ------
    UserError
        An unknown mining, or a batch without room for two speakers.
    """
    if mining not in READY_TRIPLETS | set(MINERS):
        names = ", ".join(sorted(READY_TRIPLETS | set(MINERS)))
        raise UserError(f"no mining {mining!r}; there are {names}")
    if mining in READY_TRIPLETS:
        return TripletSampler(picker, origins, plan, n_triplets)
    return speaker_batches(picker, origins, plan, 3 * n_triplets, crops_per_speaker)
