"""Speed of embeddings every N frames, as recognisers take them, beside whole ones.

    python -m tests.bench.online_embeddings SYSTEM FOLDER [--every 100 10]

On one thread, of files below FOLDER, read beforehand. Times are of the CPU; "x real
time" is the sound's duration over it.
"""

import argparse
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np

from local.setup.systems import find_system
from utils.audio.decoding import read_audio
from utils.data.files import audio_paths
from utils.systems.online_embeddings import embed_online
from utils.systems.opened import OpenedSystem
from utils.systems.system import open_system

HISTORY_S, LEAST_S = 10.0, 0.5  # as local.extract_embeddings has them


def read(paths: list[Path], rate_hz: int) -> list[np.ndarray]:
    """Read files at a rate."""
    return [read_audio(path, rate_hz) for path in paths]


def embed_whole(system: OpenedSystem, samples: np.ndarray) -> np.ndarray:
    """Embed an utterance as a whole: (1, D)."""
    return system.embed_features(["whole"], [system.front_end(samples).features])


def tell_speed(
    name: str, embed: Callable[[np.ndarray], np.ndarray], sounds: list[np.ndarray],
    rate_hz: int,
) -> None:  # fmt: skip
    """Print how long it takes to embed sounds, by the second and by the row."""
    embed(sounds[0])  # what the first use builds
    before, n_rows = time.process_time(), 0
    for samples in sounds:
        n_rows += len(embed(samples))
    taken_s = time.process_time() - before
    duration_s = sum(map(len, sounds)) / rate_hz
    print(
        f"{name}: {duration_s / taken_s:.1f} x real time, {n_rows} rows, "
        f"{1000 * taken_s / n_rows:.1f} ms a row",
        flush=True,
    )


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("system")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--every", type=int, nargs="+", default=[100, 10])
    parser.add_argument("--n-files", type=int, default=20)
    args = parser.parse_args()
    system = open_system(find_system(args.system))
    rate_hz = system.front_end.sample_rate_hz
    paths = list(audio_paths(args.folder))
    sounds = read(paths[:: max(1, len(paths) // args.n_files)][: args.n_files], rate_hz)
    lengths_s = [len(own) / rate_hz for own in sounds]
    print(f"{len(sounds)} files of {np.mean(lengths_s):.1f} s on average")
    tell_speed("whole", lambda own: embed_whole(system, own), sounds, rate_hz)
    for period in args.every:
        how = {"period": period, "history_s": HISTORY_S, "least_s": LEAST_S}
        embed = partial(embed_online, system, **how)
        tell_speed(f"every {period} frames", embed, sounds, rate_hz)


if __name__ == "__main__":
    main()
