"""Stage 7 of run.sh --task: what was told of the test speakers, evaluated.

Writes EXP/results.json and EXP/report.html and prints the table: systems tested on
speakers apart from the training first, what splits that share speakers would have given
below. Intervals (95 %) resample test speakers.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from utils.runtime.atomic import replacing_file
from utils.runtime.program import run_program

SETTINGS = Path("hparams/attributes.yaml")


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--exp", type=Path, required=True, help="experiment folder")
    parser.add_argument("--model", type=Path, help="trained model that embedded")
    parser.add_argument("--hparams", type=Path, default=SETTINGS)
    return parser.parse_args()


def main() -> None:
    """Evaluate, write both files and print the table."""
    args = parse_arguments()

    from local.setup.attribute_results import read_told, task_facts
    from local.setup.attributes import read_task_rows
    from local.setup.hyperparameters import load_hyperparameters
    from utils.attributes.results import (
        best_head,
        detail_rows,
        results_notes,
        results_page,
        results_table,
    )
    from utils.attributes.told import evaluate_told
    from utils.report.page import render_text_table

    settings = load_hyperparameters(args.hparams)
    task, rows, division = read_task_rows(args.exp)
    told = read_told(args.exp, task, rows)
    how = task, settings["n_resamples"], settings["seed"]
    results = [evaluate_told(own, *how) for own in told]
    facts = task_facts(args.exp, args.model, task, division)
    with replacing_file(args.exp / "results.json") as temporary:
        temporary.write_text(json.dumps([r | facts for r in results], indent=1) + "\n")
    with replacing_file(args.exp / "report.html") as temporary:
        title = f"{task.column}: {args.exp.name}"
        page = results_page(title, results, told, task, facts)
        temporary.write_text(page, encoding="utf-8")
    print(render_text_table(*results_table(results, task), n_names=3))
    print(*results_notes(results, task), sep="\n")
    chosen = best_head(results, facts["losses"])
    print(f"\n{chosen['system']}, chosen by training speakers left out:")
    print(render_text_table(*detail_rows(chosen, task), n_names=1))


if __name__ == "__main__":
    run_program(main)
