"""List the audio below a folder as a manifest, for --source of augmentation.

Noise, music or impulse responses, such as those of MUSAN and RIRS_NOISES:

    python -m local.list_audio musan/music --out data/musan/music.csv
    python -m local.list_audio RIRS_NOISES/simulated_rirs --out data/rooms.csv
"""

import argparse
from pathlib import Path

import pandas as pd
import soundfile

from utils.audio import audio_length
from utils.errors import UserError
from utils.manifest import write_manifest
from utils.program import run_program

ENDINGS = {f".{name.lower()}" for name in soundfile.available_formats()} | {".sph"}


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--out", type=Path, required=True, help="manifest to write")
    return parser.parse_args()


def main() -> None:
    """Write the manifest."""
    args = parse_arguments()
    paths = sorted(p for p in args.folder.rglob("*") if p.suffix.lower() in ENDINGS)
    if not paths:
        raise UserError(f"{args.folder}: no audio files there; name another folder")
    rows = [describe(path, args.folder) for path in paths]
    write_manifest(args.out, pd.DataFrame(rows))
    hours = sum(row["duration"] for row in rows) / 3600
    print(f"{len(rows)} files, {hours:.2f} hours: {args.out}")


def describe(path: Path, folder: Path) -> dict:
    """Make the row of a file; its speaker is the folder that it is in."""
    n_samples, rate_hz = audio_length(path)
    name = path.relative_to(folder).with_suffix("").as_posix().replace("/", "-")
    return {
        "ID": name,
        "duration": n_samples / rate_hz,
        "wav": str(path.resolve()),
        "start": 0,
        "stop": n_samples,
        "spk_id": path.parent.name,
    }


if __name__ == "__main__":
    run_program(main)
