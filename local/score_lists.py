"""Stage 6: learn the back-ends of an experiment, and score its trial lists with each.

Reads EXP/embeddings, and manifests, trials/ and enrol/ of DATA; writes
EXP/backends/NAME/ and EXP/scores/TRIALS.NAME.txt. What is there and would come out
the same is kept. A back-end that cannot be learnt on these data is left out, with one
line that says why.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from local.setup.lists import add_list_options
from local.setup.notation import SETTINGS, expression
from utils.runtime.errors import UserError
from utils.runtime.program import run_program
from utils.trials.score_facts import facts_path, read_score_facts, write_score_facts

if TYPE_CHECKING:
    from utils.backend.trial_scores import TrialList


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--exp", type=Path, required=True, help="experiment folder")
    parser.add_argument("--data", type=Path, required=True, help="corpus folder")
    parser.add_argument(
        "--backends", type=expression, nargs="+", required=True, metavar="NAME",
        help="such as cosine plda+asnorm+cal",
    )  # fmt: skip
    parser.add_argument("--trials", nargs="*", help="lists by name; none: all")
    parser.add_argument("--features", type=Path, help="default: DATA/features")
    parser.add_argument(
        "--model", type=Path, help="trained model, whose own back-ends serve where the "
        "data have no training speech",
    )  # fmt: skip
    parser.add_argument("--hparams", default=SETTINGS)
    parser.add_argument("--force", action="store_true", help="repeat what is there")
    add_list_options(parser, with_scores=False)
    args = parser.parse_args()
    args.features = args.features or args.data / "features"
    return args


def main() -> None:
    """Learn and score, back-end by back-end."""
    args = parse_arguments()

    from local.setup.backends import Experiment, read_settings

    settings = read_settings(args.hparams)
    for name in args.backends:
        settings.check(name)
    experiment = Experiment(args.exp, args.data, args.model, settings)
    paths = find_trials(args.data / "trials", args.trials)
    left_out = []
    for name in args.backends:
        outs = {path: args.exp / f"scores/{path.stem}.{name}.txt" for path in paths}
        try:
            folder = experiment.learn(name, args.force)
            score(args, folder, outs)
        except ValueError as error:
            print(f"back-end {name} is left out: {error}", file=sys.stderr)
            left_out.append(name)
            for out in outs.values():
                out.unlink(missing_ok=True)
                facts_path(out).unlink(missing_ok=True)
    if len(left_out) == len(args.backends):
        raise UserError(f"{args.exp}: no back-end is left to score with; add cosine")


def find_trials(folder: Path, names: list[str] | None) -> list[Path]:
    """Return the trial lists that are asked for, or say that there are none."""
    known = sorted(folder.glob("*.txt"))
    if not known:
        raise UserError(
            f"{folder}: no trial list: a target trial needs a speaker with two "
            "utterances in test.csv; add some, or lists of your own, or stop at the "
            "embeddings (--stop-stage 5)"
        )
    by_name = {path.stem: path for path in known}
    for name in names or by_name:
        if name not in by_name:
            raise UserError(
                f"{folder}: no trial list {name!r}; there are {', '.join(by_name)}"
            )
    return [by_name[name] for name in names or by_name]


def score(args: argparse.Namespace, folder: Path, outs: dict[Path, Path]) -> None:
    """Score trial lists into files, as far as these are not there and the same."""
    from local.setup.scoring import score_facts
    from utils.backend.files import open_backend
    from utils.backend.trial_scores import (
        prepare_sides,
        read_sides,
        score_list,
        set_apart,
    )
    from utils.data.manifest import read_manifest
    from utils.runtime.fingerprint import fingerprint
    from utils.trials.scores import write_scores

    todo = {}
    for path, out in outs.items():
        inputs = fingerprint([path.stem, args.form], scoring_inputs(args, folder, path))
        if args.force or read_score_facts(out).get("inputs_sha256") != inputs:
            todo[path] = out, inputs
    if not todo:
        return
    prefix, metadata = str(args.exp / "embeddings/test"), args.data / "test.csv"
    manifest = read_manifest(metadata)
    backend = open_backend(str(folder), [prefix])
    backend, n_left_out = set_apart(backend, manifest, metadata, False)
    if n_left_out:
        print(f"{n_left_out} cohort speakers are in {metadata}: left out")
    sides = prepare_sides(backend, read_sides(prefix, prefix), manifest)
    for path, (out, inputs) in todo.items():
        listed = read_list(args, path)
        scores = score_list(backend, *sides, listed)
        write_scores(out, listed.trials.assign(score=scores))
        facts = score_facts(str(folder), prefix, path, args.model)
        write_score_facts(out, facts | {"inputs_sha256": inputs})
        print(f"{len(scores)} scores: {out}")


def scoring_inputs(args: argparse.Namespace, folder: Path, path: Path) -> list[Path]:
    """Return the files that decide the scores of a trial list."""
    from utils.embeddings.files import embedding_paths

    return [
        path,
        args.data / "enrol" / path.name,
        args.data / "test.csv",
        args.features / "skipped.txt",
        folder / "backend.json",
        folder / "backend.npz",
        *embedding_paths(args.exp / "embeddings/test"),
    ]


def read_list(args: argparse.Namespace, path: Path) -> TrialList:
    """Read a trial list, with its enrolled models if it has any."""
    from utils.backend.trial_scores import read_trial_list
    from utils.features.store import read_skipped

    enrolment = args.data / "enrol" / path.name
    skipped = read_skipped(args.features)
    own = enrolment if enrolment.is_file() else None
    return read_trial_list(path, own, skipped, args.form)


if __name__ == "__main__":
    run_program(main)
