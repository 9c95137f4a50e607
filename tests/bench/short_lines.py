"""How well models know a voice by two seconds over a line, in rooms and noise.

    python -m tests.bench.short_lines MANIFEST MODEL [MODEL ...]

Of each utterance of MANIFEST two stretches are drawn and corrupted as
hparams/augment_telephone.yaml says, always alike. For each MODEL: the EER of all pairs
of the first draws and of the second, of all speakers and of each corpus (what a
speaker's name begins with, where several were joined).
"""

import argparse
from pathlib import Path

import numpy as np
import pandas as pd

from local.setup.hyperparameters import load_hyperparameters
from utils.data.manifest import read_manifest
from utils.features.extraction import read_utterance
from utils.features.sources import AudioSources
from utils.systems.system import open_system
from utils.training.diagnostics import all_pairs_eer

RATE_HZ = 16000
LENGTH = 2 * RATE_HZ
N_DRAWS = 2
ALL = "all"
CORRUPTION = "hparams/augment_telephone.yaml"


def main() -> None:
    """Draw the stretches, then measure each model on them."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("manifest", type=Path)
    parser.add_argument("models", nargs="+", type=Path)
    args = parser.parse_args()
    table = read_manifest(args.manifest)
    drawn = draw(table)  # (N, N_DRAWS, LENGTH)
    speakers = table["spk_id"].to_numpy()
    corpora = corpora_of(speakers)
    for model in args.models:
        system = open_system(model, "cosine")
        embedded = [
            np.concatenate([system.embed([samples]) for samples in drawn[:, n]])
            for n in range(N_DRAWS)
        ]
        for corpus in sorted({ALL, *corpora}):
            kept = (corpora == corpus) | (corpus == ALL)
            eers = [100 * all_pairs_eer(e[kept], speakers[kept]) for e in embedded]
            print(f"{model}: {corpus}: EER {' and '.join(f'{e:.2f}' for e in eers)} %")


def corpora_of(speakers: np.ndarray) -> np.ndarray:
    """Return what each name begins with where several corpora were joined, else ALL."""
    parted = (name.partition("-") for name in speakers)
    return np.array([corpus if joint else ALL for corpus, joint, _ in parted])


def draw(table: pd.DataFrame) -> np.ndarray:
    """Draw corrupted stretches of the utterances: (N, N_DRAWS, LENGTH)."""
    corrupt = load_hyperparameters(CORRUPTION)["corruption"]
    sources = AudioSources(RATE_HZ, {"speech": table})
    drawn = np.empty((len(table), N_DRAWS, LENGTH), np.float32)
    for row, utterance in enumerate(table.to_dict("records")):
        samples = read_utterance(utterance, RATE_HZ)
        rng = np.random.default_rng(row)
        for n in range(N_DRAWS):
            start = rng.integers(0, max(1, len(samples) - LENGTH + 1))
            stretch = samples[start : start + LENGTH]
            drawn[row, n] = np.resize(corrupt(stretch, RATE_HZ, rng, sources), LENGTH)
    return drawn


if __name__ == "__main__":
    main()
