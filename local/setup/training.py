"""A phase of training, made from the command line and a HyperPyYAML file.

What the programs that train have in common: options, replaced hyper-parameters, the
brain and its data.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from local.setup.hyperparameters import load_hyperparameters, resolved_text
from utils.runtime.errors import UserError

if TYPE_CHECKING:
    from torch.utils.data import DataLoader

    from utils.training.brain import SpeakerBrain
    from utils.training.crops import CropDataset
    from utils.training.data import TrainingData
    from utils.training.online_crops import OnlineCropDataset


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options that choose a phase, its data and the machine."""
    parser.add_argument("phase", help="section of the hparams: pretrain, triplet, ...")
    parser.add_argument("--hparams", required=True, help="hparams/train_<model>.yaml")
    parser.add_argument(
        "--changes", type=Path, help="YAML of values to replace in those sections"
    )
    parser.add_argument("--features", type=Path, required=True)
    parser.add_argument("--init", type=Path, help="trained model to start from")
    parser.add_argument(
        "--trust",
        action="store_true",
        help="build whatever the front-ends of --features and --init describe",
    )
    parser.add_argument("--seed", type=int, default=1986)
    parser.add_argument("--device", default="cpu", help="cpu, cuda or cuda:N")
    parser.add_argument(
        "--precision", choices=("auto", "fp32", "bf16", "fp16"), default="auto"
    )
    parser.add_argument(
        "--augment", help="YAML of a corruption of the audio, anew for every crop"
    )
    parser.add_argument(
        "--manifest", type=Path, help="the training audio; needed with --augment"
    )
    parser.add_argument(
        "--source", action="append", default=[], metavar="NAME=MANIFEST.csv",
        help="list of audio that --augment draws from, such as music=musan/music.csv",
    )  # fmt: skip
    parser.add_argument(
        "--nj", type=int, default=0, help="processes that read crops; 0: none extra"
    )


def parse_arguments(
    parser: argparse.ArgumentParser,
) -> tuple[argparse.Namespace, dict]:
    """Read the command line: the arguments, and the replaced hyper-parameters."""
    args, rest = parser.parse_known_args()
    names, values = rest[::2], rest[1::2]
    if len(names) != len(values) or not all(n.startswith("--") for n in names):
        parser.error(f"cannot read {' '.join(rest)!r}; write --section.key value")
    if args.augment and not args.manifest:
        parser.error("--augment needs --manifest, the training audio")
    changes = read_changes(args.changes) if args.changes else {}
    overrides = nested_overrides(dict(zip(names, values, strict=True)))
    for section in changes.keys() & overrides.keys():
        overrides[section] = changes[section] | overrides[section]
    return args, changes | overrides


def read_changes(path: Path) -> dict:
    """Read values to replace, by section.

    Raises
    ------
    UserError
        No such file, or it does not hold sections of values.
    """
    if not path.is_file():
        raise UserError(f"{path}: no such file; see hparams/large_margin.yaml")
    changes = yaml.safe_load(path.read_text(encoding="utf-8"))
    sections = changes.values() if isinstance(changes, dict) else [None]
    if not all(isinstance(section, dict) for section in sections):
        raise UserError(
            f"{path}: write sections of values, as hparams/large_margin.yaml"
        )
    return changes


def nested_overrides(flags: dict[str, str]) -> dict:
    """Turn ``{"--net.width": "8"}`` into ``{"net": {"width": 8}}``."""
    overrides: dict = {}
    for flag, value in flags.items():
        *sections, key = flag.removeprefix("--").split(".")
        place = overrides
        for section in sections:
            place = place.setdefault(section, {})
        place[key] = parse_value(value)
    return overrides


def parse_value(text: str) -> object:
    """Read a value as YAML does, and 1e-4 as the number that it is."""
    value = yaml.safe_load(text)
    try:
        return float(value) if isinstance(value, str) else value
    except ValueError:
        return value


def configure(
    args: argparse.Namespace, data: TrainingData, overrides: dict
) -> tuple[dict, str]:
    """Load the hyper-parameters; return them and their resolved text.

    ``overrides`` are the values that the command line replaces, which must exist.
    """
    import speechbrain as sb

    path = args.hparams
    sizes = {"n_mels": data.train.n_mels, "n_speakers": len(data.speakers)}
    sb.utils.seed.seed_everything(args.seed, verbose=False)
    known = load_hyperparameters(path, yaml.safe_dump(sizes))
    check_phase(args.phase, known, path)
    for section, values in overrides.items():
        if not isinstance(values, dict) or not isinstance(known.get(section), dict):
            raise UserError(
                f"{path}: no section {section!r}; write --section.key value"
            )
        for key in values:
            if key not in known[section]:
                raise UserError(
                    f"{path}: no value {section}.{key} to replace; "
                    f"there are {', '.join(map(str, known[section]))}"
                )
    text = yaml.safe_dump(sizes | overrides)
    sb.utils.seed.seed_everything(args.seed, verbose=False)
    return load_hyperparameters(path, text), resolved_text(path, text)


