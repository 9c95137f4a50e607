"""RIRS_NOISES: responses of rooms, and noises, to corrupt training speech with.

Writes simulated_rir.csv, real_rir.csv, isotropic_noise.csv and point_noise.csv.
OpenSLR 28, Apache 2.0.
T. Ko et al., "A study on data augmentation of reverberant speech for robust speech
recognition", ICASSP 2017.
"""

import argparse
from pathlib import Path

import pandas as pd

from recipes.preparation import Recipe, run_recipe
from utils.data.corpus import CorpusContents, CorpusDesign
from utils.data.download import Archive
from utils.data.files import audio_paths, corpus_root


def find(args: argparse.Namespace) -> CorpusContents:
    """Read the folders of simulated and real responses and of noises."""
    root = corpus_root(args.source, "RIRS_NOISES", "simulated_rirs")
    rows = []
    for path in audio_paths(root):
        place = path.relative_to(root)
        kind = kind_of(place)
        if kind:
            # rooms of all sizes have the same file names
            name = "-".join(place.with_suffix("").parts[1:])
            rows.append(
                {"ID": name, "wav": str(path.resolve()), "spk_id": kind, "part": kind,
                 "folder": place.parts[1] if len(place.parts) > 2 else place.parts[0]}
            )  # fmt: skip
    return CorpusContents(pd.DataFrame(rows))


def kind_of(place: Path) -> str:
    """Tell what a file is, by its folder and, for real rooms, its name."""
    folder = place.parts[0]
    if folder == "real_rirs_isotropic_noises":
        return "isotropic_noise" if "noise" in place.stem.lower() else "real_rir"
    kinds = {"simulated_rirs": "simulated_rir", "pointsource_noises": "point_noise"}
    return kinds.get(folder, "")


RECIPE = Recipe(
    plan=CorpusDesign(
        name="rirs_noises",
        counts={"simulated_rir": (1, 60000), "point_noise": (1, 843)},
        has_speakers=False,
    ),
    find=find,
    archives=(
        Archive(
            "https://www.openslr.org/resources/28/rirs_noises.zip",
            "e6f48e257286e05de56413b4779d8ffb",
        ),
    ),
)

if __name__ == "__main__":
    run_recipe(__doc__, RECIPE)
