"""Identification among a million people: time of a query, memory, and exactness.

    python -m tests.bench.gallery [--people 1000000] [--dim 192]

Embeddings are drawn. The nearest are compared with those of products in float64.
"""

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np

from tests.bench.live import rss_mb
from tests.systems.folders import write_system
from utils.speakers.gallery import Gallery
from utils.systems.system import open_system

QUERIES = 20


def draw(n_people: int, dim: int) -> np.ndarray:
    """Draw unit vectors (n_people, dim), in pieces."""
    rng = np.random.default_rng(0)
    vectors = np.empty((n_people, dim), dtype=np.float32)
    for start in range(0, n_people, 10_000):
        part = vectors[start : start + 10_000]
        part[:] = rng.standard_normal(part.shape, dtype=np.float32)
        part /= np.linalg.norm(part, axis=1, keepdims=True)
    return vectors


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--people", type=int, default=1_000_000)
    parser.add_argument("--dim", type=int, default=192)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        system = open_system(write_system(Path(folder) / "system"), "cosine")
    names = [str(n) for n in range(args.people)]
    before_mb = rss_mb()
    gallery = Gallery(system, names, draw(args.people, args.dim))
    rng = np.random.default_rng(1)
    noise = rng.standard_normal((QUERIES, args.dim)) / np.sqrt(args.dim)
    wall, cpu, most_mb, wrong = [], [], 0.0, 0
    for query in gallery.embeddings[:: args.people // QUERIES][:QUERIES] + noise:
        start = time.perf_counter(), time.process_time()
        found = gallery.identify(query, None, 5)
        wall.append(time.perf_counter() - start[0])
        cpu.append(time.process_time() - start[1])
        most_mb = max(most_mb, rss_mb())
        exact = np.concatenate([
            gallery.embeddings[n : n + 10_000].astype(np.float64) @ query
            for n in range(0, args.people, 10_000)
        ])  # fmt: skip
        best = np.argsort(-exact, kind="stable")[:5]
        wrong += [match.name for match in found.matches] != [str(n) for n in best]
    for name, seconds in (("clock", wall), ("CPU", cpu)):
        print("{} ms a query: median {:.0f}, least {:.0f}, most {:.0f}".format(
            name, *1000 * np.array([np.median(seconds), min(seconds), max(seconds)])
        ))  # fmt: skip
    size_mb = gallery.embeddings.nbytes / 2**20
    print(f"memory: {(most_mb - before_mb) / size_mb:.2f} times {size_mb:.0f} MB")
    print(f"{wrong} of {QUERIES} lists of five differ from those in float64")


if __name__ == "__main__":
    main()
