"""Identification metrics of a score file: rank-k rates, mAP, open-set DIR.

Every test utterance is scored against all enrolled models; its model is the one
that a target trial names. Test utterances without target trial are unknown
speakers (open set). With --embeddings, the Deep Speaker paper's protocol too: one
positive against 99 negatives for each utterance.
"""

import argparse
import json
from pathlib import Path

import numpy as np

from local.setup.lists import add_list_options, label_form, score_form
from utils.embeddings.files import read_embeddings
from utils.metrics.identification import (
    UNKNOWN,
    cmc,
    detection_and_identification,
    hundred_way_protocol,
    mean_average_precision,
)
from utils.runtime.atomic import replacing_file
from utils.runtime.errors import UserError
from utils.runtime.program import run_program

RATES = ("rank", "map", "dir_at_fpir")


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("trials", type=Path, help="all tests against all models")
    parser.add_argument("scores", type=Path)
    parser.add_argument("--json", type=Path, help="file to write")
    parser.add_argument("--rank", nargs="+", type=int, default=[1, 5, 10])
    parser.add_argument("--fpir", nargs="+", type=float, default=[0.01, 0.1])
    parser.add_argument("--plots", type=Path, metavar="DIR", help="write pictures")
    parser.add_argument("--embeddings", type=Path, help="prefix of .npy and .ids")
    parser.add_argument("--metadata", type=Path, help="manifest of the embeddings")
    parser.add_argument("--seed", type=int, default=1986, help="of the negatives")
    parser.add_argument("--bootstrap", type=int, default=0, metavar="N",
        help="95 %% intervals from resamples of the tests' speakers")  # fmt: skip
    add_list_options(parser, with_scores=True)
    args = parser.parse_args()
    if args.embeddings and not args.metadata:
        parser.error("--embeddings needs --metadata, its manifest")
    return args


def main() -> None:
    """Evaluate, print, and write the JSON and the picture."""
    args = parse_arguments()

    from utils.report.plots import save_figure
    from utils.report.provenance import program_facts, trial_list_facts
    from utils.report.score_plots import cmc_curve

    tests, scores, is_target = score_table(args)
    results = identify(args, scores, is_target)
    if args.bootstrap:
        speakers = test_speakers(args, tests, is_target)
        results["ci"] = identification_intervals(args, scores, is_target, speakers)
    if args.embeddings:
        results["hundred_way"] = evaluate_embeddings(args)
    for name, value in results.items():
        print(f"{name:<20} {value}")
    if args.plots:
        curve = cmc(scores, true_models(is_target))
        save_figure(cmc_curve({args.scores.stem: curve}), args.plots / "cmc")
    if args.json:
        facts = trial_list_facts(args.trials) | program_facts()
        with replacing_file(args.json) as temporary:
            temporary.write_text(json.dumps(results | facts, indent=1) + "\n")


def score_table(
    args: argparse.Namespace,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the tests, and scores and labels with a row for each, a column a model."""
    from utils.trials.lists import read_trials
    from utils.trials.scores import join_scores, read_scores

    trials = read_trials(args.trials, label_form(args))
    found = read_scores(args.scores, score_form(args))
    trials["score"] = join_scores(trials, found, args.allow_extra)
    shape = trials["test"].nunique(), trials["enrol"].nunique()
    if len(trials) != shape[0] * shape[1] or trials.duplicated(["enrol", "test"]).any():
        raise UserError(
            f"{args.trials}: {len(trials)} trials of {shape[0]} tests and {shape[1]} "
            "models; identification needs every test against every model, once"
        )
    table = trials.sort_values(["test", "enrol"])
    tests = table["test"].astype(str).to_numpy().reshape(shape)[:, 0]
    scores = table["score"].to_numpy().reshape(shape)
    return tests, scores, table["target"].to_numpy().reshape(shape)


def true_models(is_target: np.ndarray) -> np.ndarray:
    """Return the column of each test's model."""
    return np.where(is_target.any(axis=1), is_target.argmax(axis=1), UNKNOWN)


def identify(
    args: argparse.Namespace, scores: np.ndarray, is_target: np.ndarray
) -> dict:
    """Compute the identification metrics."""
    if (is_target.sum(axis=1) > 1).any() or not is_target.any():
        raise UserError(f"{args.trials}: every test needs one target model, or none")
    models = true_models(is_target)
    n_unknown = int((models == UNKNOWN).sum())
    curve = cmc(scores, models)
    results = {
        "gallery_size": scores.shape[1],
        "n_known": len(models) - n_unknown,
        "n_unknown": n_unknown,
        "rank": {str(k): float(curve[min(k, len(curve)) - 1]) for k in args.rank},
        "map": mean_average_precision(scores, is_target),
    }
    if n_unknown:
        rates = [detection_and_identification(scores, models, f) for f in args.fpir]
        results["dir_at_fpir"] = {
            f"{fpir:g}": rate for fpir, (rate, _) in zip(args.fpir, rates, strict=True)
        }
    return results


def test_speakers(
    args: argparse.Namespace, tests: np.ndarray, is_target: np.ndarray
) -> np.ndarray:
    """Number the tests' speakers: by the manifest, else the models.

    Without a manifest, each unknown test is a speaker of its own.
    """
    from utils.data.manifest import read_manifest

    if args.metadata:
        speaker_of = read_manifest(args.metadata).set_index("ID")["spk_id"]
        missing = [name for name in tests if name not in speaker_of.index]
        if missing:
            raise UserError(f"{args.metadata}: no row of {missing[0]!r}; add it")
        return np.unique(speaker_of[tests].to_numpy(), return_inverse=True)[1]
    models = true_models(is_target)
    own = is_target.shape[1] + np.arange(len(models))
    return np.unique(np.where(models == UNKNOWN, own, models), return_inverse=True)[1]


def identification_intervals(
    args: argparse.Namespace,
    scores: np.ndarray,
    is_target: np.ndarray,
    speakers: np.ndarray,
) -> dict:
    """Evaluate resamples of the tests' speakers against the same gallery."""
    import pandas as pd

    from utils.metrics.bootstrap import draw_counts, flat_metrics, intervals

    counts = draw_counts(speakers.max() + 1, args.bootstrap, args.seed).astype(int)
    rows = []
    for count in counts:
        tests = np.repeat(np.arange(len(speakers)), count[speakers])
        if is_target[tests].any():
            found = identify(args, scores[tests], is_target[tests])
            rows.append(flat_metrics({k: found[k] for k in RATES if k in found}))
    return intervals(pd.DataFrame(rows).dropna())


def evaluate_embeddings(args: argparse.Namespace) -> dict:
    """Apply the Deep Speaker paper's protocol to embeddings."""
    from utils.data.manifest import read_manifest

    ids, embeddings = read_embeddings(args.embeddings)
    manifest = read_manifest(args.metadata).set_index("ID")
    missing = [name for name in ids if name not in manifest.index]
    if missing:
        raise UserError(f"{args.metadata}: no row of {missing[0]!r}; name its manifest")
    units = embeddings / np.linalg.norm(embeddings, axis=1, keepdims=True)
    speakers = manifest.loc[ids, "spk_id"].to_numpy()
    rng = np.random.default_rng(args.seed)
    return hundred_way_protocol(units, speakers, rng)


if __name__ == "__main__":
    run_program(main)
