"""Stages 3 and 4: train the encoder, by softmax and then by triplets.

Any value of the hyper-parameters can be replaced on the command line, for example
--pretrain.lr 0.01 or --net.width 8. A run that was interrupted goes on from its
last checkpoint when the same command is given again.
"""

import argparse
import sys
from pathlib import Path

import numpy as np
import speechbrain as sb
import yaml
from torch.nn import ModuleDict
from torch.utils.data import DataLoader

from local.hyperparameters import load_hyperparameters, resolved_text
from utils.brain import SoftmaxBrain, SpeakerBrain, TripletBrain
from utils.crops import CropDataset, CropPicker
from utils.device import best_precision, checked_device
from utils.embeddings import UtteranceBatches
from utils.errors import UserError
from utils.experiment import (
    fingerprint,
    load_weights,
    model_hash,
    open_experiment,
    save_model,
)
from utils.features import FeatureStore
from utils.program import log_to, run_program
from utils.sampler import SpeakerSampler, TripletSampler

BRAINS = {"pretrain": SoftmaxBrain, "triplet": TripletBrain}


def parse_arguments() -> tuple[argparse.Namespace, dict]:
    """Read the command line: the arguments, and the replaced hyper-parameters."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("phase", choices=BRAINS)
    parser.add_argument("--hparams", required=True, help="hparams/train_<model>.yaml")
    parser.add_argument("--features", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True, help="experiment folder")
    parser.add_argument("--init", type=Path, help="trained model to start from")
    parser.add_argument("--seed", type=int, default=1986)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--precision", choices=("auto", "fp32", "bf16"), default="auto")
    args, rest = parser.parse_known_args()
    names, values = rest[::2], rest[1::2]
    if len(names) != len(values) or not all(n.startswith("--") for n in names):
        parser.error(f"cannot read {' '.join(rest)!r}; write --section.key value")
    return args, nested_overrides(dict(zip(names, values, strict=True)))


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


def main() -> None:
    """Train one phase and write its experiment folder."""
    args, overrides = parse_arguments()
    checked_device(args.device)
    train, valid = (FeatureStore(args.features / name) for name in ("train", "valid"))
    check_speakers(train, valid)
    speakers, labels = np.unique(train.index["spk_id"], return_inverse=True)
    sizes = {"n_mels": train.n_mels, "n_speakers": len(speakers)}
    sb.utils.seed.seed_everything(args.seed, verbose=False)
    hparams, text = configure(args.hparams, sizes, overrides)
    front_end = (args.features / "front_end.yaml").read_text()
    index = (args.features / "train" / "index.csv").read_text()
    start = model_hash(args.init) if args.init else ""
    settings = [args.phase, str(args.seed), args.precision, text]
    identity = fingerprint([*settings, front_end, index, start])
    was_moved = open_experiment(args.out, identity)
    log_to(args.out / "train.log")
    if was_moved:
        print(
            f"other settings than before: the earlier training is {args.out}.previous"
        )
    (args.out / "hyperparams.yaml").write_text(text)
    (args.out / "front_end.yaml").write_text(front_end)
    brain = make_brain(args, hparams)
    train_set = make_train_set(args, hparams[args.phase], train, labels)
    valid_set = DataLoader(UtteranceBatches(valid), batch_size=None)
    brain.fit(brain.hparams.epoch_counter, train_set, valid_set)
    export(args, brain, train, valid)


def check_speakers(train: FeatureStore, valid: FeatureStore) -> None:
    """Raise a `UserError` unless there are speakers to tell apart in both parts."""
    if train.index["origin"].nunique() < 2:
        raise UserError(f"{train.folder}: one speaker; training needs two or more")
    counts = valid.index["spk_id"].value_counts()
    if len(counts) < 2 or counts.max() < 2:
        raise UserError(
            f"{valid.folder}: no target or no nontarget pairs; hold out two speakers "
            "or more, one of them with two utterances"
        )


def configure(path: str, sizes: dict, overrides: dict) -> tuple[dict, str]:
    """Load the hyper-parameters; return them and their resolved text.

    ``sizes`` are the values that come from the data; ``overrides`` those that the
    command line replaces, which must exist.
    """
    known = load_hyperparameters(path, yaml.safe_dump(sizes))
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
    return load_hyperparameters(path, text), resolved_text(path, text)


def make_brain(args: argparse.Namespace, hparams: dict) -> SpeakerBrain:
    """Build the phase's brain, its modules and its checkpointer."""
    phase = hparams[args.phase]
    encoder = hparams["net"]["encoder"]
    modules = {"encoder": encoder}
    if args.phase == "pretrain":
        modules["classifier"] = phase["classifier"]
    if args.init:
        load_weights(args.init, encoder)
    counter = sb.utils.epoch_loop.EpochCounter(phase["epochs"])
    checkpointer = sb.utils.checkpoints.Checkpointer(
        args.out / "checkpoints",
        {"modules": ModuleDict(modules), "epoch_counter": counter},
    )
    precision = args.precision
    if precision == "auto":
        precision = best_precision(args.device)
    return BRAINS[args.phase](
        modules=modules,
        opt_class=phase["optimizer"],
        hparams=phase
        | {
            "seed": args.seed,
            "epoch_counter": counter,
            "log_file": args.out / "log.jsonl",
        },
        run_opts={
            "device": args.device,
            "precision": precision,
            "max_grad_norm": phase["max_grad_norm"],
            "noprogressbar": not sys.stderr.isatty(),
        },
        checkpointer=checkpointer,
    )


def make_train_set(
    args: argparse.Namespace, phase: dict, store: FeatureStore, labels: np.ndarray
) -> DataLoader:
    """Build the loader of the phase's training batches."""
    crop_frames = phase["crop_frames"]
    picker = CropPicker(labels, store.index["n_frames"].to_numpy(), crop_frames)
    if args.phase == "pretrain":
        sampler = SpeakerSampler(
            picker, phase["batch_size"], phase["batches_per_epoch"], args.seed
        )
    else:
        sampler = TripletSampler(
            picker,
            people_of_speakers(store, labels),
            phase["n_triplets"],
            phase["batches_per_epoch"],
            args.seed,
        )
    dataset = CropDataset(store, labels, crop_frames)
    return DataLoader(dataset, batch_sampler=sampler, collate_fn=CropDataset.collate)


def people_of_speakers(store: FeatureStore, labels: np.ndarray) -> np.ndarray:
    """Return the person behind each speaker label, as numbers."""
    people = np.unique(store.index["origin"], return_inverse=True)[1]
    of_speaker = np.empty(labels.max() + 1, dtype=np.int64)
    of_speaker[labels] = people
    return of_speaker


def export(
    args: argparse.Namespace,
    brain: SpeakerBrain,
    train: FeatureStore,
    valid: FeatureStore,
) -> None:
    """Save the encoder of the epoch with the lowest EER on held-out speakers."""
    best = brain.checkpointer.recover_if_possible(min_key="eer")
    facts = {
        "model": Path(args.hparams).stem.removeprefix("train_"),
        "phase": args.phase,
        "seed": args.seed,
        "precision": brain.precision,
        "best_epoch": best.meta["epoch"],
        "valid_eer": best.meta["eer"],
        "n_train_speakers": int(train.index["origin"].nunique()),
        "n_valid_speakers": int(valid.index["origin"].nunique()),
    }
    save_model(args.out, brain.modules["encoder"], facts)
    print(
        f"best epoch {facts['best_epoch']}: validation EER "
        f"{100 * facts['valid_eer']:.2f} %; the model is {args.out}"
    )


if __name__ == "__main__":
    run_program(main)
