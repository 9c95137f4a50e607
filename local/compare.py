"""Compare two systems on the same trials: difference, interval, p-value.

Both are evaluated on the same resamples of the speakers, so what makes a speaker
hard for both does not blur the difference (B minus A).
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, cast

from local.setup.scored_trials import add_arguments, read_joined, read_protocol
from utils.metrics.evaluation import evaluate
from utils.report.page import render_text_table
from utils.runtime.atomic import replacing_file
from utils.runtime.program import run_program

if TYPE_CHECKING:
    import pandas as pd


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("trials", type=Path)
    parser.add_argument("scores_a", type=Path, metavar="A", help="score file")
    parser.add_argument("scores_b", type=Path, metavar="B", help="score file")
    add_arguments(parser)
    parser.set_defaults(bootstrap=1000)
    args = parser.parse_args()
    if args.bootstrap < 100:
        parser.error("--bootstrap: a comparison needs 100 resamples or more")
    return args


def main() -> None:
    """Compare, print a table, and write the JSON."""
    args = parse_arguments()

    from utils.metrics.bootstrap import (
        ScoredTrials,
        Speakers,
        bootstrap,
        draw_counts,
        flat_metrics,
    )
    from utils.report.provenance import program_facts, trial_list_facts

    protocol = read_protocol(args)
    is_target, speakers = protocol.is_target, cast(Speakers, protocol.speakers)
    scores = [
        read_joined(path, protocol, args) for path in (args.scores_a, args.scores_b)
    ]
    whole = [flat_metrics(evaluate(each, is_target, args.p_target)) for each in scores]
    systems = [ScoredTrials(each, is_target, speakers) for each in scores]
    counts = draw_counts(speakers.n_speakers, args.bootstrap, args.seed)
    samples = bootstrap(systems, args.p_target, counts, args.nj)
    results = compare(whole, samples)
    print(comparison_table(results))
    if args.json:
        facts = trial_list_facts(args.trials) | program_facts()
        files = {"a": str(args.scores_a), "b": str(args.scores_b)}
        text = json.dumps({"metrics": results} | files | facts, indent=1)
        with replacing_file(args.json) as temporary:
            temporary.write_text(text + "\n")


def compare(whole: list[dict], samples: list[pd.DataFrame]) -> dict[str, dict]:
    """Return for each metric both values, their difference, interval and p-value."""
    import pandas as pd

    from utils.metrics.bootstrap import p_value

    results = {}
    for name in samples[0]:
        if name == "threshold_eer":
            continue
        differences = (samples[1][name] - samples[0][name]).to_numpy()
        low, high = pd.Series(differences).quantile([0.025, 0.975])
        results[name] = {
            "a": whole[0][name],
            "b": whole[1][name],
            "difference": whole[1][name] - whole[0][name],
            "ci": [float(low), float(high)],
            "p_value": p_value(differences),
        }
    return results


def comparison_table(results: dict[str, dict]) -> str:
    """Lay the comparison out."""
    header = ["metric", "A", "B", "B - A", "95 % interval", "p"]
    rows = [
        [
            name,
            f"{found['a']:.4f}",
            f"{found['b']:.4f}",
            f"{found['difference']:+.4f}",
            "{:+.4f} to {:+.4f}".format(*found["ci"]),
            f"{found['p_value']:.3f}",
        ]
        for name, found in results.items()
    ]
    return render_text_table(header, rows)


if __name__ == "__main__":
    run_program(main)
