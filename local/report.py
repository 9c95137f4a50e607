"""Stage 7: evaluate every score file of an experiment and report.

Writes EXP/results.json (all metrics, each with where it comes from) and
EXP/report.html (table, error trade-offs, training curves), and prints the table: target
trials across sessions first, those within one below, and how much better than the
averages of the features a network is.
"""

from __future__ import annotations

import argparse
import json
import os
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from local.setup.lists import (
    add_list_options,
    join_program_scores,
    label_form,
    warn_if_reversed,
)
from local.setup.scored_trials import point_name, prior_text
from utils.runtime.atomic import replacing_file
from utils.runtime.program import run_program

if TYPE_CHECKING:
    from local.setup.results import Place
    from utils.metrics.error_rates import ErrorRates


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
    parser.add_argument(
        "--bootstrap", type=int, default=200, metavar="N",
        help="95 %% intervals from so many resamples of the speakers; 0: none",
    )  # fmt: skip
    parser.add_argument(
        "--other-seeds", nargs="*", default=[], type=Path, metavar="EXP",
        help="the same experiment, reported, with other seeds: mean and range over all",
    )  # fmt: skip
    parser.add_argument("--seed", type=int, default=1986, help="of the resamples")
    parser.add_argument("--nj", type=int, default=os.cpu_count(), help="threads")
    add_list_options(parser, with_scores=True, with_direction=True)
    args = parser.parse_args()
    args.p_target = [*args.p_target, *args.cost]
    args.features = args.features or args.data / "features"
    args.model = args.model or args.exp / "triplet"
    return args


def main() -> None:
    """Evaluate, write both files and print the table."""
    args = parse_arguments()

    from local.setup.results import Place, experiment_facts, read_results
    from utils.report.page import render_text_table
    from utils.report.results import (
        N_NAMES,
        read_logs,
        results_notes,
        results_page,
        results_table,
    )
    from utils.report.seeds import add_seeds

    place = Place(args.exp, args.data, args.features, args.model)
    facts = experiment_facts(place, args.p_target)
    facts |= {"lower_is_same": args.lower_is_same, "bootstrap": args.bootstrap}
    results, curves = evaluate_lists(args, place)
    results = [result | facts for result in results]
    if args.other_seeds:
        add_seeds(results, read_results(args.other_seeds))
    with replacing_file(args.exp / "results.json") as temporary:
        temporary.write_text(json.dumps(results, indent=1) + "\n")
    notes, logs = results_notes(results), read_logs(args.exp)
    title = f"{args.exp.parent.name}: {args.exp.name}"
    with replacing_file(args.exp / "report.html") as temporary:
        table = results_table(results, args.p_target, with_intervals=True)
        page = results_page(title, table, notes, facts, curves, logs)
        temporary.write_text(page, encoding="utf-8")
    print(render_text_table(*results_table(results, args.p_target), n_names=N_NAMES))
    print(*notes, sep="\n")


def evaluate_lists(
    args: argparse.Namespace, place: Place
) -> tuple[list[dict], dict[str, dict[str, ErrorRates]]]:
    """Evaluate all parts of all lists that were scored.

    Returns
    -------
    results : list of dict
        In the order of the table.
    curves : dict of dict of ErrorRates
        By the list, the headline of each, and by the back-end.
    """
    from local.setup.results import Resamples, read_scored_lists
    from utils.metrics.error_rates import error_rates
    from utils.metrics.operating_points import in_distances
    from utils.metrics.resampled import evaluate_with_samples
    from utils.report.baseline import add_gains
    from utils.report.results import place_in_table

    how = label_form(args), partial(join_program_scores, args=args)
    resamples = Resamples(args.bootstrap, args.seed, args.nj)
    results: list[dict] = []
    curves: dict[str, dict[str, ErrorRates]] = {}
    samples = []
    for path, part in read_scored_lists(place, *how, resamples):
        trials = part.scores, part.is_target
        metrics, drawn = evaluate_with_samples(*trials, args.p_target, part.resampling)
        warn_if_reversed(args, path, metrics["eer"])
        if args.lower_is_same:
            metrics = in_distances(metrics)
        results.append(part.facts | metrics)
        samples.append(drawn)
        if part.is_headline:
            of_list = curves.setdefault(part.title, {})
            of_list[str(part.facts["backend"])] = error_rates(*trials)
    add_gains(results, samples)
    return sorted(results, key=place_in_table), curves


if __name__ == "__main__":
    run_program(main)
