"""Compare two systems on the same trials: difference, interval, p-value.

Both are evaluated on the same resamples of the speakers, so what makes a speaker
hard for both does not blur the difference (B minus A).
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, cast

from local.setup.lists import warn_if_reversed
from local.setup.scored_trials import (
    add_arguments,
    point_name,
    read_joined,
    read_protocol,
)
from utils.report.tables import comparison_table
from utils.runtime.atomic import replacing_file
from utils.runtime.program import run_program

if TYPE_CHECKING:
    from utils.metrics.bootstrap import Resampling


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("trials", type=Path)
    parser.add_argument("scores_a", type=Path, metavar="A", help="score file")
    parser.add_argument("scores_b", type=Path, metavar="B", help="score file")
    add_arguments(parser)
    parser.add_argument(
        "--cost", nargs="+", action="extend", default=[], type=point_name,
        metavar="C_MISS,C_FA,P_TARGET", help="more detection costs, such as 10,1,0.01",
    )  # fmt: skip
    parser.set_defaults(bootstrap=1000)
    args = parser.parse_args()
    if args.bootstrap < 100:
        parser.error("--bootstrap: a comparison needs 100 resamples or more")
    return args


def main() -> None:
    """Compare, print a table, and write the JSON."""
    args = parse_arguments()

    from utils.metrics.comparison import compare_systems
    from utils.report.provenance import program_facts, trial_list_facts

    protocol = read_protocol(args)
    resampling = cast("Resampling", protocol.resampling)
    paths = args.scores_a, args.scores_b
    scores = [read_joined(path, protocol, args) for path in paths]
    p_targets = [*args.p_target, *args.cost]
    results = compare_systems(scores, protocol.is_target, p_targets, resampling)
    for path, system in zip(paths, "ab", strict=True):
        warn_if_reversed(args, path, results["eer"][system])
    print(comparison_table(results))
    if args.json:
        facts = trial_list_facts(args.trials) | program_facts()
        files = {"a": str(args.scores_a), "b": str(args.scores_b)}
        files["lower_is_same"] = args.lower_is_same
        text = json.dumps({"metrics": results} | files | facts, indent=1)
        with replacing_file(args.json) as temporary:
            temporary.write_text(text + "\n")


if __name__ == "__main__":
    run_program(main)
