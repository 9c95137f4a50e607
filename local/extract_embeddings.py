"""Stage 5: embed every utterance of a manifest with a trained model.

Writes OUT.npy, float32 of shape (N, D), and OUT.ids, one utterance a line. Uses the
stored features when --features names them, else reads the audio.
"""

import argparse
import tempfile
from pathlib import Path

import numpy as np
import torch
from joblib import Parallel, delayed

from local.setup.hyperparameters import load_hyperparameters
from utils.data.manifest import read_manifest
from utils.embeddings.extraction import UtteranceBatches, embed_batches
from utils.embeddings.files import write_embeddings
from utils.features.extraction import FeatureExtractor
from utils.features.store import FeatureStore, FeatureWriter, read_skipped
from utils.models.experiment import load_weights, model_hash
from utils.runtime.device import checked_device
from utils.runtime.errors import UserError
from utils.runtime.precision import DTYPES
from utils.runtime.program import run_program
from utils.runtime.progress import progress

PRECISIONS = ("fp32", "bf16")


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("experiment", type=Path, help="folder of a trained model")
    parser.add_argument("manifest", type=Path)
    parser.add_argument("--out", type=Path, required=True, help="prefix to write")
    parser.add_argument("--features", type=Path, help="folder that stage 2 wrote")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--precision", choices=PRECISIONS, default="fp32")
    parser.add_argument("--nj", type=int, default=1, help="processes for reading audio")
    return parser.parse_args()


def main() -> None:
    """Embed the manifest's utterances."""
    args = parse_arguments()
    encoder = load_encoder(args.experiment).to(checked_device(args.device))
    ids = read_manifest(args.manifest)["ID"].to_numpy()
    if args.features:
        store, skipped = open_features(args)
        ids = ids[~np.isin(ids, list(skipped))]
        embeddings = embed(encoder, store, store.rows(ids), args)
    else:
        with tempfile.TemporaryDirectory() as folder:
            store = featurise(args, Path(folder))
            embeddings = embed(encoder, store, store.rows(ids), args)
    write_embeddings(args.out, ids, embeddings, model_hash(args.experiment))
    print(f"{len(ids)} embeddings of {embeddings.shape[1]} dimensions: {args.out}.npy")


def load_encoder(experiment: Path) -> torch.nn.Module:
    """Build the experiment's encoder and load its weights."""
    encoder = load_hyperparameters(experiment / "hyperparams.yaml")["net"]["encoder"]
    load_weights(experiment, encoder)
    return encoder


def open_features(args: argparse.Namespace) -> tuple[FeatureStore, set[str]]:
    """Open the split's stored features, if the model's own front-end made them."""
    ours = (args.experiment / "front_end.yaml").read_text()
    theirs = args.features / "front_end.yaml"
    if not theirs.is_file():
        raise UserError(f"{theirs}: no such features; run stage 2 first")
    if theirs.read_text() != ours:
        raise UserError(
            f"{theirs}: another front-end than {args.experiment}/front_end.yaml; "
            "compute the features with the model's own, or leave --features out"
        )
    store = FeatureStore(args.features / args.manifest.stem)
    return store, read_skipped(args.features)


def featurise(args: argparse.Namespace, folder: Path) -> FeatureStore:
    """Compute features from the audio with the model's own front-end."""
    settings = load_hyperparameters(args.experiment / "front_end.yaml")
    extract = FeatureExtractor(settings["front_end"])
    rows = read_manifest(args.manifest).to_dict("records")
    workers = Parallel(n_jobs=args.nj, return_as="generator", batch_size=16)
    results = workers(delayed(extract)(row) for row in rows)
    with FeatureWriter(folder) as writer:
        for result in progress(results, len(rows), "reading audio"):
            if isinstance(result, UserError):
                raise result
            writer.add(*result[0])
    return FeatureStore(folder)


def embed(
    encoder: torch.nn.Module,
    store: FeatureStore,
    rows: np.ndarray,
    args: argparse.Namespace,
) -> np.ndarray:
    """Embed rows of a store; returns (N, D) in the order of ``rows``."""
    batches = UtteranceBatches(store, rows)
    by_row: dict[int, np.ndarray] = {}
    embedded = embed_batches(encoder, batches, args.device, DTYPES[args.precision])
    for batch_rows, embeddings in progress(embedded, len(batches), "embedding"):
        by_row.update(zip(batch_rows.tolist(), embeddings, strict=True))
    return np.stack([by_row[row] for row in rows.tolist()])


if __name__ == "__main__":
    run_program(main)
