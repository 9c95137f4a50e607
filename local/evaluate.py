"""Error rates of a score file on a trial list: EER, minDCF and the rest.

Trials and scores are joined by id. Rates in the JSON are fractions, not percent.
act_dcf, cllr and the actual primary costs take the scores for natural-log
likelihood ratios; they say nothing about scores on another scale, such as cosines.
"""

import argparse
import json
from pathlib import Path

import numpy as np

from local.setup.lists import warn_if_reversed
from local.setup.scored_trials import (
    Protocol,
    add_arguments,
    cost_name,
    read_joined,
    read_protocol,
)
from utils.metrics.costs import find_preset
from utils.metrics.detection import partial_auc
from utils.metrics.operating_points import in_distances, operating_points
from utils.metrics.slices import parse_slice, slice_trials
from utils.report.tables import metrics_table, slices_table
from utils.runtime.atomic import replacing_file
from utils.runtime.program import run_program


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("trials", type=Path)
    parser.add_argument("scores", type=Path)
    add_arguments(parser)
    parser.add_argument(
        "--cost", nargs="+", action="extend", default=[], type=cost_name,
        metavar="NAME|C_MISS,C_FA,P_TARGET",
        help="primary costs of evaluations by name, or costs such as 10,1,0.01",
    )  # fmt: skip
    parser.add_argument(
        "--partition", nargs="+", default=[], metavar="COLUMN",
        help="columns of the metadata whose groups count alike in --cost",
    )  # fmt: skip
    parser.add_argument(
        "--slice", nargs="+", default=[], type=parse_slice, dest="slices",
        metavar="[gap:]COLUMN[=EDGES]", help="parts to evaluate on their own",
    )  # fmt: skip
    for name, what in (
        ("--threshold", "scores at which to give FAR and FRR"),
        ("--far", "false-alarm rates whose thresholds to find"),
        ("--frr", "miss rates whose thresholds to find"),
        ("--partial-auc", "false-alarm rates up to which to take the AUC"),
    ):
        parser.add_argument(name, nargs="+", type=float, default=[], help=what)
    parser.add_argument("--plots", type=Path, metavar="DIR", help="write pictures")
    args = parser.parse_args()
    if not all(0 < rate <= 1 for rate in [*args.far, *args.frr, *args.partial_auc]):
        parser.error("--far, --frr and --partial-auc take rates above 0, up to 1")
    if (args.slices or args.partition) and not args.metadata:
        parser.error("--slice and --partition need --metadata")
    return args


def main() -> None:
    """Evaluate, print tables, and write the JSON and the pictures."""
    args = parse_arguments()

    from utils.report.provenance import program_facts, trial_list_facts

    protocol = read_protocol(args)
    scores = read_joined(args.scores, protocol, args)
    results = evaluate_list(args, protocol, scores)
    warn_if_reversed(args, args.scores, results["eer"])
    if args.lower_is_same:
        results = in_distances(results)
    print(metrics_table(results))
    for name, part in results.get("slices", {}).items():
        print(slices_table(name, part))
    if args.plots:
        draw(args, protocol, scores)
    if args.json:
        facts = trial_list_facts(args.trials) | program_facts()
        asked = {"p_target": args.p_target, "lower_is_same": args.lower_is_same}
        with replacing_file(args.json) as temporary:
            temporary.write_text(json.dumps(results | facts | asked, indent=1) + "\n")


def evaluate_list(
    args: argparse.Namespace, protocol: Protocol, scores: np.ndarray
) -> dict:
    """Evaluate the whole list, and what else is asked for."""
    from utils.metrics.resampled import (
        evaluate_resampled,
        evaluate_slices,
        primary_costs,
    )
    from utils.metrics.speakers import trial_partition

    is_target, resampling = protocol.is_target, protocol.resampling
    trials, metadata, models = protocol.trials, protocol.metadata, protocol.models
    results = evaluate_resampled(scores, is_target, args.p_target, resampling)
    sign = -1 if args.lower_is_same else 1
    thresholds = [sign * threshold for threshold in args.threshold]
    results["operating"] = operating_points(
        scores, is_target, thresholds, args.far, args.frr
    )
    results["partial_auc"] = {
        f"{far:g}": partial_auc(scores, is_target, far) for far in args.partial_auc
    }
    if args.cost:
        presets = {name: find_preset(name) for name in args.cost}
        partition = None
        if args.partition:
            partition = trial_partition(trials, metadata, models, args.partition)
        for name, preset in presets.items():
            if preset.is_equalised and partition is None:
                print(f"{name}: its plan equalises partitions; name --partition")
        results["cost"] = primary_costs(
            scores, is_target, presets, partition, resampling
        )
    for spec in args.slices:
        labels = slice_trials(trials, metadata, spec, models)
        part = evaluate_slices(scores, is_target, labels, args.p_target, resampling)
        results.setdefault("slices", {})[spec.name] = part
    return results


def draw(args: argparse.Namespace, protocol: Protocol, scores: np.ndarray) -> None:
    """Write the pictures, with a confidence band if there are resamples."""
    from utils.metrics.intervals import det_band
    from utils.report.score_plots import write_plots

    name, bands = args.scores.stem, {}
    if protocol.resampling is not None:
        system = protocol.resampling.trials(scores, protocol.is_target)
        bands[name] = det_band(system, protocol.resampling.counts)
    systems = {name: scores}
    write_plots(args.plots, systems, protocol.is_target, args.p_target, bands)
    print(f"pictures are in {args.plots}")


if __name__ == "__main__":
    run_program(main)
