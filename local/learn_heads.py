"""Stage 6 of run.sh --task: learn heads on embeddings, and tell the test by each.

Beside the heads stand two baselines (the class of most speakers; the nearest training
speaker) and two probes of the recording (average spectrum; pauses), each also learnt
and tested on splits that share speakers; so is a network, where --shared names one that
was trained on them. Writes EXP/heads/NAME/ and EXP/told/DIVISION.NAME.csv. What a
head's settings are chosen by, and calibrated on, are training speakers that it did not
see.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from utils.runtime.program import run_program

if TYPE_CHECKING:
    import numpy as np

    from local.setup.attributes import TaskData
    from utils.attributes.learning import Learner

SETTINGS = Path("hparams/attributes.yaml")


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--exp", type=Path, required=True, help="experiment folder, with task/")
    add("--embeddings", type=Path, required=True, help="folder of stage 5")
    add("--voice", type=Path, help="folder of local.measure_voices, for +voice, @pitch")
    add("--features", type=Path, required=True, help="folder of stage 2")
    add("--model", type=Path, required=True, help="trained model that embedded")
    add("--shared", nargs=2, type=Path, metavar=("EMBEDDINGS", "MODEL"),
        help="of a network that was trained on shared speakers")  # fmt: skip
    add("--heads", nargs="*", default=[], help="sections of the settings")
    add("--hparams", type=Path, default=SETTINGS)
    return parser.parse_args()


def main() -> None:
    """Learn, and tell the test."""
    args = parse_arguments()

    from local.setup.attribute_results import write_told
    from local.setup.attributes import (
        OUTPUTS,
        choose_learners,
        open_task_data,
        tell_by_network,
    )
    from local.setup.hyperparameters import load_hyperparameters

    settings = load_hyperparameters(args.hparams)
    sources = {"embeddings": args.embeddings, "voice": args.voice}
    data = open_task_data(args.exp, sources, args.features, args.model)
    learners = choose_learners(settings, args.heads, args.hparams, data.task)
    told = {}
    for (name, inputs), learner in learners.items():
        for division in data.divisions_of(name):
            told[division, name] = learn_and_tell(
                data, name, inputs, learner, division, settings
            )
    if (args.model / OUTPUTS).is_file():
        told["apart", "network"] = tell_by_network(data)
    if args.shared:
        embeddings, model = args.shared
        own = open_task_data(args.exp, {"embeddings": embeddings}, args.features, model)
        told["shared", "network"] = tell_by_network(own, "shared")
    write_told(args.exp, data, told)


def learn_and_tell(
    data: TaskData,
    name: str,
    inputs: str,
    learner: Learner,
    division: str,
    settings: dict,
) -> np.ndarray:
    """Learn a head on one division's training; keep it where speakers are apart."""
    from utils.attributes.fitting import fit_head
    from utils.attributes.inputs import BOTH, EMBEDDING, PITCH

    train, test = data.labelled(inputs, division)
    fitted = fit_head(learner, train, settings["n_folds"], settings["seed"])
    print(f"{division} {name}: setting {fitted.setting:g}, loss {fitted.loss:.4g}")
    if division == "apart" and inputs in (EMBEDDING, BOTH, PITCH):
        data.save(name, inputs, fitted)
    return fitted(test.vectors)


if __name__ == "__main__":
    run_program(main)
