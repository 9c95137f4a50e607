"""List the audio below a folder as a manifest, for --source of augmentation.

Noise, music or impulse responses, such as those of MUSAN and RIRS_NOISES:

    python -m local.list_audio musan/music --out data/musan/music.csv
    python -m local.list_audio RIRS_NOISES/simulated_rirs --out data/rooms.csv
"""

import argparse
from pathlib import Path

from utils.runtime.errors import UserError
from utils.runtime.program import run_program


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--out", type=Path, required=True, help="manifest to write")
    parser.add_argument("--nj", type=int, default=1, help="parallel processes")
    parser.add_argument(
        "--skip-bad", action="store_true", help="go on without unreadable files"
    )
    return parser.parse_args()


def main() -> None:
    """Write the manifest."""
    args = parse_arguments()

    import pandas as pd

    from utils.data.durations import measure
    from utils.data.files import audio_paths
    from utils.data.manifest import write_manifest

    rows = pd.DataFrame([describe(p, args.folder) for p in audio_paths(args.folder)])
    if rows.empty:
        raise UserError(f"{args.folder}: no audio files there; name another folder")
    rows = measure(rows, args.nj, args.skip_bad)
    write_manifest(args.out, rows)
    hours = rows["duration"].sum() / 3600
    print(f"{len(rows)} files, {hours:.2f} hours: {args.out}")


def describe(path: Path, folder: Path) -> dict[str, str]:
    """Name a file; its speaker is the folder that it is in."""
    name = path.relative_to(folder).with_suffix("").as_posix().replace("/", "-")
    return {"ID": name, "wav": str(path.resolve()), "spk_id": path.parent.name}


if __name__ == "__main__":
    run_program(main)
