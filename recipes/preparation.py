"""The command line that all recipes' prepare.py share."""

import argparse
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from utils.data.corpus import CorpusContents, CorpusDesign
from utils.data.corpus_folder import write_corpus
from utils.data.download import Archive, download
from utils.runtime.errors import UserError
from utils.runtime.program import run_program


@dataclass(frozen=True)
class Recipe:
    """What is particular to one corpus.

    Attributes
    ----------
    plan : CorpusDesign
        Its parts, their splits and expected counts.
    find : callable
        Takes the command line; returns what is in ``args.source``.
    archives : tuple of Archive
        What ``--download`` gets.
    how_to_get : str
        What to do where there is no archive: who gives the corpus, and where.
    add_options : callable, optional
        Adds options of its own to the parser.
    choose : callable, optional
        Adapts the plan to the command line.
    wanted : callable, optional
        Tells which of the archives the command line asks for, by name.
    needs_source : bool
        Whether the speech comes from somewhere.
    """

    plan: CorpusDesign
    find: Callable[[argparse.Namespace], CorpusContents]
    archives: tuple[Archive, ...] = ()
    how_to_get: str = ""
    add_options: Callable[[argparse.ArgumentParser], None] | None = None
    choose: Callable[[argparse.Namespace, CorpusDesign], CorpusDesign] | None = None
    wanted: Callable[[argparse.Namespace], list[str]] | None = None
    needs_source: bool = True


def run_recipe(description: str, recipe: Recipe) -> None:
    """Run a recipe as a program.

    Parameters
    ----------
    description : str
        The module's docstring.
    recipe : Recipe
    """
    run_program(lambda: prepare(recipe, make_parser(description, recipe).parse_args()))


def make_parser(description: str, recipe: Recipe) -> argparse.ArgumentParser:
    """Make the parser: the shared options, and the recipe's own."""
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--source", type=Path, help="where the corpus lies")
    add("--out", type=Path, required=True, help="folder to write")
    add("--seed", type=int, default=1986, help="of splits and sampled trials")
    add("--nj", type=int, default=1, help="parallel processes")
    add("--download", action="store_true", help="get the corpus into --source first")
    add("--partial", action="store_true", help="go on with a part of the release")
    add("--skip-bad", action="store_true", help="leave unreadable files out")
    add("--extract-only", action="store_true", help="all speakers are for the test")
    add("--trials-per-speaker", type=int, default=0, metavar="N",
        help="sample so many target and nontarget trials; 0: all pairs")  # fmt: skip
    add("--enrol", type=int, default=0, metavar="N",
        help="also make models of N utterances")  # fmt: skip
    add("--valid-speakers", type=count_or_share, metavar="N",
        help="held out of training: a number, or a share such as 0.1")  # fmt: skip
    add(
        "--cohort-speakers",
        type=int,
        default=0,
        metavar="N",
        help="held out for score normalisation",
    )
    if recipe.add_options:
        recipe.add_options(parser)
    return parser


def count_or_share(text: str) -> int | float:
    """Read a number of speakers, or a share of them."""
    value = float(text) if "." in text else int(text)
    if value <= 0 or (isinstance(value, float) and value >= 1):
        raise argparse.ArgumentTypeError(f"{text!r}: write 5, or a share such as 0.1")
    return value


def prepare(recipe: Recipe, args: argparse.Namespace) -> None:
    """Get the corpus if asked to, find its utterances and write the data folder.

    Raises
    ------
    UserError
        No source, or what `utils.data.corpus_folder.write_corpus` raises.
    """
    if recipe.needs_source and not (args.source and str(args.source) != "."):
        raise UserError("--source: name the folder of the corpus")
    if recipe.needs_source and not args.download and not args.source.exists():
        raise UserError(f"{args.source}: no such folder or file; check --source")
    if args.download:
        names = recipe.wanted(args) if recipe.wanted else None
        chosen = [a for a in recipe.archives if names is None or a.name in names]
        download(chosen, args.source, recipe.how_to_get)
    plan = replace(
        recipe.plan,
        per_speaker=args.trials_per_speaker,
        n_enrol=args.enrol or recipe.plan.n_enrol,
        cohort_speakers=args.cohort_speakers,
        extract_only=args.extract_only,
        is_partial=args.partial,
        valid_speakers=args.valid_speakers or recipe.plan.valid_speakers,
    )
    plan = recipe.choose(args, plan) if recipe.choose else plan
    found = recipe.find(args)
    write_corpus(found, plan, args.out, args.seed, args.nj, args.skip_bad)
