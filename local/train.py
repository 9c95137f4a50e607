"""Stages 3 and 4: train the encoder, by softmax and then by triplets.

Any value of the hyper-parameters can be replaced on the command line, for example
--pretrain.lr 0.01 or --net.width 8; --show tells what they are and where each comes
from. A run that was interrupted goes on from its last checkpoint when the same command
is given again, and ends with the weights of an uninterrupted one. With torchrun,
several processes train as one:

    torchrun --standalone --nproc-per-node 4 -m local.train pretrain --device cuda ...

--init starts from a trained model, of these speakers or of others.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from local.setup.training import (
    build,
    follow,
    machine_options,
    make_brain,
    make_loaders,
    modules_of,
    read_crops,
    settings_of,
)
from local.setup.training_options import add_arguments, parse_arguments
from utils.runtime.atomic import replacing_file
from utils.runtime.errors import UserError
from utils.runtime.program import log_to, run_program

if TYPE_CHECKING:
    from torch.nn import Module

    from local.setup.settings import Settings
    from local.setup.training_options import Corruption
    from utils.training.brain import SpeakerBrain
    from utils.training.data import TrainingData

SANITY = {"epochs": 5, "patience": 0, "augment": []}


def parse() -> tuple[argparse.Namespace, dict[str, str]]:
    """Read the command line: the arguments, and the replaced hyper-parameters."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add_arguments(parser)
    parser.add_argument("--out", type=Path, help="experiment folder")
    parser.add_argument("--checkpoint-minutes", type=float, default=10)
    parser.add_argument(
        "--checkpoint-batches", type=int, default=0, help="instead of minutes"
    )
    parser.add_argument(
        "--sanity", action="store_true", help="only see whether it learns two speakers"
    )
    parser.add_argument(
        "--show", action="store_true", help="only print the hyper-parameters"
    )
    args, flags = parse_arguments(parser)
    if not (args.out or args.sanity or args.show):
        parser.error("--out is needed, or --sanity, or --show")
    if args.checkpoint_batches:
        args.checkpoint_minutes = 0
    return args, flags


def main() -> None:
    """Train one phase and write its experiment folder."""
    args, flags = parse()
    from local.setup.origins import show_settings
    from utils.runtime.device import checked_device
    from utils.training import distributed
    from utils.training.data import read_training_data

    args.device = checked_device(distributed.join_processes(args.device))
    data = read_training_data(args.features)
    if args.sanity:
        data = data.two_speakers()
    settings = settings_of(args.phase, args.hparams, args.changes, flags, data)
    if args.sanity:
        settings = settings.with_values("--sanity", args.phase, SANITY)
    if args.show:
        print(show_settings(settings))
    elif args.sanity:
        check_sanity(args, data, settings)
    else:
        train(args, data, settings)
    distributed.leave_processes()


def train(args: argparse.Namespace, data: TrainingData, settings: Settings) -> None:
    """Train, or go on training, and export the best model."""
    from speechbrain.utils.distributed import run_on_main

    from utils.models.experiment import fingerprint
    from utils.training import distributed

    hparams, text = build(settings, args.seed), settings.text
    machine = machine_options(
        args.device, args.precision, args.checkpoint_minutes, args.checkpoint_batches
    )
    crops = read_crops(hparams[args.phase], data, args.corruption, args.trust)
    loaders = make_loaders(
        hparams[args.phase], data, crops, args.seed, args.nj, args.device
    )
    options = [args.phase, str(args.seed), args.precision]
    inputs = decisive_inputs(args.corruption, args.init, args.teacher)
    identity = fingerprint([*options, *inputs, text, *decisive_files(data)])
    run_on_main(prepare_folder, args=(args.out, identity, text, data, args.init))
    if distributed.rank() == 0:
        log_to(args.out / "train.log")
    new = begin(args.init, modules_of(hparams, args.phase), data, args.trust)
    brain = make_brain(hparams, args.phase, args.seed, machine, args.out)
    follow(brain, args.teacher, data)
    brain.train(*loaders)
    asked = {
        "model": args.hparams.stem.removeprefix("train_"),
        "phase": args.phase,
        "seed": args.seed,
        "init": str(args.init) if args.init else None,
        "teacher": str(args.teacher) if args.teacher else None,
    }
    finish(args.out, brain, data, asked | {"not_loaded": new})


def decisive_inputs(
    corruption: Corruption | None, init: Path | None, teacher: Path | None
) -> list[str]:
    """Return what of the inputs that are named decides what a training ends with."""
    from local.setup.hyperparameters import resolved_text
    from utils.embeddings.files import embedding_file
    from utils.runtime.fingerprint import hash_file
    from utils.training.fine_tuning import weights_file

    inputs = []
    if corruption:
        inputs += [*corruption.sources, resolved_text(corruption.augment)]
    if init:
        inputs.append(hash_file(weights_file(init)))
    if teacher:
        inputs.append(hash_file(embedding_file(teacher)))
    return inputs


def decisive_files(data: TrainingData) -> list[str]:
    """Return what stands in the files that decide what a training ends with."""
    return [data.front_end, (data.folder / "train" / "index.csv").read_text()]


