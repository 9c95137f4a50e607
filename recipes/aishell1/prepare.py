"""AISHELL-1: Mandarin read speech of 400 speakers.

340 speakers for training, 40 for validation and 20 for the test, as released.
OpenSLR 33, Apache 2.0.
H. Bu et al., "AISHELL-1: An open-source Mandarin speech corpus and a speech
recognition baseline", O-COCOSDA 2017.
"""

import argparse
from pathlib import Path

import pandas as pd

from recipes.preparation import Recipe, run_recipe
from utils.data.corpus import CorpusContents, CorpusDesign
from utils.data.download import Archive, unpack
from utils.data.files import audio_paths, corpus_root
from utils.data.kaldi import read_map


def find(args: argparse.Namespace) -> CorpusContents:
    """Read wav/<part>/<speaker>/*.wav, and the archives of speakers as they are."""
    root = corpus_root(args.source, "data_aishell", "wav")
    unpack_speakers(root / "wav")
    gender_of = read_genders(root.parent / "resource_aishell/speaker.info")
    rows = [
        {"ID": path.stem, "wav": str(path.resolve()), "spk_id": path.parent.name,
         "part": part, "gender": gender_of.get(path.parent.name, "")}
        for part in ("train", "dev", "test")
        for path in audio_paths(root / "wav" / part)
    ]  # fmt: skip
    return CorpusContents(pd.DataFrame(rows))


def unpack_speakers(folder: Path) -> None:
    """Unpack the archive of each speaker, once: the release holds archives."""
    for archive in sorted(folder.glob("*.tar.gz")):
        speaker = archive.name.removesuffix(".tar.gz")
        if next(folder.glob(f"*/{speaker}"), None) is None:
            unpack(archive, folder)


def read_genders(path: Path) -> dict[str, str]:
    """Read lines `0002 F`, with or without the S before the number."""
    if not path.is_file():
        return {}
    return {
        f"S{key.lstrip('S')}": value.lower() for key, value in read_map(path).items()
    }


RECIPE = Recipe(
    plan=CorpusDesign(
        name="aishell1",
        split_of={"train": "train", "dev": "valid", "test": "test"},
        counts={"train": (340, 120098), "dev": (40, 14326), "test": (20, 7176)},
    ),
    find=find,
    archives=(
        Archive(
            "https://www.openslr.org/resources/33/data_aishell.tgz",
            "2f494334227864a8a8fec932999db9d8",
        ),
        Archive(
            "https://www.openslr.org/resources/33/resource_aishell.tgz",
            "957d480a0fcac85fc18e550756f624e5",
        ),
    ),
)

if __name__ == "__main__":
    run_recipe(__doc__, RECIPE)
