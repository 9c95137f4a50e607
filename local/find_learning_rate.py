"""Find a learning rate: train a few steps while the rate grows from low to high.

Writes OUT.csv (rate and loss of each step) and a picture, OUT.png and OUT.svg, and
suggests a rate. Nothing else is kept. Options as in local.train, for example

    python -m local.find_learning_rate pretrain --hparams hparams/train_rescnn.yaml \
        --features data/espeak/features --out exp/rates
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, cast

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
from utils.runtime.program import run_program
from utils.training.schedule import LearningRate

if TYPE_CHECKING:
    from torch.utils.data import DataLoader

    from utils.training.brain import SpeakerBrain


def parse() -> tuple[argparse.Namespace, dict[str, str]]:
    """Read the command line: the arguments, and the replaced hyper-parameters."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add_arguments(parser)
    parser.add_argument("--out", type=Path, required=True, help="prefix to write")
    parser.add_argument("--lowest", type=float, default=1e-6)
    parser.add_argument("--highest", type=float, default=1.0)
    parser.add_argument("--steps", type=int, default=100)
    args, flags = parse_arguments(parser)
    if not 0 < args.lowest < args.highest or args.steps < 10:
        parser.error("0 < --lowest < --highest, and --steps of 10 or more")
    return args, flags


def main() -> None:
    """Run the range test."""
    args, flags = parse()

    import pandas as pd

    from utils.report.plots import rate_curve, save_figure
    from utils.runtime.device import checked_device
    from utils.training.diagnostics import advise_rate

    args.device = checked_device(args.device)
    schedule = LearningRate("exponential", args.lowest, args.highest)
    rates, losses = measure(*prepare(args, flags, schedule), schedule)
    if len(rates) < 10:
        raise UserError("the loss is not finite from the start; lower --lowest")
    advice = advise_rate(rates, losses)
    with replacing_file(f"{args.out}.csv") as temporary:
        table = pd.DataFrame({"rate": rates, "loss": losses})
        table.to_csv(temporary, index=False, float_format="%.6g")
    save_figure(rate_curve(rates, losses, advice), args.out)
    print(
        f"the loss falls fastest at {advice.steepest:.2g} and is lowest at "
        f"{advice.lowest:.2g}; try --{args.phase}.lr {advice.suggested:.2g}"
    )


def prepare(
    args: argparse.Namespace, flags: dict[str, str], schedule: LearningRate
) -> tuple[SpeakerBrain, DataLoader]:
    """Build the brain, and batches for as many steps as the test has."""
    from utils.training.data import read_training_data
    from utils.training.fine_tuning import start_from
    from utils.training.sampler import BatchSampler

    data = read_training_data(args.features)
    settings = settings_of(args.phase, args.hparams, args.changes, flags, data)
    hparams = build(settings, args.seed)
    phase = hparams[args.phase]
    phase |= {"epochs": 1, "patience": 0, "on_progress": [], "schedule": schedule}
    if args.init:
        start_from(args.init, modules_of(hparams, args.phase), data.speakers)
    machine = machine_options(args.device, args.precision)
    brain = make_brain(hparams, args.phase, args.seed, machine)
    follow(brain, args.teacher, data)
    crops = read_crops(phase, data, args.corruption, args.trust)
    batches, _ = make_loaders(phase, data, crops, args.seed, args.nj, args.device)
    sampler = cast(BatchSampler, batches.batch_sampler)
    sampler.n_batches = args.steps * phase["accumulation"]
    return brain, batches


def measure(
    brain: SpeakerBrain, batches: DataLoader, schedule: LearningRate
) -> tuple[np.ndarray, np.ndarray]:
    """Train while the rate grows; return rates and losses until one is not finite."""
    try:
        brain.train(batches, None)
    except UserError:  # too high a rate: the curve ends here
        if not brain.batch_losses:
            raise
    losses = np.array(brain.batch_losses)
    progress = np.arange(1, len(losses) + 1) / len(batches)
    return np.array([schedule(share) for share in progress]), losses


if __name__ == "__main__":
    run_program(main)
