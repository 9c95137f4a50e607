"""Stage 7: evaluate every score file of an experiment and report.

Writes EXP/results.json (all metrics, each with where it comes from) and
EXP/report.html (table, error trade-offs, training curves), and prints the table.
"""

import argparse
import json
import sys
from pathlib import Path

import numpy as np

from local.setup.lists import (
    add_list_options,
    join_program_scores,
    label_form,
    warn_if_reversed,
)
from local.setup.scored_trials import point_name, prior_text
from utils.metrics.error_rates import error_rates
from utils.metrics.evaluation import evaluate
from utils.report.page import (
    render_facts,
    render_figure,
    render_page,
    render_table,
    render_text_table,
)
from utils.runtime.atomic import replacing_file
from utils.runtime.errors import UserError
from utils.runtime.program import run_program
from utils.trials.enrolment import read_enrolment
from utils.trials.score_facts import facts_path, read_score_facts

# what each result keeps of its score file's JSON; calibrated: scores are LLRs
SCORE_FACTS = "trials", "backend", "calibrated", "system", "system_sha256"


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

    from utils.report.provenance import trial_list_facts

    facts = experiment_facts(args)
    results, curves = [], {}
    lists = {path.stem for path in (args.data / "trials").glob("*.txt")}
    for path in find_scores(args.exp / "scores"):
        own = facts_of_scores(path, lists)
        name, backend = str(own["trials"]), own["backend"]
        scored = read_scored_trials(args, path, name)
        if scored is None:
            print(f"{path}: its trials have no labels; not evaluated", file=sys.stderr)
            continue
        scores, is_target = scored
        metrics = evaluate(scores, is_target, args.p_target)
        warn_if_reversed(args, path, metrics["eer"])
        where = trial_list_facts(args.data / "trials" / f"{name}.txt")
        results.append(own | where | metrics | facts)
        curves[f"{name}, {backend}"] = error_rates(scores, is_target)
    with replacing_file(args.exp / "results.json") as temporary:
        temporary.write_text(json.dumps(results, indent=1) + "\n")
    header, rows = results_table(results, args.p_target)
    with replacing_file(args.exp / "report.html") as temporary:
        temporary.write_text(page(args.exp, facts, (header, rows), curves), "utf-8")
    print(render_text_table(header, rows))


def find_scores(folder: Path) -> list[Path]:
    """Return the score files, or say that there are none."""
    paths = sorted(folder.glob("*.txt"), key=lambda path: path.stem)
    if not paths:
        raise UserError(f"{folder}: no score files; run stage 6 first")
    return paths


def facts_of_scores(path: Path, lists: set[str]) -> dict[str, object]:
    """Return what a score file is of, from the JSON beside it.

    A file without one, from another tool, is put in the folder under the name of its
    trial list, perhaps with a dot and more: what it is of is unknown, and its scores
    are not taken for log-likelihood ratios.
    """
    facts = read_score_facts(path)
    if facts:
        return {key: facts.get(key) for key in SCORE_FACTS}
    of_list = [name for name in lists if f"{path.stem}.".startswith(f"{name}.")]
    if not of_list:
        raise UserError(
            f"{path}: no {facts_path(path).name} says which trial list it is of; name "
            f"the file after the list: {', '.join(sorted(lists))}"
        )
    name = max(of_list, key=len)
    own = {"trials": name, "backend": path.stem.removeprefix(name).strip(".")}
    return dict.fromkeys(SCORE_FACTS) | own | {"calibrated": False}


def read_scored_trials(
    args: argparse.Namespace, path: Path, name: str
) -> tuple[np.ndarray, np.ndarray] | None:
    """Return the scores and labels of a trial list, less what was left out.

    None where it has no labels.
    """
    from utils.features.store import read_skipped
    from utils.trials.lists import check_both_kinds, leave_out, read_trials

    trials_path = args.data / "trials" / f"{name}.txt"
    enrolment = args.data / "enrol" / f"{name}.txt"
    models = read_enrolment(enrolment) if enrolment.is_file() else {}
    skipped = read_skipped(args.features)
    trials = read_trials(trials_path, label_form(args), needs_labels=False)
    if "target" not in trials:
        return None
    trials, _ = leave_out(trials, models, skipped)
    check_both_kinds(trials_path, trials)
    return join_program_scores(path, trials, args), trials["target"].to_numpy()


def experiment_facts(args: argparse.Namespace) -> dict:
    """Collect what all results of the experiment have in common."""
    from utils.features.store import read_skipped
    from utils.features.summary import read_silent
    from utils.report.provenance import program_facts, shared_speakers

    trained = args.model / "experiment.json"
    model = json.loads(trained.read_text()) if trained.is_file() else {}
    shared = shared_speakers(args.data)
    return {
        "corpus": args.data.name,
        "model": model.get("model"),
        "seed": model.get("seed"),
        "n_parameters": model.get("n_parameters"),
        "valid_eer": model.get("valid_eer"),
        "train_and_test_share_a_speaker": bool(shared),
        "shared_speakers": shared,
        "skipped_utterances": sorted(read_skipped(args.features)),
        "silent_utterances": read_silent(args.features),
        "p_target": args.p_target,
    } | program_facts()


def results_table(
    results: list[dict], priors: list[str]
) -> tuple[list[str], list[list[str]]]:
    """Lay the results out as rows of text."""
    header = ["trials", "backend", "targets", "nontargets", "EER %"]
    header += [f"minDCF {prior}" for prior in priors]
    with_llrs = any(result["calibrated"] for result in results)
    if with_llrs:
        header += [*(f"actDCF {prior}" for prior in priors), "Cllr"]
    rows = []
    for result in results:
        row = [
            result["trials"],
            result["backend"],
            str(result["n_target"]),
            str(result["n_nontarget"]),
            f"{100 * result['eer']:.2f}",
            *(f"{result['min_dcf'][prior]:.3f}" for prior in priors),
        ]
        if with_llrs:
            values = [*(result["act_dcf"][prior] for prior in priors), result["cllr"]]
            row += [f"{x:.3f}" if result["calibrated"] else "-" for x in values]
        rows.append(row)
    return header, rows


def page(
    exp: Path,
    facts: dict,
    table: tuple[list[str], list[list[str]]],
    curves: dict,
) -> str:
    """Put the report together."""
    from utils.report.plots import svg_text, training_curves
    from utils.report.score_plots import det_curve

    parts = [render_table(*table)]
    if facts["train_and_test_share_a_speaker"]:
        names = ", ".join(facts["shared_speakers"])
        parts.insert(0, f'<p class="warning">In train and in test: {names}</p>')
    parts.append(
        render_figure(
            svg_text(det_curve(curves)), "Detection error trade-offs of all systems"
        )
    )
    logs = read_logs(exp)
    if logs:
        caption = "Training: the dot is the epoch that was kept"
        parts.append(render_figure(svg_text(training_curves(logs)), caption))
    return render_page(f"{exp.parent.name}: {exp.name}", [*parts, render_facts(facts)])


def read_logs(exp: Path) -> dict[str, list[dict]]:
    """Read the log of every phase, a JSON record a line, in the order of training."""
    paths = [p for p in exp.glob("*/log.jsonl") if not p.parent.suffix]
    paths.sort(key=lambda path: path.stat().st_mtime)
    logs = {p.parent.name: p.read_text(encoding="utf-8").splitlines() for p in paths}
    return {
        phase: [json.loads(line) for line in lines] for phase, lines in logs.items()
    }


if __name__ == "__main__":
    run_program(main)
