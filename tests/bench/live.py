"""Listening: latency, speed, memory, and how near the end is to the offline embedding.

    python -m tests.bench.live SYSTEM FOLDER [--minutes 60] [--n-files 50]

On one thread. All audio below FOLDER, one file after another, comes in chunks of 0.1 s
for so many minutes; then files by themselves are heard to their end, in chunks of
random sizes as well. Seconds are of CPU time, beside those on the clock.
"""

import argparse
import resource
import time
from collections.abc import Iterator
from itertools import cycle
from pathlib import Path

import numpy as np

from utils.audio.decoding import decode_audio
from utils.data.files import audio_paths
from utils.live.listener import Listener
from utils.verification.recordings import read_recording
from utils.verification.verifier import open_verifier

CHUNK_S = 0.1


def chunks_of(paths: list[Path], minutes: float) -> Iterator[np.ndarray]:
    """Yield chunks until they are long enough."""
    left_s = 60 * minutes
    for path in cycle(paths):
        samples, rate_hz, _ = decode_audio(path)
        for chunk in np.split(samples, range(0, len(samples), int(CHUNK_S * rate_hz))):
            left_s -= len(chunk) / rate_hz
            if left_s < 0:
                return
            yield chunk


def rss_mb() -> float:
    """Return the memory in use now."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 2**20


def listen_long(listener: Listener, paths: list[Path], minutes: float) -> None:
    """Print latency, speed and memory of a long recording."""
    cpu, wall, memory = [], [], []
    for number, chunk in enumerate(chunks_of(paths, minutes)):
        before = time.process_time(), time.perf_counter()
        answers = listener(chunk)
        if answers:
            cpu.append(time.process_time() - before[0])
            wall.append(time.perf_counter() - before[1])
        if number % 3000 == 2999:  # 5 minutes
            memory.append(rss_mb())
    print(f"{len(cpu)} answers in {listener.time_s / 60:.0f} min of sound")
    for name, found in (("CPU", cpu), ("clock", wall)):
        parts = 1000 * np.quantile(found, [0.5, 0.99, 1])
        print("ms to an answer, {}: median {:.0f}, 99 % {:.0f}, most {:.0f}".format(
            name, *parts))  # fmt: skip
    print("MB each 5 min: " + " ".join(f"{own:.0f}" for own in memory))


def hear_whole(verifier, paths: list[Path]) -> None:
    """Print the least cosine of ends and offline embeddings, and of chunk sizes."""
    rng, cosines, between, seconds, sound_s = np.random.default_rng(0), [], [], 0.0, 0.0
    front_end = verifier.system.front_end
    for path in paths:
        samples, rate_hz, _ = decode_audio(path)
        ends = []
        for places in (
            np.arange(0, len(samples), int(CHUNK_S * rate_hz)),
            np.sort(rng.integers(0, len(samples), 20)),
        ):
            start = time.process_time()
            listener = Listener(verifier, None, rate_hz)
            for chunk in np.split(samples, places):
                listener(chunk)
            if end := listener.finish().so_far:
                ends.append(end)
            seconds += time.process_time() - start
            sound_s += len(samples) / rate_hz
        if len(ends) < 2:
            print(f"{path}: refused")
            continue
        offline = verifier.embed([read_recording(path, front_end)])[0]
        cosines += [float(end.embedding @ offline) for end in ends]
        between.append(float(ends[0].embedding @ ends[1].embedding))
    print(
        f"{len(between)} files: cosine of end and offline {min(cosines):.6f} at least"
    )
    print(f"cosine of chunks of 0.1 s and random ones {min(between):.6f} at least")
    print(f"{sound_s / seconds:.1f} times real time, the end included")


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("system", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--n-files", type=int, default=50)
    args = parser.parse_args()
    verifier = open_verifier(args.system)
    paths = sorted(audio_paths(args.folder))
    rate_hz = decode_audio(paths[0]).rate_hz
    drawn = paths[:: max(1, len(paths) // args.n_files)][: args.n_files]
    hear_whole(verifier, drawn)
    listener = Listener(verifier, None, rate_hz)
    start = time.process_time()
    listen_long(listener, paths, args.minutes)
    seconds = time.process_time() - start
    print(f"{listener.time_s / seconds:.1f} times real time, reading included")


if __name__ == "__main__":
    main()
