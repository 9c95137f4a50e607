"""Stage 2: filterbanks of the speech in every utterance of a corpus.

Reads those of DATA/{train,valid,cohort,test}.csv that are there, and writes one folder
with the features of each split, the training split with its augmented copies.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from local.setup.hyperparameters import load_hyperparameters, resolved_text
from utils.runtime.atomic import replacing_folder
from utils.runtime.errors import UserError
from utils.runtime.processes import map_in_processes
from utils.runtime.program import run_program

if TYPE_CHECKING:
    import pandas as pd

    from utils.features.extraction import FeatureExtractor
    from utils.features.front_end import FrontEnd
    from utils.features.left_out import LeftOut


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, help="folder with the manifests")
    parser.add_argument("--out", type=Path, required=True, help="folder to write")
    parser.add_argument("--hparams", default="hparams/features.yaml")
    parser.add_argument(
        "--model", type=Path, help="trained model whose front-end to use, not --hparams"
    )
    parser.add_argument(
        "--trust", action="store_true", help="build whatever the model describes"
    )
    parser.add_argument(
        "--augment", default="", help="YAML of the training copies; none by default"
    )
    parser.add_argument(
        "--source", action="append", default=[], metavar="NAME=MANIFEST.csv",
        help="list of audio that the copies draw from, such as music=musan/music.csv",
    )  # fmt: skip
    parser.add_argument("--seed", type=int, default=1986)
    parser.add_argument("--nj", type=int, default=1, help="parallel processes")
    parser.add_argument(
        "--skip-bad", action="store_true", help="go on without unreadable files"
    )
    parser.add_argument(
        "--skip-silent", action="store_true", help="go on without nearly silent files"
    )
    return parser.parse_args()


def main() -> None:
    """Compute the features of all splits."""
    args = parse_arguments()

    from utils.features.extraction import FeatureExtractor
    from utils.features.left_out import LeftOut
    from utils.features.sources import read_sources
    from utils.features.summary import STATISTICS, describe

    manifests = read_manifests(args.data)
    front_end, text = choose_front_end(args.hparams, args.model, args.trust)
    copies = load_hyperparameters(args.augment)["copies"] if args.augment else None
    with replacing_folder(args.out) as folder:
        (folder / "front_end.yaml").write_text(text)
        left_out = LeftOut(args.skip_bad, args.skip_silent)
        summary = {}
        for split, manifest in manifests.items():
            extract = FeatureExtractor(front_end)
            if split == "train" and copies is not None:
                sources = read_sources(args.source, front_end.sample_rate_hz, manifest)
                sources.check(copies.sources)
                extract = FeatureExtractor(front_end, copies, sources, args.seed)
            results = extract_all(extract, manifest, args.nj, split)
            summary[split] = write_split(
                folder / split, manifest, results, left_out, front_end.finds_pauses
            )
        left_out.write(folder)
        (folder / STATISTICS).write_text(json.dumps(summary, indent=1))
    described = (line for item in summary.items() for line in describe(*item))
    for line in [*left_out.lines, *described, f"features are in {args.out}"]:
        print(line)


def choose_front_end(
    hparams: str, model: Path | None, trust: bool
) -> tuple[FrontEnd, str]:
    """Build the front-end of a trained model, or of hyper-parameters; tell its text."""
    from utils.systems.folder import read_front_end

    if model:
        text = (model / "front_end.yaml").read_text(encoding="utf-8")
        return read_front_end(model, trust), text
    return load_hyperparameters(hparams)["front_end"], resolved_text(hparams)


def read_manifests(data: Path) -> dict[str, pd.DataFrame]:
    """Read the manifests that are there; a test set alone is enough."""
    from utils.data.manifest import SPLITS, read_manifest

    here = [split for split in SPLITS if (data / f"{split}.csv").is_file()]
    return {split: read_manifest(data / f"{split}.csv") for split in here or ["test"]}


def extract_all(
    extract: FeatureExtractor, manifest: pd.DataFrame, nj: int, split: str
) -> Iterator[list | UserError]:
    """Run the extractor over a manifest in parallel, results in manifest order."""
    run, rows = partial(run_single_threaded, extract), manifest.to_dict("records")
    return map_in_processes(run, rows, nj, f"features of {split}")


def run_single_threaded(extract: FeatureExtractor, row: dict) -> list | UserError:
    """Extract in a worker: the processes share the cores, one thread each."""
    import torch

    torch.set_num_threads(1)
    return extract(row)


def write_split(
    folder: Path,
    manifest: pd.DataFrame,
    results: Iterator[list | UserError],
    left_out: LeftOut,
    finds_pauses: bool,
) -> dict:
    """Write one split, collect what is left out and count what was stored."""
    from utils.features.store import FeatureWriter
    from utils.features.summary import summarise

    folder.mkdir()
    with FeatureWriter(folder) as writer:
        for name, result in zip(manifest["ID"], results, strict=True):
            for row, features in left_out.kept(name, result):
                writer.add(row, features)
    if not writer.rows:
        raise UserError(f"{folder.name}.csv: {left_out.first or 'empty'}")
    return summarise(writer.rows, finds_pauses)


if __name__ == "__main__":
    run_program(main)
