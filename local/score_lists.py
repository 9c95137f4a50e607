"""Stage 6: learn the back-ends of an experiment, and score its trial lists with each.

Reads EXP/embeddings, and manifests, trials/ and enrol/ of DATA; writes
EXP/backends/NAME/ and EXP/scores/TRIALS.NAME.txt. What is there and would come out
the same is kept. A back-end that cannot be learnt on these data is left out, with one
line that says why.
"""

import argparse
import sys
from pathlib import Path

from local.setup.lists import add_list_options
from local.setup.notation import SETTINGS, expression
from utils.runtime.errors import UserError
from utils.runtime.program import run_program


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--exp", type=Path, required=True, help="experiment folder")
    parser.add_argument("--data", type=Path, required=True, help="corpus folder")
    parser.add_argument(
        "--backends", type=expression, nargs="+", required=True, metavar="NAME",
        help="such as cosine plda+asnorm+cal",
    )  # fmt: skip
    parser.add_argument(
        "--trials", nargs="*", default=[], help="lists by name; none: all"
    )
    parser.add_argument("--features", type=Path, help="default: DATA/features")
    parser.add_argument(
        "--model", type=Path, help="trained model, whose own back-ends serve where the "
        "data have no training speech",
    )  # fmt: skip
    parser.add_argument("--hparams", default=SETTINGS)
    parser.add_argument("--force", action="store_true", help="repeat what is there")
    add_list_options(parser, with_scores=False)
    args = parser.parse_args()
    args.features = args.features or args.data / "features"
    return args


def main() -> None:
    """Learn and score, back-end by back-end."""
    args = parse_arguments()

    from local.setup.backends import read_settings
    from local.setup.experiment import Experiment

    settings = read_settings(args.hparams)
    for name in args.backends:
        settings.check(name)
    folders = args.exp, args.data, args.features, args.model
    experiment = Experiment(*folders, settings, args.form)
    lists = experiment.trial_lists(args.trials)
    n_left_out = 0
    for name in args.backends:
        try:
            folder = experiment.learn(name, args.force)
            experiment.score(name, folder, lists, args.force)
        except ValueError as error:
            print(f"back-end {name} is left out: {error}", file=sys.stderr)
            experiment.discard(name, lists)
            n_left_out += 1
    if n_left_out == len(args.backends):
        raise UserError(f"{args.exp}: no back-end is left to score with; add cosine")


if __name__ == "__main__":
    run_program(main)
