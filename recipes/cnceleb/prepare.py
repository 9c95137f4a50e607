"""CN-Celeb 1 and 2: Chinese celebrities in eleven genres of video.

Trains on the development speakers of CN-Celeb1 and, with --train cnceleb1 cnceleb2,
on CN-Celeb2; tests on the official list of CN-Celeb1. OpenSLR 82, CC BY-SA 4.0.
Y. Fan et al., "CN-Celeb: a challenging Chinese speaker recognition dataset",
ICASSP 2020; L. Li et al., "CN-Celeb: multi-genre speaker recognition", Speech
Communication 137, 2022.
"""

import argparse
from dataclasses import replace
from pathlib import Path

import pandas as pd

from recipes.preparation import Recipe, run_recipe
from utils.data.corpus import CorpusContents, CorpusDesign
from utils.data.download import Archive
from utils.data.files import audio_paths, corpus_root
from utils.data.trial_design import TrialList
from utils.runtime.errors import UserError

RELEASE = "https://www.openslr.org/resources/82/"


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the choice of training parts."""
    parser.add_argument(
        "--train", nargs="+", choices=["cnceleb1", "cnceleb2"], default=["cnceleb1"]
    )


def choose(args: argparse.Namespace, plan: CorpusDesign) -> CorpusDesign:
    """Train on the parts that the command line names."""
    return replace(plan, split_of=dict.fromkeys(args.train, "train") | plan.split_of)


def find(args: argparse.Namespace) -> CorpusContents:
    """Read data/<speaker>/<genre>-<session>-<number>.flac and eval/."""
    root = corpus_root(args.source, "CN-Celeb_flac", "eval/lists/trials.lst")
    speakers = (root / "dev/dev.lst").read_text("utf-8").split()
    rows = [row for name in speakers for row in training(root, name, "cnceleb1")]
    if "cnceleb2" in args.train:
        second = corpus_root(root.parent, "CN-Celeb2_flac", "spk.lst")
        for name in (second / "spk.lst").read_text("utf-8").split():
            rows += training(second, name, "cnceleb2")
    for folder in ("enroll", "test"):
        for path in audio_paths(root / "eval" / folder):
            speaker, *rest = path.stem.split("-")
            rows.append(row(path, path.stem, speaker, rest, "eval"))
    return CorpusContents(pd.DataFrame(rows), {"cnceleb-eval": read_list(root)})


def training(root: Path, speaker: str, part: str) -> list[dict[str, str]]:
    """Read one training speaker."""
    return [
        row(path, f"{speaker}-{path.stem}", speaker, path.stem.split("-"), part)
        for path in audio_paths(root / "data" / speaker)
    ]


def row(
    path: Path, name: str, speaker: str, labels: list[str], part: str
) -> dict[str, str]:
    """Describe a file whose name tells genre and session."""
    is_labelled = len(labels) >= 3  # concatenated enrolment files have no genre
    return {
        "ID": name,
        "wav": str(path.resolve()),
        "spk_id": speaker,
        "part": part,
        "genre": labels[0] if is_labelled else "",
        "session": "-".join(labels[:2]) if is_labelled else "",
    }


def read_list(root: Path) -> TrialList:
    """Read lines `id00800-enroll test/id00800-singing-01-001.wav 1`."""
    path = root / "eval/lists/trials.lst"
    names = ["enrol", "test", "label"]
    table = pd.read_csv(path, sep=r"\s+", header=None, names=names, dtype=str)
    is_bad = ~table["label"].isin(["0", "1"])
    if is_bad.any():
        raise UserError(f"{path}:{is_bad.idxmax() + 1}: the label is not 0 or 1")
    stems = table["test"].str.replace(r"^.*/|\.\w+$", "", regex=True)
    return TrialList(
        pd.DataFrame(
            {"enrol": table["enrol"], "test": stems, "target": table["label"] == "1"}
        )
    )


RECIPE = Recipe(
    plan=CorpusDesign(
        name="cnceleb",
        split_of={"eval": "test"},
        counts={"cnceleb2": (1996, 524787), "eval": (200, 196 + 17777)},
        valid_speakers=40,
    ),
    find=find,
    archives=(
        Archive(RELEASE + "cn-celeb_v2.tar.gz", "7ab1b214028a7439e26608b2d5a0336c"),
    ),
    add_options=add_options,
    choose=choose,
)

if __name__ == "__main__":
    run_recipe(__doc__, RECIPE)
