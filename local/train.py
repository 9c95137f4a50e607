"""Stages 3 and 4: train the encoder, by softmax and then by triplets.

Any value of the hyper-parameters can be replaced on the command line, for example
--pretrain.lr 0.01 or --net.width 8. A run that was interrupted goes on from its
last checkpoint when the same command is given again, and ends with the weights of an
uninterrupted one. With torchrun, several processes train as one:

    torchrun --standalone --nproc-per-node 4 -m local.train pretrain --device cuda ...

--init starts from a trained model, of these speakers or of others.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from local.setup.hyperparameters import resolved_text
from local.setup.training import (
    add_arguments,
    configure,
    make_brain,
    make_loaders,
    parse_arguments,
)
from utils.runtime.atomic import replacing_file
from utils.runtime.errors import UserError
from utils.runtime.program import log_to, run_program
from utils.systems.description import encoder_text

if TYPE_CHECKING:
    from utils.training.brain import SpeakerBrain
    from utils.training.data import TrainingData

SANITY = {"epochs": 5, "patience": 0, "augment": []}


def parse() -> tuple[argparse.Namespace, dict]:
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
    args, overrides = parse_arguments(parser)
    if not (args.out or args.sanity):
        parser.error("--out is needed, or --sanity")
    if args.checkpoint_batches:
        args.checkpoint_minutes = 0
    return args, overrides


def main() -> None:
    """Train one phase and write its experiment folder."""
    args, overrides = parse()

    from utils.runtime.device import checked_device
    from utils.training import distributed
    from utils.training.data import read_training_data

    args.device = checked_device(distributed.join_processes(args.device))
    data = read_training_data(args.features)
    if args.sanity:
        check_sanity(args, data.two_speakers(), overrides)
    else:
        train(args, data, overrides)
    distributed.leave_processes()


def train(args: argparse.Namespace, data: TrainingData, overrides: dict) -> None:
    """Train, or go on training, and export the best model."""
    from speechbrain.utils.distributed import run_on_main

    from utils.training import distributed

    hparams, text = configure(args, data, overrides)
    run_on_main(prepare_folder, args=(args, data, text))
    if distributed.rank() == 0:
        log_to(args.out / "train.log")
    brain = make_brain(args, hparams, args.out)
    new = begin(args, brain, data)
    brain.train(*make_loaders(args, hparams[args.phase], data))
    best = brain.checkpointer.recover_if_possible(min_key="eer")
    confused = brain.confusions()
    if distributed.rank() == 0:
        export(args, brain, data, best.meta | {"not_loaded": new})
        if confused is not None:
            write_confusions(args.out, *confused, data.speakers)


def prepare_folder(args: argparse.Namespace, data: TrainingData, text: str) -> None:
    """Make the experiment folder ready, and write what is known at the start."""
    from utils.models.experiment import file_hash, fingerprint, open_experiment
    from utils.training.fine_tuning import weights_file

    index = (data.folder / "train" / "index.csv").read_text()
    start = file_hash(weights_file(args.init)) if args.init else ""
    settings = [args.phase, str(args.seed), args.precision, text, *args.source]
    if args.augment:
        settings.append(resolved_text(args.augment))
    if open_experiment(
        args.out, fingerprint([*settings, data.front_end, index, start])
    ):
        print(
            f"other settings than before: the earlier training is {args.out}.previous"
        )
    (args.out / "hyperparams.yaml").write_text(text)
    (args.out / "encoder.yaml").write_text(encoder_text(text))
    (args.out / "front_end.yaml").write_text(data.front_end)
    (args.out / "speakers.txt").write_text("".join(f"{s}\n" for s in data.speakers))


def begin(
    args: argparse.Namespace, brain: SpeakerBrain, data: TrainingData
) -> list[str]:
    """Load the model to start from, and list what of it was not loaded."""
    from utils.systems.folder import have_same_front_end
    from utils.training import distributed
    from utils.training.fine_tuning import start_from

    if not args.init:
        return []
    lines = start_from(args.init, dict(brain.modules), data.speakers)
    front_end = args.init / "front_end.yaml"
    if front_end.is_file() and not have_same_front_end(
        args.init, data.folder, args.trust
    ):
        lines.append(f"{front_end}: another front-end than {data.folder}'s")
    if distributed.rank() == 0:
        print(f"start from {args.init}", *lines, sep="\n  ")
    return lines


def check_sanity(args: argparse.Namespace, data: TrainingData, overrides: dict) -> None:
    """See whether the model and its settings can learn two speakers by heart.

    Raises
    ------
    UserError
        They cannot: after the training, the speakers are still mixed up.
    """
    known, _ = configure(args, data, overrides)
    values = {k: v for k, v in SANITY.items() if k in known[args.phase]}
    section = values | overrides.get(args.phase, {})
    hparams, _ = configure(args, data, overrides | {args.phase: section})
    brain = make_brain(args, hparams, None)
    begin(args, brain, data)
    brain.train(*make_loaders(args, hparams[args.phase], data))
    before, *later = (record["valid_eer"] for record in brain.state.records)
    after = min(later)
    told = (
        f"EER of two speakers' {len(data.train)} utterances, trained on them: "
        f"{100 * before:.1f} % before, {100 * after:.1f} % at best, "
        f"loss {brain.state.records[-1]['train_loss']:.3f}"
    )
    if after > 0:
        raise UserError(f"{told}; look at the learning rate, the loss and the features")
    print(f"sanity check passed. {told}")


def export(
    args: argparse.Namespace, brain: SpeakerBrain, data: TrainingData, best: dict
) -> None:
    """Save the encoder of the epoch with the lowest EER on held-out speakers."""
    from utils.models.experiment import save_model

    facts = {
        "model": Path(args.hparams).stem.removeprefix("train_"),
        "phase": args.phase,
        "seed": args.seed,
        "precision": brain.precision,
        "best_epoch": best["epoch"],
        "valid_eer": best["eer"],
        "n_train_speakers": len(set(data.people)),
        "n_valid_speakers": int(data.valid.index["origin"].nunique()),
        "init": str(args.init) if args.init else None,
        "not_loaded": best["not_loaded"],
    }
    save_model(args.out, brain.final_encoder, facts, brain.head_weights())
    print(
        f"best epoch {facts['best_epoch']}: validation EER "
        f"{100 * facts['valid_eer']:.2f} %; the model is {args.out}"
    )


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
