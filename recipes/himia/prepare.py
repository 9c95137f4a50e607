"""HI-MIA: one Mandarin wake-up word, said by 340 speakers far from the microphones.

254 speakers for training, 42 for validation, 44 for the test, as released. A file's
name, such as SV0297_2_00_F0041, begins with its speaker. OpenSLR 85, Apache 2.0.
X. Qin, H. Bu, M. Li, "HI-MIA: a far-field text-dependent speaker verification
database and the baselines", ICASSP 2020.
"""

import argparse
from pathlib import Path

import pandas as pd

from recipes.preparation import Recipe, run_recipe
from utils.data.corpus import CorpusContents, CorpusDesign
from utils.data.download import Archive
from utils.data.trial_design import TrialList
from utils.runtime.errors import UserError
from utils.trials.lists import read_trials

LISTS = {  # of each part, and the folder that its paths start from
    "train": ("train/SPEECHDATA/train.scp", "train/SPEECHDATA"),
    "dev": ("dev/SPEECHDATA/dev.scp", "dev/SPEECHDATA"),
    "test": ("test/wav.scp", "test/wav"),
}
TRIALS = "trials_1m", "trials_mic"  # enrolled at 1 m, and close by


def find(args: argparse.Namespace) -> CorpusContents:
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
    table = pd.DataFrame(rows)
    test_ids = table.loc[table["part"] == "test", "ID"]
    paths = {name: args.source / "test" / name for name in TRIALS}
    lists = {
        f"himia-{name.removeprefix('trials_')}": read_list(path, test_ids)
        for name, path in paths.items()
        if path.is_file()
    }
    return CorpusContents(table, lists)


def read_list(path: Path, test_ids: pd.Series) -> TrialList:
    """Read lines `SV0001_7_01_N0001.wav SV0001_2_{}_N0001.wav target`.

    Each stands for a trial of every channel whose files are there.
    """
    trials, expanded = read_trials(path), []
    stems = trials[["enrol", "test"]].astype(str)
    stems = stems.apply(lambda side: side.str.removesuffix(".wav"))
    for channel in sorted(set(test_ids.str.split("_").str[2])):
        sides = {
            side: stems[side].str.replace("{}", channel, regex=False) for side in stems
        }
        is_there = sides["enrol"].isin(test_ids) & sides["test"].isin(test_ids)
        expanded.append(trials.assign(**sides)[is_there])
    return TrialList(pd.concat(expanded, ignore_index=True).drop_duplicates())


RECIPE = Recipe(
    plan=CorpusDesign(
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