def prepare_folder(
    folder: Path, identity: str, hyperparams: str, data: TrainingData, init: Path | None
) -> None:
    """Make the experiment folder ready, and write what is known at the start."""
    from utils.models.experiment import open_experiment
    from utils.models.ledger import LEDGER, ledger_text, read_ledger
    from utils.systems.description import encoder_text

    earlier = open_experiment(folder, identity)
    if earlier:
        print(f"other settings than before: the earlier training is {earlier}")
    known, own = read_ledger(init) if init else [], data.train.index["origin"]
    texts = {
        LEDGER: ledger_text(known, own, str(data.folder)),
        "hyperparams.yaml": hyperparams,
        "encoder.yaml": encoder_text(hyperparams),
        "front_end.yaml": data.front_end,
        "speakers.txt": "".join(f"{speaker}\n" for speaker in data.speakers),
    }
    for name, text in texts.items():
        with replacing_file(folder / name) as temporary:
            temporary.write_text(text, encoding="utf-8")


def begin(
    init: Path | None, modules: dict[str, Module], data: TrainingData, trust: bool
) -> list[str]:
    """Load the model to start from, and list what of it was not loaded."""
    from utils.systems.folder import check_same_rate, have_same_front_end
    from utils.training import distributed
    from utils.training.fine_tuning import start_from

    if not init:
        return []
    front_end, lines = init / "front_end.yaml", []
    if front_end.is_file():
        check_same_rate(init, data.folder, trust)
        if not have_same_front_end(init, data.folder, trust):
            lines.append(f"{front_end}: another front-end than {data.folder}'s")
    lines += start_from(init, modules, data.speakers)
    if distributed.rank() == 0:
        print(f"start from {init}", *lines, sep="\n  ")
    return lines


def check_sanity(
    args: argparse.Namespace, data: TrainingData, settings: Settings
) -> None:
    """See whether the model and its settings can learn two speakers by heart.

    Raises
    ------
    UserError
        They cannot: after the training, the speakers are still mixed up.
    """
    hparams = build(settings, args.seed)
    machine = machine_options(args.device, args.precision)
    begin(args.init, modules_of(hparams, args.phase), data, args.trust)
    brain = make_brain(hparams, args.phase, args.seed, machine)
    follow(brain, args.teacher, data)
    section = hparams[args.phase]
    crops = read_crops(section, data, args.corruption, args.trust)
    brain.train(*make_loaders(section, data, crops, args.seed, args.nj, args.device))
    before, *later = (record["valid_eer"] for record in brain.state.records)
    after = min(later)
    told = (
        f"EER of two speakers' {len(data.train)} utterances, trained on them: "
        f"{100 * before:.1f} % before, {100 * after:.1f} % at best, "
        f"loss {brain.state.records[-1]['train_loss']:.3g}"
    )
    if after > 0:
        raise UserError(f"{told}; look at the learning rate, the loss and the features")
    print(f"sanity check passed. {told}")


def finish(
    folder: Path, brain: SpeakerBrain, data: TrainingData, asked: dict[str, object]
) -> None:
    """Save the encoder of the last epoch, or of that with the lowest held-out EER.

    Parameters
    ----------
    folder : Path
    brain : SpeakerBrain
        Trained.
    data : TrainingData
    asked : dict
        What is known of the training without its outcome.
    """
    from utils.models.experiment import save_model
    from utils.runtime.device import processor_name
    from utils.training import distributed
    from utils.training.checkpoints import KEPT

    keep = brain.hparams.keep
    kept = brain.checkpointer.recover_if_possible(**KEPT[keep]).meta
    confused = brain.confusions()
    if distributed.rank() != 0:
        return
    outcome = {
        "precision": brain.precision,
        "processor": processor_name(str(brain.device)),
        "n_train_speakers": len(set(data.origins)),
        "n_valid_speakers": int(data.valid.index["origin"].nunique()),
        "kept_epoch": kept["epoch"],
        "valid_eer": kept["eer"],
    }
    save_model(folder, brain.exported_encoder(), asked | outcome, brain.head_weights())
    print(
        f"{keep} epoch {kept['epoch']}: validation EER {100 * kept['eer']:.2f} %; "
        f"the model is {folder}"
    )
    if confused is not None:
        write_confusions(folder, *confused, data.speakers)


def write_confusions(
    folder: Path, labels: np.ndarray, predicted: np.ndarray, speakers: list[str]
) -> None:
    """Write which training speakers are taken for which, and name the worst pair."""
    from utils.training.diagnostics import confusion_table

    table = confusion_table(labels, predicted, speakers)
    with replacing_file(folder / "confusions.csv") as temporary:
        table.to_csv(temporary, index=False, float_format="%.3f")
    share = (labels != predicted).mean()
    worst = (
        f", most often {'{} for {}'.format(*table.iloc[0, :2])}" if len(table) else ""
    )
    print(f"{share:.1%} of the training crops are taken for another speaker{worst}")


if __name__ == "__main__":
    run_program(main)
