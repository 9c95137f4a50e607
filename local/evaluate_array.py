"""EER and minDCF of very many scores: two arrays, read in pieces.

SCORES.npy holds floats and LABELS.npy, of the same length, 1 for target trials and
0 for the others. Memory is bounded, whatever their length.
"""

import argparse
import json
from pathlib import Path

from local.setup.lists import add_direction, warn_if_reversed
from local.setup.scored_trials import point_name, prior_text
from utils.metrics.costs import parse_point
from utils.metrics.out_of_core import StreamedScores
from utils.runtime.arrays import open_array
from utils.runtime.atomic import replacing_file
from utils.runtime.errors import UserError
from utils.runtime.program import run_program


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("scores", type=Path, metavar="SCORES.npy")
    parser.add_argument("labels", type=Path, metavar="LABELS.npy")
    parser.add_argument("--json", type=Path, help="file to write")
    parser.add_argument(
        "--p-target", nargs="+", default=["0.01", "0.05"], type=prior_text, metavar="P"
    )
    parser.add_argument(
        "--cost", nargs="+", action="extend", default=[], type=point_name,
        metavar="C_MISS,C_FA,P_TARGET", help="more detection costs, such as 10,1,0.01",
    )  # fmt: skip
    add_direction(parser)
    return parser.parse_args()


def main() -> None:
    """Evaluate, print, and write the JSON."""
    args = parse_arguments()

    from utils.report.provenance import program_facts

    try:
        arrays = open_array(args.scores), open_array(args.labels)
        streamed = StreamedScores(*arrays, args.lower_is_same)
        eer = streamed.equal_error_rate()
        points = {name: parse_point(name) for name in [*args.p_target, *args.cost]}
        costs = {
            name: streamed.min_dcf(point.p_target, point.c_miss, point.c_fa)
            for name, point in points.items()
        }
    except ValueError as error:
        raise UserError(f"{args.scores}, {args.labels}: {error}") from None
    n_target, n_nontarget = streamed.total
    print(f"trials               {n_target} target, {n_nontarget} nontarget")
    print(f"EER                  {100 * eer:.4f} %")
    for name, cost in costs.items():
        point = name if "," in name else f"p = {name}"
        print(f"minDCF ({point})    {cost:.4f}")
    warn_if_reversed(args, args.scores, eer)
    if args.json:
        results = {"eer": eer, "min_dcf": costs}
        results |= {"n_target": n_target, "n_nontarget": n_nontarget}
        results["lower_is_same"] = args.lower_is_same
        with replacing_file(args.json) as temporary:
            temporary.write_text(json.dumps(results | program_facts(), indent=1) + "\n")


if __name__ == "__main__":
    run_program(main)
