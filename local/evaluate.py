"""Error rates of a score file on a trial list: EER, minDCF and the rest.

Trials and scores are joined by id. Rates in the JSON are fractions, not percent.
act_dcf, cllr and the actual primary costs take the scores for natural-log
likelihood ratios; they say nothing about scores on another scale, such as cosines.
"""

import argparse
import json
from pathlib import Path

import numpy as np

from local.setup.scored_trials import (
    Protocol,
    add_arguments,
    read_joined,
    read_protocol,
)
from utils.metrics.costs import PRESETS
from utils.metrics.detection import (
    partial_auc,
    rates_at,
    threshold_at_eer,
    threshold_at_far,
    threshold_at_frr,
)
from utils.metrics.evaluation import evaluate, primary_cost
from utils.metrics.slices import SliceSpec, fairness, parse_slice, slice_trials
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
        "--cost", nargs="+", default=[], choices=PRESETS, help="primary costs by name"
    )
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
    results = evaluate_part(args, protocol, scores)
    is_target = protocol.is_target
    results["operating"] = operating_points(args, scores, is_target)
    results["partial_auc"] = {
        f"{far:g}": partial_auc(scores, is_target, far) for far in args.partial_auc
    }
    if args.cost:
        results["cost"] = primary_costs(args, protocol, scores)
    print(metrics_table(results))
    for spec in args.slices:
        part = evaluate_slices(args, protocol, scores, spec)
        results.setdefault("slices", {})[spec.name] = part
        print(slices_table(spec.name, part))
    if args.plots:
        draw(args, protocol, scores)
    if args.json:
        facts = trial_list_facts(args.trials) | program_facts()
        text = json.dumps(results | facts | {"p_target": args.p_target}, indent=1)
        with replacing_file(args.json) as temporary:
            temporary.write_text(text + "\n")


def evaluate_part(
    args: argparse.Namespace,
    protocol: Protocol,
    scores: np.ndarray,
    inside: np.ndarray | None = None,
) -> dict:
    """Evaluate some of the trials, with intervals if they are asked for."""
    from utils.metrics.bootstrap import (
        ScoredTrials,
        Speakers,
        bootstrap,
        draw_counts,
        intervals,
    )

    inside = np.ones(len(scores), dtype=bool) if inside is None else inside
    scores, is_target = scores[inside], protocol.is_target[inside]
    n_target = int(is_target.sum())
    if n_target in (0, len(scores)):
        return {"n_target": n_target, "n_nontarget": len(scores) - n_target}
    results = evaluate(scores, is_target, args.p_target)
    if protocol.speakers is not None:
        enrol, test, n_speakers = protocol.speakers
        part = Speakers(enrol[inside], test[inside], n_speakers)
        counts = draw_counts(n_speakers, args.bootstrap, args.seed)
        system = ScoredTrials(scores, is_target, part)
        samples = bootstrap([system], args.p_target, counts, args.nj)[0]
        results["ci"] = intervals(samples)
        results["n_speakers"] = len(np.union1d(part.enrol, part.test))
    return results


def draw(args: argparse.Namespace, protocol: Protocol, scores: np.ndarray) -> None:
    """Write the pictures, with a confidence band if there are resamples."""
    from utils.metrics.bootstrap import ScoredTrials, det_band, draw_counts
    from utils.report.score_plots import write_plots

    name, bands = args.scores.stem, {}
    if protocol.speakers is not None:
        n_speakers = protocol.speakers.n_speakers
        counts = draw_counts(n_speakers, args.bootstrap, args.seed)
        system = ScoredTrials(scores, protocol.is_target, protocol.speakers)
        bands[name] = det_band(system, counts)
    systems = {name: scores}
    write_plots(args.plots, systems, protocol.is_target, args.p_target, bands)
    print(f"pictures are in {args.plots}")


def operating_points(
    args: argparse.Namespace, scores: np.ndarray, is_target: np.ndarray
) -> list[dict]:
    """Find the thresholds that are asked for, and the error rates there."""
    wanted = [("threshold", t, t) for t in args.threshold]
    wanted += [("far", r, threshold_at_far(scores, is_target, r)) for r in args.far]
    wanted += [("frr", r, threshold_at_frr(scores, is_target, r)) for r in args.frr]
    points = []
    for name, value, threshold in wanted:
        frr, far = rates_at(scores, is_target, threshold)
        point = {"threshold": float(threshold), "far": far, "frr": frr}
        points.append({"at": f"{name} {value:g}"} | point)
    return points


def primary_costs(
    args: argparse.Namespace, protocol: Protocol, scores: np.ndarray
) -> dict:
    """Compute the named primary costs, equalised over the partition if there is one."""
    from utils.metrics.bootstrap import (
        ScoredTrials,
        bootstrap,
        draw_counts,
        intervals,
        primary_cost_samples,
    )

    partition = trial_partition(args, protocol)
    is_target, speakers = protocol.is_target, protocol.speakers
    samples = None
    costs: dict[str, dict] = {}
    if speakers is not None:
        priors = {prior for name in args.cost for prior in PRESETS[name].priors}
        counts = draw_counts(speakers.n_speakers, args.bootstrap, args.seed)
        system = ScoredTrials(scores, is_target, speakers, partition)
        samples = bootstrap([system], sorted(priors), counts, args.nj)[0]
    for name in args.cost:
        preset = PRESETS[name]
        if preset.is_equalised and partition is None:
            print(f"{name}: its plan equalises partitions; name them with --partition")
        costs[name] = dict(primary_cost(scores, is_target, preset, partition))
        if samples is not None:
            rows = primary_cost_samples(samples, preset)
            costs[name]["ci"] = intervals(rows)
    return costs


def trial_partition(args: argparse.Namespace, protocol: Protocol) -> np.ndarray | None:
    """Join the labels of both sides of every trial to one, if any are asked for."""
    import pandas as pd

    from utils.metrics.speakers import trial_labels

    if not args.partition:
        return None
    trials, metadata, models, _ = protocol
    labels = [
        side.astype(str)
        for column in args.partition
        for side in trial_labels(trials, metadata, column, models)
    ]
    return pd.concat(labels, axis=1).agg("/".join, axis=1).to_numpy()


def evaluate_slices(
    args: argparse.Namespace, protocol: Protocol, scores: np.ndarray, spec: SliceSpec
) -> dict:
    """Evaluate every slice, and compare them at the threshold of the whole list."""
    trials, metadata, models, _ = protocol
    labels = slice_trials(trials, metadata, spec, models)
    parts = {
        str(label): evaluate_part(args, protocol, scores, (labels == label).to_numpy())
        for label in labels.cat.categories
    }
    threshold = threshold_at_eer(scores, protocol.is_target)
    compared = fairness(scores, protocol.is_target, labels, threshold)
    return {"parts": parts, "threshold": threshold, "fairness": compared}


if __name__ == "__main__":
    run_program(main)
