"""Turn scores into log-likelihood ratios: calibrate one system, or fuse several.

A linear map is trained on the scores of a held-out trial list (logistic regression,
weighed to --prior) and applied to the scores of another. The two lists must not
share speakers; without manifests, they must not share utterances.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from local.setup.lists import add_list_options, label_form, score_form
from utils.runtime.atomic import replacing_file
from utils.runtime.errors import UserError
from utils.runtime.program import run_program

if TYPE_CHECKING:
    import pandas as pd

    from utils.backend.calibration import LinearFusion


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--train-trials", type=Path, required=True)
    parser.add_argument(
        "--train-scores", type=Path, nargs="+", required=True, help="one a system"
    )
    parser.add_argument(
        "--scores", type=Path, nargs="+", required=True, help="systems in that order"
    )
    parser.add_argument("--out", type=Path, required=True, help="score file to write")
    parser.add_argument("--save", type=Path, help="JSON of the map and thresholds")
    parser.add_argument("--prior", type=float, default=0.05, help="of a target trial")
    parser.add_argument(
        "--far", type=float, nargs="+", default=[0.01], help="store their thresholds"
    )
    parser.add_argument("--train-metadata", type=Path, help="manifest of the training")
    parser.add_argument("--metadata", type=Path, help="manifest of the scores")
    parser.add_argument(
        "--force", action="store_true", help="allow speakers in both lists"
    )
    add_list_options(parser, with_scores=True)
    args = parser.parse_args()
    if len(args.train_scores) != len(args.scores):
        parser.error("--train-scores and --scores need a file for each system")
    if not 0 < args.prior < 1:
        parser.error("--prior must lie between 0 and 1")
    return args


def main() -> None:
    """Train the map, apply it, and store it."""
    args = parse_arguments()

    from utils.backend.calibration import PENALTY, decision_thresholds, fit_fusion
    from utils.trials.lists import check_both_kinds, read_trials
    from utils.trials.score_facts import write_score_facts
    from utils.trials.scores import join_scores, read_scores, write_scores

    trials = read_trials(args.train_trials, label_form(args))
    check_both_kinds(args.train_trials, trials)
    is_target = trials["target"].to_numpy()
    form, allow_extra = score_form(args), args.allow_extra
    train = [
        join_scores(trials, read_scores(path, form), allow_extra)
        for path in args.train_scores
    ]
    pairs, scores = read_systems(args.scores, form, allow_extra)
    check_apart(args, trials, pairs)
    try:
        fusion = fit_fusion(np.column_stack(train), is_target, args.prior, PENALTY)
    except ValueError as error:
        raise UserError(f"{args.train_trials}: {error}") from None
    write_scores(args.out, pairs.assign(score=fusion(scores)))
    write_score_facts(args.out, facts_of_fusion(args))
    weights = ", ".join(f"{weight:.4g}" for weight in fusion.weights)
    print(f"llr = scores x ({weights}) + {fusion.offset:.4g}: {args.out}")
    if args.save:
        llrs = fusion(np.column_stack(train))
        found = decision_thresholds(llrs, is_target, args.prior, args.far)
        save(args, fusion, found)


def facts_of_fusion(args: argparse.Namespace) -> dict[str, object]:
    """Return what the JSON beside the new scores says: what the first system's does."""
    from utils.report.provenance import program_facts
    from utils.trials.score_facts import read_score_facts

    known = [read_score_facts(path) for path in args.scores]
    names = [
        facts.get("backend", path.stem)
        for facts, path in zip(known, args.scores, strict=True)
    ]
    own = {"backend": ", ".join(map(str, names)) + "+cal", "calibrated": True}
    made_from = {"scores": [str(path) for path in args.scores]}
    return known[0] | own | made_from | program_facts()


def read_systems(
    paths: list[Path], form: str, allow_extra: bool
) -> tuple[pd.DataFrame, np.ndarray]:
    """Read the scores of all systems for the pairs of the first: (n_pairs, K)."""
    from utils.trials.scores import join_scores, read_scores

    first, *others = [read_scores(path, form) for path in paths]
    joined = [join_scores(first, other, allow_extra) for other in others]
    return first[["enrol", "test"]], np.column_stack([first["score"], *joined])


def check_apart(
    args: argparse.Namespace, trials: pd.DataFrame, pairs: pd.DataFrame
) -> None:
    """Refuse a training list that has speakers, or utterances, of the other."""
    from utils.data.manifest import read_manifest

    if args.train_metadata and args.metadata:
        train, test = (
            set(read_manifest(path)["spk_id"])
            for path in (args.train_metadata, args.metadata)
        )
        what = "speakers"
    else:
        train, test = (
            {*table["enrol"].cat.categories, *table["test"].cat.categories}
            for table in (trials, pairs)
        )
        what = "ids"
    shared = sorted(train & test)
    if shared and not args.force:
        raise UserError(
            f"{args.train_trials}: {len(shared)} {what} are in the scored list too, "
            f"such as {shared[0]!r}; train on others, or say --force"
        )


def save(
    args: argparse.Namespace, fusion: LinearFusion, found: dict[str, float]
) -> None:
    """Write the map, the thresholds and what they were trained on."""
    from utils.report.provenance import program_facts, trial_list_facts

    content = {
        "weights": fusion.weights.tolist(),
        "offset": fusion.offset,
        "prior": fusion.prior,
        "thresholds": found,
        "trained_on": trial_list_facts(args.train_trials),
        "systems": [str(path) for path in args.train_scores],
    }
    with replacing_file(args.save) as temporary:
        temporary.write_text(json.dumps(content | program_facts(), indent=1) + "\n")


if __name__ == "__main__":
    run_program(main)
