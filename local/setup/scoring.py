"""What the programs that score embeddings share: options, loading, and the record."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from utils.backend.backend import Backend
    from utils.backend.trial_scores import PreparedEmbeddings


EMBEDDINGS = "prefix of .npy and .ids, or an ark, scp, npz, HDF5 or Parquet file"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options that name a back-end and the embeddings of both sides."""
    parser.add_argument("--backend", required=True, help="cosine, or a folder")
    parser.add_argument("--enrol", required=True, help=EMBEDDINGS)
    parser.add_argument("--test", required=True, help=EMBEDDINGS)
    parser.add_argument(
        "--metadata", type=Path,
        help="manifest of both sides: their speakers leave the cohort, and quality "
        "measures are read from it",
    )  # fmt: skip
    parser.add_argument(
        "--force", action="store_true", help="allow speakers of the calibration"
    )


def open_prepared(
    args: argparse.Namespace,
) -> tuple[Backend, tuple[PreparedEmbeddings, PreparedEmbeddings]]:
    """Open the back-end, apart from the tests' speakers, and map both sides to it."""
    from utils.backend.files import open_backend
    from utils.backend.trial_scores import prepare_sides, read_sides, set_apart
    from utils.data.manifest import read_manifest

    sides = read_sides(args.enrol, args.test)
    backend = open_backend(args.backend, (args.enrol, args.test))
    manifest = None
    if args.metadata:
        manifest = read_manifest(args.metadata)
        backend, n_left_out = set_apart(backend, manifest, args.metadata, args.force)
        if n_left_out:
            print(f"{n_left_out} cohort speakers are in {args.metadata}: left out")
    return backend, prepare_sides(backend, sides, manifest)


def score_facts(
    backend: str, embeddings: str, trials: Path, model: Path | None
) -> dict[str, object]:
    """Collect what a score file's JSON says.

    Parameters
    ----------
    backend : str
        Folder, or ``cosine``.
    embeddings : str
        Prefix of the tests' embeddings.
    trials : Path
    model : Path, optional
        Folder of the model that made the embeddings.
    """
    from utils.backend.files import read_backend_facts
    from utils.embeddings.files import read_model_hash
    from utils.report.provenance import program_facts, trial_list_facts

    cosine = {"name": "cosine", "calibrated": False}
    own = cosine if backend == "cosine" else read_backend_facts(backend)
    record = model / "experiment.json" if model else None
    trained = json.loads(record.read_text()) if record and record.is_file() else {}
    return {
        "system": str(model) if model else None,
        "system_sha256": read_model_hash(embeddings),
        "backend": own["name"],
        "backend_folder": None if backend == "cosine" else str(backend),
        "calibrated": own["calibrated"],  # natural-log likelihood ratios
        "trials_path": str(trials),
        "seed": trained.get("seed"),
    } | trial_list_facts(trials) | program_facts()  # fmt: skip
