"""What a student has of its teacher: on voices that it learnt from, and on others.

    python -m tests.bench.student DATA TEACHER PREFIX MODEL [MODEL ...]

DATA is a corpus's folder with features, TEACHER the folder of the teacher's model,
PREFIX what local.embed_teacher wrote of the training features. First the teacher's own
cosines: of utterances of one voice, of voices made of one speaker, of different
speakers. Then for each MODEL, on held-out speakers: the mean cosine of its
embeddings to the teacher's, of each corpus too (what a speaker's name begins with); and
the EER of all pairs.
"""

import argparse
from pathlib import Path

import numpy as np

from tests.bench.short_lines import corpora_of
from utils.backend.vectors import length_normalise
from utils.embeddings.files import read_embeddings
from utils.features.store import FeatureStore
from utils.systems.system import open_system
from utils.training.diagnostics import all_pairs_eer

N_DRAWN = 4000  # utterances whose cosines are taken


def main() -> None:
    """Compare the teacher's voices, then students with the teacher."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("teacher", type=Path)
    parser.add_argument("prefix", type=Path)
    parser.add_argument("models", nargs="+", type=Path)
    args = parser.parse_args()
    tell_voices(FeatureStore(args.data / "features" / "train"), args.prefix)
    held_out = FeatureStore(args.data / "features" / "valid")
    speakers = held_out.index["spk_id"].to_numpy()
    corpora = corpora_of(speakers)
    taught = embed(args.teacher, held_out)
    for model in args.models:
        found = embed(model, held_out)
        cosines = (found * taught).sum(axis=1)
        own = [f"{name} {cosines[corpora == name].mean():.3f}" for name in set(corpora)]
        eer = 100 * all_pairs_eer(found, speakers)
        print(f"{model}: cosine {cosines.mean():.3f} ({', '.join(sorted(own))})")
        print(f"{model}: EER {eer:.2f} %")


def tell_voices(store: FeatureStore, prefix: Path) -> None:
    """Print the mean cosines of a teacher's embeddings of random utterances."""
    ids, vectors = read_embeddings(prefix)
    rows = np.random.default_rng(0).permutation(len(ids))[:N_DRAWN]
    stored = store.rows([ids[row] for row in rows])
    vectors = length_normalise(np.asarray(vectors)[rows])
    voices, origins, utterances = (
        store.index[name].to_numpy()[stored]
        for name in ("spk_id", "origin", "utterance")
    )
    cosines = vectors @ vectors.T
    is_other = utterances[:, None] != utterances
    of_voice = voices[:, None] == voices
    of_speaker = origins[:, None] == origins
    for what, pairs in {
        "of one voice": of_voice,
        "of voices made of one speaker": of_speaker & ~of_voice,
        "of different speakers": ~of_speaker,
    }.items():
        print(f"the teacher's cosines {what}: {cosines[pairs & is_other].mean():.3f}")


def embed(model: Path, store: FeatureStore) -> np.ndarray:
    """Embed all utterances of a store: unit vectors (N, D)."""
    system = open_system(model, "cosine")
    system.check_features(store.folder.parent)
    return system.embed_stored(store)


if __name__ == "__main__":
    main()
