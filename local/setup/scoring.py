"""The options that the programs that score embeddings share."""

import argparse
from pathlib import Path

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
