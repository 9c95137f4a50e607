"""Identification metrics of a score file: rank-k rates, mAP, open-set DIR.

Every test utterance is scored against all enrolled models; its models are those that
target trials name. A test without target trial is an unknown speaker (open set); of a
test's several models, the best counts. Models with the same target trials are
templates of one speaker, and score as the highest of them. With --embeddings, the Deep
Speaker paper's protocol too: one positive against 99 negatives for each utterance.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from local.setup.lists import (
    add_list_options,
    join_program_scores,
    label_form,
    warn_if_reversed,
)
from utils.embeddings.files import read_embeddings
from utils.runtime.atomic import replacing_file
from utils.runtime.errors import UserError
from utils.runtime.program import run_program

if TYPE_CHECKING:
    from utils.metrics.gallery import Gallery


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
    add_list_options(parser, with_scores=True, with_direction=True)
    args = parser.parse_args()
    if args.embeddings and not args.metadata:
        parser.error("--embeddings needs --metadata, its manifest")
    return args


def main() -> None:
    """Evaluate, print, and write the JSON and the picture."""
    args = parse_arguments()

    from utils.metrics.gallery import identify, join_templates
    from utils.report.plots import save_figure
    from utils.report.provenance import program_facts, trial_list_facts
    from utils.report.score_plots import cmc_curve

    tests, templates = read_gallery(args)
    gallery = join_templates(templates)
    n_templates, n_models = templates.scores.shape[1], gallery.scores.shape[1]
    if n_templates > n_models:
        print(
            f"{n_templates} models are templates of {n_models} speakers; each speaker "
            "scores as the highest of theirs"
        )
    try:
        results = identify(gallery, args.rank, args.fpir)
    except ValueError as error:
        raise UserError(f"{args.trials}: {error}") from None
    if args.bootstrap:
        results["ci"] = resample(args, tests, gallery)
    if args.embeddings:
        results["hundred_way"] = evaluate_embeddings(args)
    for name, value in results.items():
        print(f"{name:<20} {value}")
    if args.plots:
        figure = cmc_curve({args.scores.stem: gallery.curve()})
        save_figure(figure, args.plots / "cmc")
    if args.json:
        facts = trial_list_facts(args.trials) | program_facts()
        facts["lower_is_same"] = args.lower_is_same
        with replacing_file(args.json) as temporary:
            temporary.write_text(json.dumps(results | facts, indent=1) + "\n")


def read_gallery(args: argparse.Namespace) -> tuple[np.ndarray, Gallery]:
    """Return the tests, and their scores and labels against all models."""
    from utils.metrics.detection import equal_error_rate
    from utils.metrics.gallery import Gallery
    from utils.trials.lists import read_trials

    trials = read_trials(args.trials, label_form(args))
    trials["score"] = join_program_scores(args.scores, trials, args)
    shape = trials["test"].nunique(), trials["enrol"].nunique()
    if len(trials) != shape[0] * shape[1] or trials.duplicated(["enrol", "test"]).any():
        raise UserError(
            f"{args.trials}: {len(trials)} trials of {shape[0]} tests and {shape[1]} "
            "models; identification needs every test against every model, once"
        )
    table = trials.sort_values(["test", "enrol"])
    tests = table["test"].astype(str).to_numpy().reshape(shape)[:, 0]
    scores, is_target = table["score"].to_numpy(), table["target"].to_numpy()
    if is_target.any() and not is_target.all():
        warn_if_reversed(args, args.scores, equal_error_rate(scores, is_target))
    return tests, Gallery(scores.reshape(shape), is_target.reshape(shape))


def resample(args: argparse.Namespace, tests: np.ndarray, gallery: Gallery) -> dict:
    """Return intervals from resamples of the tests' speakers.

    Without a manifest, the models are the speakers.
    """
    from utils.data.manifest import read_manifest
    from utils.metrics.bootstrap import draw_counts
    from utils.metrics.gallery import identification_intervals, test_speakers

    speakers = test_speakers(gallery)
    if args.metadata:
        speaker_of = read_manifest(args.metadata).set_index("ID")["spk_id"]
        missing = [name for name in tests if name not in speaker_of.index]
        if missing:
            raise UserError(f"{args.metadata}: no row of {missing[0]!r}; add it")
        names = speaker_of[tests].to_numpy()
        speakers = np.unique(names, return_inverse=True)[1]
    counts = draw_counts(speakers.max() + 1, args.bootstrap, args.seed)
    return identification_intervals(gallery, speakers, counts, args.rank, args.fpir)


def evaluate_embeddings(args: argparse.Namespace) -> dict:
    """Apply the Deep Speaker paper's protocol to embeddings."""
    from utils.data.manifest import read_manifest
    from utils.metrics.identification import hundred_way_protocol

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
