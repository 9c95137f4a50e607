"""Error rates of a score file on a trial list: EER, minDCF and the rest.

Trials and scores are joined by id. Rates in the JSON are fractions, not percent.
act_dcf and cllr take the scores for natural-log likelihood ratios; they say
nothing about scores on another scale, such as cosines.
"""

import argparse
import json
from pathlib import Path

from utils.atomic import replacing_file
from utils.evaluation import evaluate
from utils.program import run_program
from utils.provenance import program_facts, trial_list_facts
from utils.score_files import join_scores, read_scores
from utils.trials import check_both_kinds, read_trials


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("trials", type=Path)
    parser.add_argument("scores", type=Path)
    parser.add_argument("--json", type=Path, help="file to write")
    parser.add_argument(
        "--p-target", nargs="+", default=["0.01", "0.05"], help="priors of minDCF"
    )
    parser.add_argument(
        "--allow-extra", action="store_true", help="pass over scores without trial"
    )
    args = parser.parse_args()
    for prior in args.p_target:
        if not is_probability(prior):
            parser.error(f"--p-target {prior}: write numbers between 0 and 1")
    return args


def is_probability(text: str) -> bool:
    """Tell whether a text is a number between 0 and 1."""
    try:
        return 0 < float(text) < 1
    except ValueError:
        return False


def main() -> None:
    """Evaluate, print a table, and write the JSON."""
    args = parse_arguments()
    trials = read_trials(args.trials)
    check_both_kinds(args.trials, trials)
    scores = join_scores(trials, read_scores(args.scores), args.allow_extra)
    results = evaluate(scores, trials["target"].to_numpy(), args.p_target)
    print_results(results)
    if args.json:
        facts = trial_list_facts(args.trials) | program_facts()
        text = json.dumps(results | facts | {"p_target": args.p_target}, indent=1)
        with replacing_file(args.json) as temporary:
            temporary.write_text(text + "\n")


def print_results(results: dict) -> None:
    """Print the metrics, one a line."""
    lines = [
        ("trials", f"{results['n_target']} target, {results['n_nontarget']} nontarget"),
        ("EER", f"{100 * results['eer']:.4f} %"),
        ("EER (ROCCH)", f"{100 * results['eer_rocch']:.4f} %"),
        ("threshold at EER", f"{results['threshold_eer']:.6g}"),
    ]
    for name, key in (("minDCF", "min_dcf"), ("actDCF", "act_dcf")):
        for prior, value in results[key].items():
            lines.append((f"{name} (p = {prior})", f"{value:.4f}"))
    lines += [("Cllr", f"{results['cllr']:.4f}")]
    lines += [("minCllr", f"{results['min_cllr']:.4f}")]
    for name, value in lines:
        print(f"{name:<20} {value}")


if __name__ == "__main__":
    run_program(main)
