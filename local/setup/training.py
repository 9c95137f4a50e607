"""A phase of training, made from its settings: what is trained, and on what."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from utils.runtime.errors import UserError

if TYPE_CHECKING:
    from torch.nn import Module
    from torch.utils.data import DataLoader

    from local.setup.settings import Settings
    from local.setup.training_options import Corruption
    from utils.training.brain import SpeakerBrain
    from utils.training.crops import CropDataset
    from utils.training.data import TrainingData


def settings_of(
    phase: str,
    hparams: Path,
    changes: list[Path],
    flags: dict[str, str],
    data: TrainingData,
) -> Settings:
    """Read the settings of a phase, for the sizes of the data.

    Parameters
    ----------
    phase : str
    hparams : Path
        YAML such as ``hparams/train_rescnn.yaml``.
    changes : list of Path
        YAML of values to replace in it.
    flags : dict of str
        Values to replace after that: see `local.setup.training_options`.
    data : TrainingData
    """
    from local.setup.settings import read_settings

    sizes = {"n_mels": data.train.n_mels, "n_speakers": len(data.speakers)}
    settings = read_settings(hparams, changes, flags, sizes)
    settings.check_phase(phase)
    return settings


def build(settings: Settings, seed: int) -> dict:
    """Build what the settings describe; the seed decides the first weights."""
    import speechbrain as sb

    sb.utils.seed.seed_everything(seed, verbose=False)
    hparams = settings.build()
    if not all(weights.numel() for weights in hparams["net"]["encoder"].parameters()):
        raise UserError(f"{settings.path}: the encoder has a layer of size 0 in net")
    return hparams


def machine_options(
    device: str, precision: str, minutes: float = 0, batches: int = 0
) -> dict[str, object]:
    """Say how SpeechBrain's `Brain` runs, whatever it trains.

    Parameters
    ----------
    device : str
    precision : str
        ``fp32``, ``bf16``, ``fp16``, or ``auto``: what suits the device.
    minutes, batches : float, int
        Between checkpoints within an epoch; 0 of both writes none.

    Raises
    ------
    UserError
        The device cannot compute in this precision.
    """
    from utils.runtime.device import best_precision
    from utils.training import distributed

    if precision == "fp16" and device == "cpu":
        raise UserError("--precision fp16: needs a GPU; use bf16 or fp32")
    return {
        "device": device,
        "precision": best_precision(device) if precision == "auto" else precision,
        "distributed_backend": distributed.backend_of(device),
        "ckpt_interval_minutes": minutes,
        "ckpt_interval_steps": batches,
        "noprogressbar": not sys.stderr.isatty(),
    }


def modules_of(hparams: dict, phase: str) -> dict[str, Module]:
    """Return what a phase trains, by name: the encoder, and its heads."""
    return {"encoder": hparams["net"]["encoder"], **hparams[phase]["heads"]}


def make_brain(
    hparams: dict, phase: str, seed: int, machine: dict, folder: Path | None = None
) -> SpeakerBrain:
    """Build a phase's brain; with a folder it keeps checkpoints and a log.

    Parameters
    ----------
    hparams : dict
        What `build` made of the settings.
    phase : str
        A section of them.
    seed : int
    machine : dict
        See `machine_options`.
    folder : Path, optional
    """
    from utils.training.checkpoints import KEPT, AtomicCheckpointer

    section = hparams[phase]
    if section["keep"] not in KEPT:
        raise UserError(f"{phase}.keep is {' or '.join(KEPT)}, not {section['keep']!r}")
    return section["brain"](
        modules=modules_of(hparams, phase),
        opt_class=section["optimizer"],
        hparams=section | {"seed": seed, "folder": folder},
        run_opts=machine
        | {
            "max_grad_norm": section["max_grad_norm"],
            "grad_accumulation_factor": section["accumulation"],
        },
        checkpointer=folder and AtomicCheckpointer(folder / "checkpoints"),
    )


def follow(brain: SpeakerBrain, teacher: Path | None, data: TrainingData) -> None:
    """Give a brain the embeddings of its teacher, if there is one.

    Raises
    ------
    UserError
        The phase follows none, or an utterance has no embedding.
    """
    from utils.training.distillation import read_targets
    from utils.training.phases import DistilBrain

    if teacher is None:
        return
    if not isinstance(brain, DistilBrain):
        raise UserError("--teacher: this phase follows none; train the phase distil")
    brain.follow(read_targets(teacher, data.train))


def read_crops(
    section: dict, data: TrainingData, corruption: Corruption | None, trust: bool
) -> CropDataset:
    """Read the training crops: stored features, or audio that is corrupted anew.

    Parameters
    ----------
    section : dict
        The phase's hyper-parameters.
    data : TrainingData
    corruption : Corruption or None
    trust : bool
        Build whatever the front-end of the data describes.
    """
    from local.setup.hyperparameters import load_hyperparameters
    from utils.data.manifest import read_manifest
    from utils.features.sources import read_sources
    from utils.systems.folder import read_front_end
    from utils.training.crops import CropDataset
    from utils.training.online_crops import OnlineCropDataset

    stored = CropDataset(data.train, data.labels, section["crop_frames"])
    if corruption is None:
        return stored
    front_end = read_front_end(data.folder, trust)
    manifest = read_manifest(corruption.manifest)
    settings = load_hyperparameters(corruption.augment)
    lists = read_sources(corruption.sources, front_end.sample_rate_hz, manifest)
    lists.check(settings["corruption"].sources)
    how = settings["corruption"], lists, settings["clean_share"]
    return OnlineCropDataset(stored, manifest, front_end, *how)


def make_loaders(
    section: dict,
    data: TrainingData,
    crops: CropDataset,
    seed: int,
    nj: int,
    device: str,
) -> tuple[DataLoader, DataLoader]:
    """Build the loaders of this process's training batches and validation.

    Parameters
    ----------
    section : dict
        The phase's hyper-parameters.
    data : TrainingData
    crops : CropDataset
        What `read_crops` returned.
    seed : int
    nj : int
        Processes that read crops; 0: none extra.
    device : str
        Where the batches go.
    """
    from torch.utils.data import DataLoader

    from utils.embeddings.extraction import UtteranceBatches
    from utils.training import distributed
    from utils.training.crops import CropDataset, CropPicker
    from utils.training.sampler import EpochDivision

    plan = EpochDivision(
        epoch_crops=section["epoch_crops"],
        seed=seed,
        accumulation=section["accumulation"],
        rank=distributed.rank(),
        n_processes=distributed.n_processes(),
    )
    n_frames = data.train.index["n_frames"].to_numpy()
    picker = CropPicker(data.labels, n_frames, section["crop_frames"])
    train = DataLoader(
        crops,
        batch_sampler=section["sampler"](picker, data.origins, plan),
        collate_fn=CropDataset.collate,
        num_workers=nj,
        pin_memory=device.startswith("cuda"),
    )
    batches = UtteranceBatches(data.valid)
    batches.batches = distributed.share_of(batches.batches)
    return train, DataLoader(batches, batch_size=None)
