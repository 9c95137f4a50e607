"""Stage 5 of run.sh --task: measure pitch, voicing and spectrum of a manifest's voices.

Writes OUT.npy, float32 of shape (N, 34), and OUT.ids, as stage 5 writes embeddings;
what cannot be read is left out. Heads whose names end in +voice take these, too.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from utils.runtime.program import run_program

if TYPE_CHECKING:
    import numpy as np


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("manifest", type=Path)
    parser.add_argument("--out", type=Path, required=True, help="prefix to write")
    parser.add_argument("--nj", type=int, default=1, help="parallel processes")
    return parser.parse_args()


def main() -> None:
    """Measure the manifest's utterances."""
    args = parse_arguments()

    import numpy as np

    from utils.audio.voice_measures import MEASURES
    from utils.data.manifest import read_manifest
    from utils.embeddings.files import write_embeddings
    from utils.runtime.errors import UserError
    from utils.runtime.processes import map_in_processes

    rows = read_manifest(args.manifest).to_dict("records")
    measured = map_in_processes(measure, rows, args.nj, "voices")
    kept = {
        row["ID"]: own
        for row, own in zip(rows, measured, strict=True)
        if own is not None
    }
    if not kept:
        raise UserError(f"{args.manifest}: no utterance can be read; check the audio")
    write_embeddings(args.out, list(kept), np.stack(list(kept.values())), MEASURES)
    print(f"{len(kept)} of {len(rows)} voices measured: {args.out}.npy")


def measure(row: dict) -> np.ndarray | None:
    """Measure an utterance; None where it cannot be read."""
    from utils.audio.voice_measures import RATE_HZ, measure_voice
    from utils.features.extraction import read_utterance
    from utils.runtime.errors import UserError

    try:
        return measure_voice(read_utterance(row, RATE_HZ), RATE_HZ)
    except UserError:
        return None


if __name__ == "__main__":
    run_program(main)
