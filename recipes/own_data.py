"""What the recipes for data of one's own share: which parts are for what."""

import argparse
from collections.abc import Callable
from dataclasses import replace

import pandas as pd

from recipes.preparation import Recipe
from utils.data.corpus import CorpusContents, CorpusDesign
from utils.data.left_out import tell_left_out
from utils.data.names import plain_name
from utils.runtime.errors import UserError

SPLIT_NAMES = {
    "train": "train", "training": "train", "valid": "valid", "validation": "valid",
    "val": "valid", "dev": "valid", "test": "test", "eval": "test",
    "evaluation": "test",
}  # fmt: skip


def own_data(
    find: Callable[[argparse.Namespace], CorpusContents],
    add_options: Callable[[argparse.ArgumentParser], None] | None = None,
) -> Recipe:
    """Make a recipe for data in some common form.

    Parameters
    ----------
    find : callable
        See `recipes.preparation.Recipe`.
    add_options : callable, optional
        Adds the form's own options.
    """

    def add_all(parser: argparse.ArgumentParser) -> None:
        for split in ("train", "valid", "test"):
            parser.add_argument(
                f"--{split}-parts", nargs="+", default=[], metavar="PART",
                help=f"parts of the data that are for the {split} split",
            )  # fmt: skip
        parser.add_argument(
            "--test-share", type=float, default=0.25, help="of the speakers"
        )
        if add_options:
            add_options(parser)

    return Recipe(
        plan=CorpusDesign(name=""),
        find=lambda args: with_known_parts(find(args), chosen_parts(args)),
        how_to_get="these are your own data",
        add_options=add_all,
        choose=choose,
    )


def add_data_root(parser: argparse.ArgumentParser) -> None:
    """Add where the audio lies that a list names."""
    parser.add_argument(
        "--data-root", action="append", default=[], metavar="DIR|OLD=NEW",
        help="where relative paths start; or a new beginning for an old one",
    )  # fmt: skip


def chosen_parts(args: argparse.Namespace) -> dict[str, str]:
    """Return the split of each part that the command line names."""
    return {
        part: split
        for split in ("train", "valid", "test")
        for part in getattr(args, f"{split}_parts")
    }


def choose(args: argparse.Namespace, plan: CorpusDesign) -> CorpusDesign:
    """Name the lists after the folder, and take the parts from the command line."""
    return replace(
        plan,
        name=args.out.name,
        split_of=chosen_parts(args) or SPLIT_NAMES,
        test_share=args.test_share,
    )


def with_known_parts(found: CorpusContents, chosen: dict[str, str]) -> CorpusContents:
    """Forget parts whose names say nothing about their use; tell what is left out.

    Raises
    ------
    UserError
        A part that was chosen is not there.
    """
    rows = found.utterances
    check_names(rows)
    if "part" in rows:
        rows = rows.assign(part=[known_part(name) for name in rows["part"]])
        found = replace(found, utterances=rows)
    parts = set(rows["part"]) if "part" in rows else set()
    missing = sorted(set(chosen) - parts)
    if missing:
        raise UserError(
            f"no part {missing[0]!r}; there are: {', '.join(sorted(parts)) or 'none'}"
        )
    known = parts & set(chosen or SPLIT_NAMES)
    if not known:
        return replace(found, utterances=rows.drop(columns="part", errors="ignore"))
    tell_left_out(
        "parts; name them by --train-parts or --test-parts", map(repr, parts - known)
    )
    return found


def known_part(name: str) -> str:
    """Trim the name of a part; those that have a meaning are in lower case."""
    name = plain_name(name)
    return name.lower() if name.lower() in SPLIT_NAMES else name


def check_names(rows: pd.DataFrame) -> None:
    """Raise a `UserError` where two utterances have one name."""
    is_second = rows["ID"].duplicated()
    if is_second.any():
        name = rows["ID"][is_second].iloc[0]
        first, second = rows["wav"][rows["ID"] == name].iloc[:2]
        raise UserError(
            f"{name!r} is the name of two utterances, of {first} and {second}; give "
            "each an ID of its own"
        )
