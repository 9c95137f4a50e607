"""The options of programs that read trial lists or score files of any tool."""

import argparse

from utils.trials.forms import FORMS, parse_columns


def add_list_options(parser: argparse.ArgumentParser, with_scores: bool) -> None:
    """Add the options that name the form of lists, and of score files if any are read.

    The values are ``form`` and ``score_form``, as `form_of` returns them.
    """
    _add_form(parser, "", "trial lists and score files" if with_scores else "lists")
    if with_scores:
        _add_form(parser, "score-", "score files, where it is another one")
        parser.add_argument(
            "--allow-extra", action="store_true", help="pass over scores without trial"
        )


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
    """Return the form, or auto where it names columns but none of the value."""
    return "auto" if "=" in form and f"{value}=" not in form else form
