"""HI-MIA: one Mandarin wake-up word, said by 340 people far from the microphones.

254 speakers for training, 42 for validation, 44 for the test, as released. A file's
name, such as SV0297_2_00_F0041, begins with its speaker. OpenSLR 85, Apache 2.0.
X. Qin, H. Bu, M. Li, "HI-MIA: a far-field text-dependent speaker verification
database and the baselines", ICASSP 2020.
"""

import argparse
from pathlib import Path

import pandas as pd

from recipes.preparation import Recipe, run_recipe
from utils.corpus import Found, Plan
from utils.download import Archive
from utils.errors import UserError

LISTS = {  # of each part, and the folder that its paths start from
    "train": ("train/SPEECHDATA/train.scp", "train/SPEECHDATA"),
    "dev": ("dev/SPEECHDATA/dev.scp", "dev/SPEECHDATA"),
    "test": ("test/wav.scp", "test/wav"),
}


def find(args: argparse.Namespace) -> Found:
    """Read the lists of files of the three parts."""
    rows = []
    for part, (name, folder) in LISTS.items():
        path = args.source / name
        if not path.is_file():
            raise UserError(
                f"{path}: no such list; --source must hold train, dev and test as the "
                "archives unpack"
            )
        for entry in path.read_text("utf-8").split():
            stem = Path(entry).stem
            rows.append(
                {"ID": stem, "wav": str((args.source / folder / entry).resolve()),
                 "spk_id": stem.split("_")[0], "part": part, "language": "zh"}
            )  # fmt: skip
    return Found(pd.DataFrame(rows))


RECIPE = Recipe(
    plan=Plan(
        name="himia",
        split_of={"train": "train", "dev": "valid", "test": "test"},
        counts={"train": (254, 993083), "dev": (42, 164640), "test": (44, 165120)},
    ),
    find=find,
    archives=tuple(
        Archive(f"https://www.openslr.org/resources/85/{name}.tar.gz")
        for name in ("train", "dev", "test_v2")
    ),
)

if __name__ == "__main__":
    run_recipe(__doc__, RECIPE)
