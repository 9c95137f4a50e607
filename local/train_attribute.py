"""Stage 3 of run.sh --task: train an encoder to tell a label, end to end.

Any model of hparams/, with the values of hparams/attribute_training.yaml in its phase
pretrain; each can be replaced, such as --pretrain.lr 0.0003. A number that is learnt in
order has the levels of hparams/attributes.yaml. Classes are weighed by their speakers;
what is kept is the epoch of the lowest loss on validation speakers. A run that was
interrupted goes on from its last checkpoint. With --speakers shared it learns what the
leak probe of the report shows.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from local.learn_heads import SETTINGS
from local.setup.training import build, machine_options, settings_of
from local.setup.training_options import parse_with_values
from utils.runtime.program import log_to, run_program

if TYPE_CHECKING:
    from local.setup.attribute_training import AttributeTraining

CHANGES = Path("hparams/attribute_training.yaml")
PHASE = "pretrain"


def parse() -> tuple[argparse.Namespace, dict[str, str]]:
    """Read the command line: the arguments, and the replaced hyper-parameters."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--exp", type=Path, required=True, help="experiment folder, with task/")
    add("--features", type=Path, required=True, help="folder of stage 2")
    add("--hparams", type=Path, required=True, help="hparams/train_<model>.yaml")
    add("--changes", type=Path, action="append", default=[],
        help=f"YAML of values to replace, after {CHANGES}")  # fmt: skip
    add("--out", type=Path, required=True, help="folder of the model")
    add("--speakers", choices=("apart", "shared"), default="apart",
        help="of the parts; shared: utterances are divided by chance")  # fmt: skip
    add("--seed", type=int, default=1986)
    add("--device", default="cpu")
    add("--precision", choices=("auto", "fp32", "bf16"), default="auto")
    add("--checkpoint-minutes", type=float, default=10)
    return parse_with_values(parser)


def main() -> None:
    """Train, and write the model's folder with its outputs."""
    args, flags = parse()

    from local.setup.attribute_training import read_attribute_training
    from local.setup.hyperparameters import load_hyperparameters
    from utils.runtime.device import checked_device

    args.device = checked_device(args.device)
    n_levels = load_hyperparameters(SETTINGS)["n_levels"]
    how = n_levels, args.speakers
    told = read_attribute_training(args.exp, args.features, *how)
    changes = [CHANGES, *args.changes]
    settings = settings_of(PHASE, args.hparams, changes, flags, told.data)
    train(args, told, build(settings, args.seed), settings.text)


def train(
    args: argparse.Namespace, told: AttributeTraining, hparams: dict, text: str
) -> None:
    """Train, or go on training, and export the best encoder."""
    from local.setup.attribute_training import (
        label_loaders,
        make_attribute_brain,
        save_trained,
    )
    from local.train import decisive_files, prepare_folder
    from utils.models.experiment import fingerprint

    machine = machine_options(args.device, args.precision, args.checkpoint_minutes)
    task = (args.exp / "task" / "task.json").read_text(encoding="utf-8")
    levels = "".join(f"{value:g} " for value in told.values)
    options = [args.speakers, str(args.seed), text, task, levels]
    identity = fingerprint([*options, *decisive_files(told.data)])
    prepare_folder(args.out, identity, text, told.data, None)
    log_to(args.out / "train.log")
    brain = make_attribute_brain(hparams, told, args.seed, machine, args.out)
    brain.train(*label_loaders(hparams[PHASE], told, args.seed, args.device))
    save_trained(args.out, brain, told, args.hparams, args.seed)


if __name__ == "__main__":
    run_program(main)
