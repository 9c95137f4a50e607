"""Stage 1 of run.sh --task: which label is told, of whom, and which speakers test it.

Reads the manifests of DATA and writes OUT/{train,valid,test}.csv with a column label,
and OUT/task.json. Speakers are in one part only, classes in like proportions; a test
part of the corpus's own keeps its speakers, if every class is in it.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from utils.runtime.program import run_program

if TYPE_CHECKING:
    import pandas as pd


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("data", type=Path, help="folder that a recipe's prepare wrote")
    add("--task", required=True, help="column of the manifests, such as accent")
    add("--out", type=Path, required=True, help="folder to write")
    add("--kind", choices=("classes", "number"), default="",
        help="default: a number where all are, of 8 values or more")  # fmt: skip
    add("--where", nargs="+", default=[], metavar="CONDITION",
        help="utterances that count, such as age>=16 gender=f")  # fmt: skip
    add("--cut", nargs="+", type=float, default=[], metavar="NUMBER",
        help="tell a number as classes: below and from here")  # fmt: skip
    add("--names", nargs="+", default=[], help="of the classes that --cut makes")
    add("--ordinal", action="store_true",
        help="an encoder learns the order of a number, or of its cuts")  # fmt: skip
    add("--rename", nargs="+", default=[], metavar="OLD=NEW", type=pair,
        help="values that mean the same, such as US=american")  # fmt: skip
    add("--drop-rare", action="store_true",
        help="leave out classes of fewer than 3 speakers")  # fmt: skip
    add("--divide-anew", action="store_true",
        help="also where the corpus has a test part of its own")  # fmt: skip
    add("--seed", type=int, default=1986, help="of the division")
    return parser.parse_args()


def pair(text: str) -> tuple[str, str]:
    """Read OLD=NEW."""
    old, sign, new = text.partition("=")
    if not (sign and old and new):
        raise argparse.ArgumentTypeError(f"{text!r}: write OLD=NEW")
    return old, new


def main() -> None:
    """Label, divide, and write the task's folder."""
    args = parse_arguments()

    from utils.attributes.division import PARTS, describe_division, divide
    from utils.attributes.files import write_task
    from utils.attributes.labels import Task, label_utterances
    from utils.data.manifest import write_manifest
    from utils.runtime.atomic import replacing_folder

    asked = Task(
        args.task, args.kind, where=tuple(args.where), cuts=tuple(args.cut),
        names=tuple(args.names), renamed=tuple(args.rename), drops_rare=args.drop_rare,
        is_ordinal=args.ordinal,
    )  # fmt: skip
    rows, task = label_utterances(read_all(args.data), asked)
    rows = divide(rows, task, args.seed, args.divide_anew)
    lines = describe_division(rows, task)
    with replacing_folder(args.out) as folder:
        for part in PARTS:
            own = rows[rows["part"] == part].drop(columns="split")
            write_manifest(folder / f"{part}.csv", own)
        write_task(folder / "task.json", task, {"seed": args.seed, "division": lines})
    print(*lines, sep="\n")


def read_all(data: Path) -> pd.DataFrame:
    """Read a corpus's manifests as one, with a column ``split``."""
    import pandas as pd

    from utils.data.manifest import SPLITS, read_manifest

    parts = [
        read_manifest(data / f"{split}.csv").assign(split=split)
        for split in SPLITS
        if split != "cohort" and (data / f"{split}.csv").is_file()
    ]
    if not parts:
        read_manifest(data / "train.csv")  # which says what is missing
    return pd.concat(parts, ignore_index=True).fillna("")


if __name__ == "__main__":
    run_program(main)
