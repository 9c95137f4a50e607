"""A tiny experiment as stages 1 to 5 leave it: manifests, trials and embeddings."""

import numpy as np
import pandas as pd

from utils.data.manifest import read_manifest, write_manifest
from utils.embeddings.files import write_embeddings
from utils.features.store import FeatureWriter
from utils.trials.lists import pair_trials, write_trials

SPEAKERS = {"train": 6, "valid": 4, "test": 5}


def write_split(folder, split, vectors, n_each):
    """Write a manifest and embeddings of speakers with so many utterances each."""
    speakers = [f"{split}{row // n_each}" for row in range(len(vectors))]
    manifest = pd.DataFrame(
        {
            "ID": [f"{s}-{row % n_each}" for row, s in enumerate(speakers)],
            "duration": 1.0,
            "wav": "x.wav",
            "start": 0,
            "stop": 16000,
            "spk_id": speakers,
        }
    )
    write_manifest(folder / "data" / f"{split}.csv", manifest)
    prefix = folder / "exp" / "embeddings" / split
    write_embeddings(prefix, list(manifest["ID"]), vectors, "a" * 64)
    return manifest


def write_experiment(folder, rng, n_each=4):
    """Write the folder, with a trial list of all pairs; returns it."""
    for split, n_speakers in SPEAKERS.items():
        means = np.repeat(rng.standard_normal((n_speakers, 8)), n_each, axis=0)
        vectors = means + 0.5 * rng.standard_normal(means.shape) + 0.5
        manifest = write_split(folder, split, vectors, n_each)
    write_trials(folder / "data" / "trials" / "all.txt", pair_trials(manifest))
    return folder


def write_features(folder, rng):
    """Write features of the experiment, of one frame, with averages of 6 dimensions."""
    for split in SPEAKERS:
        rows = read_manifest(folder / "data" / f"{split}.csv")
        means = {speaker: rng.standard_normal(6) for speaker in rows["spk_id"].unique()}
        out = folder / "data" / "features" / split
        out.mkdir(parents=True)
        with FeatureWriter(out) as writer:
            for _, row in rows.iterrows():
                own = means[row["spk_id"]] + 0.5 * rng.standard_normal(6)
                own = {"averages": own.astype(np.float32)}
                index = {"ID": row["ID"], "spk_id": row["spk_id"]}
                writer.add(index | own, np.ones((1, 2), np.float16))
