"""Score a trial list with a back-end.

The back-end is a folder that local.train_backend wrote, or the word cosine, which
needs no training. The scores of a calibrated one are natural-log likelihood ratios.
OUT.json, beside the scores, says where they come from.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from local.setup.lists import add_list_options
from local.setup.scoring import add_arguments
from utils.runtime.errors import UserError
from utils.runtime.program import run_program
from utils.trials.score_facts import write_score_facts


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add_arguments(parser)
    parser.add_argument("--trials", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True, help="score file to write")
    parser.add_argument(
        "--enrol-models", type=Path, help="enrolment list: model utt utt ..."
    )
    parser.add_argument(
        "--features", type=Path, help="leave out what this folder records as skipped"
    )
    parser.add_argument("--model", type=Path, help="trained model, for the record")
    add_list_options(parser, with_scores=False)
    return parser.parse_args()


def main() -> None:
    """Score the trials."""
    args = parse_arguments()

    from utils.data.left_out import read_skipped
    from utils.systems.backends import find_backend
    from utils.systems.score_origins import score_facts
    from utils.systems.trial_scores import open_scoring, read_trial_list, score_list
    from utils.trials.scores import write_scores

    skipped = read_skipped(args.features) if args.features else set()
    listed = read_trial_list(args.trials, args.enrol_models, skipped, args.form)
    backend, sides = find_backend(args.backend), (args.enrol, args.test)
    try:
        scoring = open_scoring(backend, *sides, args.metadata, args.force)
        scores = score_list(scoring, listed)
    except ValueError as error:
        raise UserError(f"{args.backend}: {error}") from None
    write_scores(args.out, listed.trials.assign(score=scores))
    facts = score_facts(backend, args.test, args.trials, args.model)
    write_score_facts(args.out, facts)
    print(f"{len(scores)} scores: {args.out}")


if __name__ == "__main__":
    run_program(main)
