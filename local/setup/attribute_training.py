"""A training on a label, made from its task, its features and its settings."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from local.setup.attributes import OUTPUTS, read_task_rows
from local.setup.training import make_loaders
from utils.features.store import FeatureStore

if TYPE_CHECKING:
    from torch.utils.data import DataLoader

    from utils.attributes.labels import Task
    from utils.training.attributes import (
        AttributeBrain,
        AttributeData,
        AttributeTargets,
    )

_SPLITS = "train", "valid", "test"


@dataclass(frozen=True)
class AttributeTraining:
    """What is trained on.

    Attributes
    ----------
    task : Task
    data : AttributeData
    targets : AttributeTargets
    centre, spread : float
        Mean and deviation of a number; 0 and 1 for classes, and for levels.
    values : ndarray of shape (K,)
        Numbers that the levels of a number stand for; empty for all else.
    """

    task: Task
    data: AttributeData
    targets: AttributeTargets
    centre: float = 0.0
    spread: float = 1.0
    values: np.ndarray = field(default_factory=lambda: np.zeros(0))


def read_attribute_training(
    exp: Path, features: Path, n_levels: int, division: str = "apart"
) -> AttributeTraining:
    """Read a task, and the features of its training and validation speakers.

    Parameters
    ----------
    exp, features : Path
    n_levels : int
        Levels of a number that is learnt in order.
    division : str
        ``apart`` or ``shared``: see `utils.attributes.division`.
    """
    from utils.attributes.told import DIVISIONS
    from utils.training.attributes import AttributeData
    from utils.training.data import number_speakers

    task, rows, _ = read_task_rows(exp)
    there = [s for s in _SPLITS if (features / s / "index.csv").is_file()]
    first, *others = (FeatureStore(features / s) for s in there or _SPLITS[:1])
    store = first.joined(*others)
    of_utterance = store.index.get("utterance", store.index["ID"])
    rows = rows.set_index("ID")
    part = of_utterance.map(rows[DIVISIONS[division]]).fillna("")
    train, valid = (
        store.part((part == name).to_numpy()) for name in ("train", "valid")
    )
    data = AttributeData(features, train, valid, *number_speakers(train))
    wanted = [
        task.targets(rows.loc[one.index.get("utterance", one.index["ID"]), "label"])
        for one in (train, valid)
    ]
    return _with_targets(task, data, n_levels, *wanted)


def _with_targets(
    task: Task,
    data: AttributeData,
    n_levels: int,
    train: np.ndarray,
    valid: np.ndarray,
) -> AttributeTraining:
    from utils.attributes.heads import (
        balanced_weights,
        centre_and_spread,
        speaker_weights,
    )
    from utils.training.attributes import AttributeTargets

    speakers = [
        own.index["spk_id"].to_numpy(dtype=str) for own in (data.train, data.valid)
    ]
    values = np.zeros(0)
    if task.is_number and task.is_ordinal:
        train, valid, values = _levels(train, valid, speakers[0], n_levels)
    elif task.is_number:
        weights = speaker_weights(speakers[0])
        centre, spread = centre_and_spread(train, weights)
        train, valid = ((x - centre) / spread for x in (train, valid))
        of_valid = speaker_weights(speakers[1])
        targets = AttributeTargets(train, valid, np.zeros(0), of_valid)
        return AttributeTraining(task, data, targets, centre, spread)
    n_classes = len(task.classes) or len(values)
    pairs = np.unique(np.column_stack([data.labels, train]), axis=0)
    counts = np.bincount(pairs[:, 1], minlength=n_classes)
    class_weights = counts.sum() / len(counts) / np.maximum(counts, 1)
    valid_weights = balanced_weights(valid, speakers[1])
    targets = AttributeTargets(
        train, valid, class_weights, valid_weights, task.is_ordinal
    )
    return AttributeTraining(task, data, targets, values=values)


def _levels(
    train: np.ndarray, valid: np.ndarray, speakers: np.ndarray, n_levels: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Divide numbers into levels of as many training speakers; with their means."""
    from utils.attributes.learning import Labelled, number_levels

    data = Labelled(np.zeros((len(train), 0)), train, speakers, 0)
    levels, values = number_levels(data, n_levels)
    lowest = [train[levels == level].min() for level in range(1, len(values))]
    return levels, np.searchsorted(lowest, valid, side="right"), values


def make_attribute_brain(
    hparams: dict, told: AttributeTraining, seed: int, machine: dict, folder: Path
) -> AttributeBrain:
    """Build the brain, with outputs of its own in place of the speakers' classifier."""
    from utils.training.attributes import AttributeBrain
    from utils.training.checkpoints import AtomicCheckpointer

    section = hparams["pretrain"]
    dim = hparams["net"]["embedding_dim"]
    return AttributeBrain(
        modules={
            "encoder": hparams["net"]["encoder"],
            "outputs": told.targets.make_outputs(dim),
        },
        targets=told.targets,
        opt_class=section["optimizer"],
        hparams=section | {"seed": seed, "folder": folder, "on_progress": []},
        run_opts=machine
        | {
            "max_grad_norm": section["max_grad_norm"],
            "grad_accumulation_factor": section["accumulation"],
        },
        checkpointer=AtomicCheckpointer(folder / "checkpoints"),
    )


def label_loaders(
    section: dict, told: AttributeTraining, seed: int, device: str
) -> tuple[DataLoader, DataLoader]:
    """Build the loaders: speakers are drawn alike, crops have their rows as labels."""
    from utils.training.crops import CropDataset

    data = told.data
    crops = CropDataset(data.train, np.arange(len(data.train)), section["crop_frames"])
    return make_loaders(section, data, crops, seed, 0, device)


def save_trained(
    folder: Path,
    brain: AttributeBrain,
    told: AttributeTraining,
    hparams: Path,
    seed: int,
) -> None:
    """Save the best encoder, and the layer that tells the label of its embeddings."""
    from utils.attributes.heads import Layer
    from utils.models.experiment import save_model
    from utils.runtime.atomic import replacing_file
    from utils.runtime.device import processor_name
    from utils.training.checkpoints import KEPT

    kept = brain.checkpointer.recover_if_possible(**KEPT[brain.hparams.keep]).meta
    facts = {
        "model": hparams.stem.removeprefix("train_"),
        "phase": "attribute",
        "task": told.task.column,
        "seed": seed,
        "precision": brain.precision,
        "processor": processor_name(str(brain.device)),
        "n_train_speakers": len(told.data.speakers),
        "n_valid_speakers": int(told.data.valid.index["spk_id"].nunique()),
        "kept_epoch": kept["epoch"],
        "valid_loss": kept["eer"],
    }
    weights, offsets = brain.outputs.layer()
    if told.task.is_number and not told.task.is_ordinal:
        weights, offsets = Layer(weights, offsets).scaled(told.centre, told.spread)
    save_model(folder, brain.exported_encoder(), facts, brain.head_weights())
    with replacing_file(folder / OUTPUTS) as temporary, temporary.open("wb") as file:
        np.savez(file, weights=weights, offsets=offsets, values=told.values)
    print(f"epoch {kept['epoch']}: validation loss {kept['eer']:.4f}; {folder}")
