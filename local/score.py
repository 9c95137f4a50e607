"""Stage 6: score a trial list with a back-end.

The back-end is a folder that local.train_backend wrote, or the word cosine, which
needs no training. The scores of a calibrated one are natural-log likelihood ratios.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from utils.runtime.errors import UserError
from utils.runtime.program import run_program
from utils.trials.enrolment import read_enrolment

if TYPE_CHECKING:
    import pandas as pd

    from utils.backend.backend import Backend, Side


class Sides(NamedTuple):
    """Both sides of a trial list, and the name of each model and test."""

    enrol: Side
    test: Side
    models: list[str]
    tests: list[str]


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--backend", required=True, help="cosine, or a folder")
    parser.add_argument("--enrol", required=True, help="prefix of embeddings")
    parser.add_argument("--test", required=True, help="prefix of embeddings")
    parser.add_argument("--trials", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True, help="score file to write")
    parser.add_argument(
        "--enrol-models", type=Path, help="enrolment list: model utt utt ..."
    )
    parser.add_argument(
        "--metadata",
        help="manifest of both sides: their speakers leave the cohort, and quality "
        "measures are read from it",
    )
    parser.add_argument(
        "--features", type=Path, help="leave out what this folder records as skipped"
    )
    parser.add_argument(
        "--force", action="store_true", help="allow speakers of the calibration"
    )
    return parser.parse_args()


def main() -> None:
    """Score the trials."""
    args = parse_arguments()

    from utils.backend.backend import score_trials
    from utils.data.manifest import read_manifest
    from utils.trials.scores import write_scores

    trials, enrolment = read_lists(args)
    manifest = read_manifest(args.metadata) if args.metadata else None
    backend = read_backend(args, manifest)
    sides = read_sides(args, backend, enrolment, manifest)
    enrol_rows = rows_of(trials["enrol"], sides.models, args.trials)
    test_rows = rows_of(trials["test"], sides.tests, args.trials)
    calibration = backend.calibration
    quality = calibration.quality if calibration else ()
    try:
        columns = score_trials(backend, *sides[:2], enrol_rows, test_rows, quality)
    except ValueError as error:
        raise UserError(f"{args.backend}: {error}; use more speakers") from None
    scores = calibration.fusion(columns) if calibration else columns[:, 0]
    write_scores(args.out, trials.assign(score=scores))
    print(f"{len(scores)} scores: {args.out}")


def read_lists(args: argparse.Namespace) -> tuple[pd.DataFrame, dict[str, list[str]]]:
    """Read trials and enrolment, less what could not be read."""
    from utils.features.store import read_skipped
    from utils.trials.lists import leave_out, read_trials

    models = read_enrolment(args.enrol_models) if args.enrol_models else {}
    trials = read_trials(args.trials)
    skipped = read_skipped(args.features) if args.features else set()
    return leave_out(trials, models, skipped)


def read_backend(args: argparse.Namespace, manifest: pd.DataFrame | None) -> Backend:
    """Load the back-end; the tests' speakers leave its cohort."""
    from utils.backend.files import open_backend

    backend = open_backend(args.backend, (args.enrol, args.test))
    if manifest is None:
        return backend
    speakers = set(manifest["spk_id"])
    if backend.calibration and not args.force:
        shared = sorted(speakers & set(backend.calibration.speakers))
        if shared:
            raise UserError(
                f"{args.metadata}: {len(shared)} speakers, such as {shared[0]!r}, "
                "are those of the calibration; calibrate on others, or say --force"
            )
    backend, n_left_out = backend.without_cohort_of(speakers)
    if n_left_out:
        print(f"{n_left_out} cohort speakers are in {args.metadata}: left out")
    return backend


def read_sides(
    args: argparse.Namespace,
    backend: Backend,
    enrolment: dict[str, list[str]],
    manifest: pd.DataFrame | None,
) -> Sides:
    """Read the embeddings, map them to the back-end's space and enrol the models."""
    from utils.backend.backend import Side
    from utils.backend.files import read_prepared
    from utils.backend.quality import model_measures, utterance_measures

    names = backend.calibration.quality if backend.calibration else ()
    prepared, measures, ids = {}, {}, {}
    for prefix in {args.enrol, args.test}:
        ids[prefix], embeddings, prepared[prefix] = read_prepared(backend, prefix)
        try:
            measures[prefix] = utterance_measures(
                names, ids[prefix], embeddings, manifest
            )
        except ValueError as error:
            raise UserError(f"{prefix}.npy: {error}") from None
    models, rows = model_rows(args.enrol_models, enrolment, ids[args.enrol])
    enrol = Side(
        backend.enrol(prepared[args.enrol], rows),
        model_measures(measures[args.enrol], rows),
    )
    test = Side(backend.enrol_single(prepared[args.test]), measures[args.test])
    return Sides(enrol, test, models, ids[args.test])


def model_rows(
    path: Path | None, enrolment: dict[str, list[str]], ids: list[str]
) -> tuple[list[str], list[np.ndarray]]:
    """Return the models and their utterances' rows; each utterance without a list."""
    if not enrolment:
        return ids, [np.array([row]) for row in range(len(ids))]
    row_of = {name: row for row, name in enumerate(ids)}
    for line, (model, names) in enumerate(enrolment.items(), start=1):
        for name in names:
            if name not in row_of:
                raise UserError(
                    f"{path}:{line}: model {model!r}: no embedding of {name!r}; "
                    "extract it, or take it out"
                )
    rows = [np.array([row_of[name] for name in own]) for own in enrolment.values()]
    return list(enrolment), rows


def rows_of(names: pd.Series, ids: list[str], path: Path) -> np.ndarray:
    """Find the embedding of every trial's side."""
    import pandas as pd

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
