"""Stage 6: score a trial list with a back-end.

cosine: cosine similarity of the embeddings. centred: the same, after the mean of
the training embeddings (--cohort) is subtracted. lda: the same, after discriminant
analysis on the training embeddings.
"""

import argparse
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from local.hyperparameters import load_hyperparameters
from utils.backend import fit_lda, fit_mean
from utils.embedding_files import read_embeddings
from utils.enrolment import read_enrolment
from utils.errors import UserError
from utils.features import read_skipped
from utils.manifest import read_manifest
from utils.program import run_program
from utils.score_files import write_scores
from utils.scoring import average_enrolments, score_cosine
from utils.trials import drop_trials_of, read_trials

BACKENDS = ("cosine", "centred", "lda")


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--backend", choices=BACKENDS, required=True)
    parser.add_argument("--enrol", required=True, help="prefix of embeddings")
    parser.add_argument("--test", required=True, help="prefix of embeddings")
    parser.add_argument("--trials", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True, help="score file to write")
    parser.add_argument(
        "--enrol-models", type=Path, help="enrolment list: model utt utt ..."
    )
    parser.add_argument("--cohort", help="prefix of the training embeddings")
    parser.add_argument("--cohort-manifest", help="manifest of the training part")
    parser.add_argument("--hparams", default="hparams/backend.yaml")
    parser.add_argument(
        "--features", type=Path, help="leave out what this folder records as skipped"
    )
    args = parser.parse_args()
    if args.backend != "cosine" and not args.cohort:
        parser.error(f"--backend {args.backend} needs --cohort to learn from")
    if args.backend == "lda" and not args.cohort_manifest:
        parser.error("--backend lda needs --cohort-manifest, which tells who speaks")
    return args


def main() -> None:
    """Score the trials."""
    args = parse_arguments()
    models = read_enrolment(args.enrol_models) if args.enrol_models else {}
    trials = read_trials(args.trials)
    if args.features:
        skipped = read_skipped(args.features)
        trials = drop_trials_of(trials, skipped, models)
        models = without_skipped(models, skipped)
    transform = fit_backend(args)
    enrol_ids, enrol = read_embeddings(args.enrol)
    test_ids, test = read_embeddings(args.test)
    enrol, test = transform(enrol), transform(test)
    if models:
        check_utterances(args.enrol_models, models, enrol_ids)
        enrol_ids, enrol = average_enrolments(enrol, enrol_ids, models)
    enrol_rows = rows_of(trials["enrol"], enrol_ids, args.trials)
    test_rows = rows_of(trials["test"], test_ids, args.trials)
    scores = score_cosine(enrol, test, enrol_rows, test_rows)
    write_scores(args.out, trials.assign(score=scores))
    print(f"{len(scores)} scores: {args.out}")


def fit_backend(args: argparse.Namespace) -> Callable[[np.ndarray], np.ndarray]:
    """Learn the back-end's transform of embeddings."""
    if args.backend == "cosine":
        return np.asarray
    ids, cohort = read_embeddings(args.cohort)
    if args.backend == "centred":
        return fit_mean(cohort)
    manifest = read_manifest(args.cohort_manifest).set_index("ID")
    unknown = [name for name in ids if name not in manifest.index]
    if unknown:
        raise UserError(
            f"{args.cohort_manifest}: no row of {unknown[0]!r}; name the manifest "
            "that the cohort was extracted from"
        )
    settings = load_hyperparameters(args.hparams)["lda"]
    speakers = manifest.loc[ids, "spk_id"].to_numpy()
    try:
        return fit_lda(cohort, speakers, **settings)
    except ValueError as error:
        raise UserError(f"{args.cohort}.npy: {error}; use more speakers") from None


def without_skipped(
    models: dict[str, list[str]], skipped: set[str]
) -> dict[str, list[str]]:
    """Leave unreadable utterances out of models, and models that have no other."""
    kept = {
        model: [name for name in names if name not in skipped]
        for model, names in models.items()
    }
    return {model: names for model, names in kept.items() if names}


def check_utterances(path: Path, models: dict[str, list[str]], ids: list[str]) -> None:
    """Raise a `UserError` when a model names an utterance without embedding."""
    known = set(ids)
    for line, (model, names) in enumerate(models.items(), start=1):
        for name in names:
            if name not in known:
                raise UserError(
                    f"{path}:{line}: model {model!r}: no embedding of {name!r}; "
                    "extract it, or take it out"
                )


def rows_of(names: pd.Series, ids: list[str], path: Path) -> np.ndarray:
    """Find the embedding of every trial's side."""
    row_of_category = pd.Index(ids).get_indexer(names.cat.categories)
    rows = row_of_category[names.cat.codes]
    if (rows < 0).any():
        line = int((rows < 0).argmax())
        n_unknown = len(set(names[rows < 0]))
        raise UserError(
            f"{path}:{line + 1}: no embedding of {names[line]!r} ({n_unknown} unknown "
            "ids); extract it, or correct the trial list"
        )
    return rows


if __name__ == "__main__":
    run_program(main)
