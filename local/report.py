"""Stage 7: evaluate every score file of an experiment and report.

Writes EXP/results.json (all metrics, each with where it comes from) and
EXP/report.html (table, error trade-offs, training curves), and prints the table.
"""

import argparse
import json
from functools import partial
from pathlib import Path

from local.setup.lists import (
    add_list_options,
    join_program_scores,
    label_form,
    warn_if_reversed,
)
from local.setup.scored_trials import point_name, prior_text
from utils.runtime.atomic import replacing_file
from utils.runtime.program import run_program


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--exp", type=Path, required=True, help="experiment folder")
    parser.add_argument("--data", type=Path, required=True, help="corpus folder")
    parser.add_argument("--features", type=Path, help="default: DATA/features")
    parser.add_argument("--model", type=Path, help="default: EXP/triplet")
    parser.add_argument(
        "--p-target", nargs="+", default=["0.01", "0.05"], type=prior_text
    )
    parser.add_argument(
        "--cost", nargs="+", action="extend", default=[], type=point_name,
        metavar="C_MISS,C_FA,P_TARGET", help="more detection costs, such as 10,1,0.01",
    )  # fmt: skip
    add_list_options(parser, with_scores=True, with_direction=True)
    args = parser.parse_args()
    args.p_target = [*args.p_target, *args.cost]
    args.features = args.features or args.data / "features"
    args.model = args.model or args.exp / "triplet"
    return args


def main() -> None:
    """Evaluate, write both files and print the table."""
    args = parse_arguments()

    from local.setup.results import experiment_facts, read_scored_lists
    from utils.metrics.error_rates import error_rates
    from utils.metrics.evaluation import evaluate
    from utils.metrics.operating_points import in_distances
    from utils.report.page import render_text_table
    from utils.report.results import read_logs, results_page, results_table

    facts = experiment_facts(args.data, args.features, args.model, args.p_target)
    facts["lower_is_same"] = args.lower_is_same
    results, curves = [], {}
    where = args.exp, args.data, args.features, args.model
    how = label_form(args), partial(join_program_scores, args=args)
    for path, own, scores, is_target in read_scored_lists(*where, *how):
        metrics = evaluate(scores, is_target, args.p_target)
        warn_if_reversed(args, path, metrics["eer"])
        if args.lower_is_same:
            metrics = in_distances(metrics)
        results.append(own | metrics | facts)
        name = f"{own['trials']}, {own['backend']}"
        curves[name] = error_rates(scores, is_target)
    with replacing_file(args.exp / "results.json") as temporary:
        temporary.write_text(json.dumps(results, indent=1) + "\n")
    table, logs = results_table(results, args.p_target), read_logs(args.exp)
    title = f"{args.exp.parent.name}: {args.exp.name}"
    with replacing_file(args.exp / "report.html") as temporary:
        page = results_page(title, table, facts, curves, logs)
        temporary.write_text(page, encoding="utf-8")
    print(render_text_table(*table))


if __name__ == "__main__":
    run_program(main)
