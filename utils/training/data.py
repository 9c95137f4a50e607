"""The speakers of a training, and the ones held out from it."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from utils.features.store import FeatureStore
from utils.runtime.errors import UserError


@dataclass(frozen=True)
class TrainingData:
    """Features to train on and to validate on, of different speakers.

    Attributes
    ----------
    folder : Path
        What stage 2 wrote.
    train, valid : FeatureStore
    speakers : list of str
        Names of the training speakers; a copy in another voice is one of its own.
    labels : ndarray of int, shape (n_utterances,)
        Speaker of each training utterance.
    origins : ndarray of int, shape (n_speakers,)
        Number of the speaker that each is, or is a copy of in another voice.

    Raises
    ------
    UserError
        There are too few speakers to tell apart in either part.
    """

    folder: Path
    train: FeatureStore
    valid: FeatureStore
    speakers: list[str]
    labels: np.ndarray
    origins: np.ndarray

    def __post_init__(self) -> None:
        """Check that there are speakers to tell apart in both parts."""
        if len(np.unique(self.origins)) < 2:
            raise UserError(
                f"{self.train.folder}: one speaker; training needs two or more"
            )
        counts = self.valid.index["spk_id"].value_counts()
        if len(counts) < 2 or counts.max() < 2:
            raise UserError(
                f"{self.valid.folder}: no target or no nontarget pairs; hold out two "
                "speakers or more, one of them with two utterances"
            )

    @property
    def front_end(self) -> str:
        """The settings that the features were made with."""
        return (self.folder / "front_end.yaml").read_text(encoding="utf-8")

    def two_speakers(self) -> "TrainingData":
        """Return the data of the two speakers with most utterances, to learn by heart.

        They are validated on as well.
        """
        originals = self.train.index["spk_id"] == self.train.index["origin"]
        counts = self.train.index.loc[originals, "spk_id"].value_counts(sort=True)
        is_kept = self.train.index["spk_id"].isin(counts.index[:2]).to_numpy()
        part = self.train.part(is_kept)
        return make_training_data(self.folder, part, part)


def read_training_data(folder: Path) -> TrainingData:
    """Open the features that stage 2 wrote.

    Raises
    ------
    UserError
        There are none, or of too few speakers.
    """
    stores = (FeatureStore(folder / split) for split in ("train", "valid"))
    return make_training_data(folder, *stores)


def make_training_data(
    folder: Path, train: FeatureStore, valid: FeatureStore
) -> TrainingData:
    """Give the speakers numbers, and find what they are copies of."""
    return TrainingData(folder, train, valid, *number_speakers(train))


def number_speakers(train: FeatureStore) -> tuple[list[str], np.ndarray, np.ndarray]:
    """Return ``speakers``, ``labels`` and ``origins`` of a `TrainingData`."""
    speakers, labels = np.unique(train.index["spk_id"], return_inverse=True)
    origin_of_row = np.unique(train.index["origin"], return_inverse=True)[1]
    origins = np.empty(len(speakers), dtype=np.int64)
    origins[labels] = origin_of_row
    return speakers.tolist(), labels, origins
