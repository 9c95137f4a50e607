"""What a trained model says of the training speech, for another to learn from.

Embeds the clean version of every utterance in every stored voice and writes OUT.npy and
OUT.ids, for the phase distil: local.train distil --teacher OUT. The stored features are
embedded where the model has their front-end; else the audio of --manifest is.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from utils.runtime.errors import UserError
from utils.runtime.program import run_program

if TYPE_CHECKING:
    from utils.features.store import FeatureStore
    from utils.systems.opened import OpenedSystem


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("teacher", type=Path, help="folder of a trained model")
    parser.add_argument("--features", type=Path, required=True)
    parser.add_argument("--manifest", type=Path, help="the training audio")
    parser.add_argument("--out", type=Path, required=True, help="prefix to write")
    parser.add_argument("--device", default="cpu", help="cpu, cuda or cuda:N")
    parser.add_argument(
        "--trust", action="store_true", help="build whatever the folder describes"
    )
    return parser.parse_args()


def main() -> None:
    """Embed what the teacher is to hear."""
    args = parse_arguments()

    from utils.embeddings.files import write_embeddings
    from utils.features.store import FeatureStore
    from utils.training.distillation import heard_by_teacher

    store = FeatureStore(args.features / "train")
    rows = np.unique(store.rows(heard_by_teacher(store).tolist()))
    embeddings, model_sha256 = embed(args, store, rows)
    ids = store.index["ID"].to_numpy()[rows].tolist()
    write_embeddings(args.out, ids, embeddings, model_sha256)
    print(f"{len(ids)} embeddings of {args.teacher}: {args.out}.npy")


def embed(
    args: argparse.Namespace, store: FeatureStore, rows: np.ndarray
) -> tuple[np.ndarray, str]:
    """Embed rows of the features, or their audio: (N, D), and the model's hash."""
    from utils.embeddings.equal_lengths import embed_equal_lengths
    from utils.models.fast_encoder import fast_encoder
    from utils.runtime.device import best_precision
    from utils.systems.folder import have_same_front_end
    from utils.systems.system import open_system

    system = open_system(args.teacher, "cosine", args.device, trust=args.trust)
    if not have_same_front_end(args.teacher, args.features, args.trust):
        return embed_audio(system, store, rows, args.manifest), system.model_sha256
    if args.device == "cpu":
        encoder = fast_encoder(system.encoder, best_precision(args.device))
        return embed_equal_lengths(encoder, store, rows), system.model_sha256
    return system.embed_stored(store, rows), system.model_sha256


def embed_audio(
    system: OpenedSystem, store: FeatureStore, rows: np.ndarray, manifest: Path | None
) -> np.ndarray:
    """Embed the audio that rows of the features were made of: (N, D)."""
    from utils.data.manifest import read_manifest
    from utils.features.extraction import read_version
    from utils.runtime.progress import progress

    if manifest is None:
        raise UserError(
            f"{system.folder} has another front-end than {store.folder.parent}; give "
            "the training audio by --manifest"
        )
    utterances = store.utterances_in(read_manifest(manifest))
    rate_hz = system.front_end.sample_rate_hz
    embedded = []
    for row in progress(rows.tolist(), len(rows), "embedding"):
        samples = read_version(utterances[row], store.index.iloc[row], rate_hz)
        embedded.append(system.embed([samples]))
    return np.concatenate(embedded)


if __name__ == "__main__":
    run_program(main)