def check_phase(phase: str, known: dict, path: str) -> None:
    """Raise a `UserError` unless the file has such a phase."""
    phases = [name for name, section in known.items() if is_phase(section)]
    if phase not in phases:
        raise UserError(f"{path}: no phase {phase!r}; there are {', '.join(phases)}")


def is_phase(section: object) -> bool:
    """Tell whether a section of hyper-parameters describes a training."""
    return isinstance(section, dict) and "brain" in section


def make_brain(
    args: argparse.Namespace, hparams: dict, folder: Path | None
) -> SpeakerBrain:
    """Build the phase's brain; with a folder it keeps checkpoints and a log."""
    from utils.runtime.device import best_precision
    from utils.training import distributed
    from utils.training.checkpoints import AtomicCheckpointer

    phase = hparams[args.phase]
    precision = args.precision
    if precision == "auto":
        precision = best_precision(args.device)
    if precision == "fp16" and args.device == "cpu":
        raise UserError("--precision fp16: needs a GPU; use bf16 or fp32")
    return phase["brain"](
        modules={"encoder": hparams["net"]["encoder"], **phase["heads"]},
        opt_class=phase["optimizer"],
        hparams=phase | {"seed": args.seed, "folder": folder},
        run_opts={
            "device": args.device,
            "precision": precision,
            "max_grad_norm": phase["max_grad_norm"],
            "grad_accumulation_factor": phase["accumulation"],
            "distributed_backend": distributed.backend_of(args.device),
            "ckpt_interval_minutes": getattr(args, "checkpoint_minutes", 0),
            "ckpt_interval_steps": getattr(args, "checkpoint_batches", 0),
            "noprogressbar": not sys.stderr.isatty(),
        },
        checkpointer=folder and AtomicCheckpointer(folder / "checkpoints"),
    )


def make_loaders(
    args: argparse.Namespace, phase: dict, data: TrainingData
) -> tuple[DataLoader, DataLoader]:
    """Build the loaders of this process's training batches and validation."""
    from torch.utils.data import DataLoader

    from utils.embeddings.extraction import UtteranceBatches
    from utils.training import distributed
    from utils.training.crops import CropDataset, CropPicker
    from utils.training.sampler import EpochPlan

    crop_frames = phase["crop_frames"]
    n_frames = data.train.index["n_frames"].to_numpy()
    plan = EpochPlan(
        epoch_crops=phase["epoch_crops"],
        seed=args.seed,
        accumulation=phase["accumulation"],
        rank=distributed.rank(),
        n_processes=distributed.n_processes(),
    )
    picker = CropPicker(data.labels, n_frames, crop_frames)
    dataset = CropDataset(data.train, data.labels, crop_frames)
    if args.augment:
        dataset = augmented(args, dataset, data)
    train = DataLoader(
        dataset,
        batch_sampler=phase["sampler"](picker, data.people, plan),
        collate_fn=CropDataset.collate,
        num_workers=args.nj,
        pin_memory=args.device.startswith("cuda"),
    )
    batches = UtteranceBatches(data.valid)
    batches.batches = distributed.share_of(batches.batches)
    return train, DataLoader(batches, batch_size=None)


def augmented(
    args: argparse.Namespace, clean: CropDataset, data: TrainingData
) -> OnlineCropDataset:
    """Corrupt the audio of the crops as a YAML says."""
    from utils.data.manifest import read_manifest
    from utils.features.sources import read_sources
    from utils.systems.folder import read_front_end
    from utils.training.online_crops import OnlineCropDataset

    settings = load_hyperparameters(args.augment)
    front_end = read_front_end(data.folder, args.trust)
    manifest = read_manifest(args.manifest)
    sources = read_sources(args.source, front_end.sample_rate_hz, manifest)
    sources.check(settings["corruption"].sources)
    return OnlineCropDataset(
        clean,
        manifest,
        front_end,
        settings["corruption"],
        sources,
        settings["clean_share"],
    )
