"""What programs share that read trial lists or score files of any tool."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from utils.trials.forms import FORMS, parse_columns

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

REVERSED_EER = 0.6  # EER from which scores are more likely distances


def add_list_options(
    parser: argparse.ArgumentParser, with_scores: bool, with_direction: bool = False
) -> None:
    """Add the options that name the form of lists, and of score files if any are read.

    Parameters
    ----------
    parser : ArgumentParser
    with_scores : bool
        Score files are read.
    with_direction : bool
        They may hold distances.
    """
    _add_form(parser, "", "trial lists and score files" if with_scores else "lists")
    if with_scores:
        _add_form(parser, "score-", "score files, where it is another one")
        parser.add_argument(
            "--allow-extra", action="store_true", help="pass over scores without trial"
        )
    if with_direction:
        add_direction(parser)


def add_direction(parser: argparse.ArgumentParser) -> None:
    """Add the option that says that scores are distances."""
    parser.add_argument(
        "--lower-is-same", action="store_true",
        help="scores are distances: the lower, the more likely the same speaker",
    )  # fmt: skip


def _add_form(parser: argparse.ArgumentParser, prefix: str, what: str) -> None:
    group = parser.add_mutually_exclusive_group()
    name = f"{prefix}form".replace("-", "_")
    group.add_argument(
        f"--{prefix}format", dest=name, choices=("auto", *FORMS), default="auto",
        help=f"of {what}; auto: told by all lines",
    )  # fmt: skip
    group.add_argument(
        f"--{prefix}columns", dest=name, type=columns, default=argparse.SUPPRESS,
        metavar="ROLE=COLUMN,...", help="enrol=1,test=2,label=3,score=4, by number or "
        "by the header's names",
    )  # fmt: skip


def columns(text: str) -> str:
    """Check what ``--columns`` is given, for argparse."""
    try:
        parse_columns(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    return text


def label_form(args: argparse.Namespace) -> str:
    """Return the form of trial lists."""
    return _form_with("label", args.form)


def score_form(args: argparse.Namespace) -> str:
    """Return the form of score files."""
    own = args.score_form if args.score_form != "auto" else args.form
    return _form_with("score", own)


def _form_with(value: str, form: str) -> str:
    """Return the form, or auto where it names the columns of the other files alone."""
    other = {"label": "score", "score": "label"}[value]
    return "auto" if f"{other}=" in form and f"{value}=" not in form else form


def join_program_scores(
    path: Path, trials: pd.DataFrame, args: argparse.Namespace
) -> np.ndarray:
    """Return the score of every trial, distances negated."""
    from utils.trials.scores import join_scores, read_scores

    scores = join_scores(trials, read_scores(path, score_form(args)), args.allow_extra)
    return -scores if args.lower_is_same else scores


def warn_if_reversed(args: argparse.Namespace, path: Path, eer: float) -> None:
    """Say so where lower scores look like the same speaker."""
    if eer > REVERSED_EER:
        way, remedy = "lower", "say --lower-is-same"
        if args.lower_is_same:
            way, remedy = "higher", "leave --lower-is-same out"
        print(
            f"{path}: EER {100 * eer:.1f} %: {way} scores look like the same speaker, "
            f"{'unlike' if args.lower_is_same else 'as with'} distances; {remedy}",
            file=sys.stderr,
        )
