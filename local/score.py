"""Stage 6: score a trial list with a back-end.

cosine: cosine similarity of the embeddings. centred: the same, after the mean of
the training embeddings (--cohort) is subtracted. lda: the same, after discriminant
analysis on the training embeddings. plda: log-likelihood ratios of PLDA after that.
Each may be followed by a score normalisation against the training speakers, such
as cosine+asnorm.
"""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from local.hyperparameters import load_hyperparameters
from utils.backend import fit_lda, fit_mean
from utils.embedding_files import read_embeddings
from utils.enrolment import read_enrolment
from utils.errors import UserError
from utils.features import read_skipped
from utils.manifest import read_manifest
from utils.normalization import Normaliser
from utils.plda_training import fit_plda
from utils.program import run_program
from utils.score_files import write_scores
from utils.scorers import CosineScorer, Models, PldaScorer, Scorer
from utils.scoring import length_normalise, score_pairs
from utils.trials import drop_trials_of, read_trials

BACKENDS = ("cosine", "centred", "lda", "plda")
NORMS = {
    "znorm": "z", "tnorm": "t", "snorm": "s", "ztnorm": "zt", "asnorm": "as",
    "asnorm-cross": "as-cross",
}  # fmt: skip


class Backend(NamedTuple):
    """A back-end's name in two parts; no normalisation is an empty text."""

    core: str
    norm: str


class Cohort(NamedTuple):
    """Training embeddings (N, D) and who speaks in each."""

    embeddings: np.ndarray
    speakers: np.ndarray


def backend_name(text: str) -> Backend:
    """Read a back-end's name, such as ``plda+snorm``."""
    core, _, norm = text.partition("+")
    if core not in BACKENDS or (norm and norm not in NORMS):
        raise argparse.ArgumentTypeError(
            f"{text!r}: write one of {', '.join(BACKENDS)}, perhaps followed by + and "
            f"one of {', '.join(NORMS)}"
        )
    return Backend(core, norm)


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--backend", type=backend_name, required=True, metavar="NAME")
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
    if args.backend != Backend("cosine", "") and not args.cohort:
        parser.error(f"--backend {'+'.join(args.backend)} needs --cohort to learn from")
    if (args.backend.core in ("lda", "plda") or args.backend.norm) and (
        not args.cohort_manifest
    ):
        parser.error("this back-end needs --cohort-manifest, which tells who speaks")
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
    settings = load_hyperparameters(args.hparams)
    cohort = read_cohort(args)
    scorer = fit_scorer(args, settings, cohort)
    enrol_ids, enrol = read_embeddings(args.enrol)
    test_ids, test = read_embeddings(args.test)
    tests, enrolled = scorer.prepare(test), scorer.prepare(enrol)
    names, rows = enrol_ids, [np.array([row]) for row in range(len(enrol_ids))]
    if models:
        check_utterances(args.enrol_models, models, enrol_ids)
        row_of = {name: row for row, name in enumerate(enrol_ids)}
        names = list(models)
        rows = [np.array([row_of[name] for name in own]) for own in models.values()]
    sides = scorer.enrol(enrolled, rows), tests
    score_block = block_scores(args, settings, scorer, sides, cohort)
    enrol_rows = rows_of(trials["enrol"], names, args.trials)
    test_rows = rows_of(trials["test"], test_ids, args.trials)
    scores = score_pairs(score_block, len(names), enrol_rows, test_rows)
    write_scores(args.out, trials.assign(score=scores))
    print(f"{len(scores)} scores: {args.out}")


def read_cohort(args: argparse.Namespace) -> Cohort | None:
    """Read the training embeddings that the back-end learns from, if any."""
    if args.backend == Backend("cosine", ""):
        return None
    ids, embeddings = read_embeddings(args.cohort)
    if not args.cohort_manifest:
        return Cohort(embeddings, np.array(ids))
    manifest = read_manifest(args.cohort_manifest).set_index("ID")
    unknown = [name for name in ids if name not in manifest.index]
    if unknown:
        raise UserError(
            f"{args.cohort_manifest}: no row of {unknown[0]!r}; name the manifest "
            "that the cohort was extracted from"
        )
    return Cohort(embeddings, manifest.loc[ids, "spk_id"].to_numpy())


def fit_scorer(
    args: argparse.Namespace, settings: dict, cohort: Cohort | None
) -> Scorer:
    """Learn what the back-end needs from the training embeddings."""
    core = args.backend.core
    if core == "cosine":
        return CosineScorer(np.asarray)
    if core == "centred":
        return CosineScorer(fit_mean(cohort.embeddings))
    try:
        transform = fit_lda(*cohort, **settings["lda"])
        if core == "lda":
            return CosineScorer(transform)
        latent = length_normalise(transform(cohort.embeddings))
        model, training = fit_plda(latent, cohort.speakers, **settings["plda"])
    except ValueError as error:
        raise UserError(f"{args.cohort}.npy: {error}; use more speakers") from None
    first, last = training.log_likelihoods[0], training.log_likelihoods[-1]
    print(
        f"PLDA: log-likelihood of an embedding {first:.2f} to {last:.2f}, condition "
        f"number within speakers {training.condition_number:.3g}, "
        f"{training.n_single} speakers with one utterance"
    )
    return PldaScorer(transform, model)


def block_scores(
    args: argparse.Namespace,
    settings: dict,
    scorer: Scorer,
    sides: tuple[Models, np.ndarray],
    cohort: Cohort | None,
) -> Callable[[slice], np.ndarray]:
    """Return what scores a block of models with all tests, normalised if asked for."""
    models, tests = sides

    def score(rows: slice) -> np.ndarray:
        return scorer.block(Models(*(part[rows] for part in models)), tests)

    if not args.backend.norm:
        return score
    prepared = scorer.prepare(cohort.embeddings)
    labels = np.unique(cohort.speakers, return_inverse=True)[1]
    own = [np.flatnonzero(labels == label) for label in range(labels.max() + 1)]
    impostors = scorer.enrol(prepared, own)  # the mean of each training speaker
    singles = scorer.enrol(impostors.vectors, [np.array([n]) for n in range(len(own))])
    try:
        normalise = Normaliser(
            scorer.block(models, singles.vectors),
            scorer.block(impostors, tests).T,
            NORMS[args.backend.norm],
            settings["norm"]["top"],
            scorer.block(impostors, singles.vectors),
        )
    except ValueError as error:
        raise UserError(f"{args.cohort}.npy: {error}; use more speakers") from None
    return lambda rows: normalise(score(rows), rows)


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
