"""Identification among a million people: time of a query, memory, and exactness.

    python -m tests.bench.gallery [--people 1000000] [--dim 192] [--threads 1 2]

Embeddings are drawn. Times are of the CPU and on the clock, beside those of the one
product of matrix and query that an exact search cannot do without. The nearest are
compared with those of products in float64.
"""

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

from tests.bench.live import rss_mb
from tests.systems.folders import write_system
from utils.speakers.gallery import Gallery, Identification
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


def measure(
    gallery: Gallery, queries: np.ndarray, n_threads: int
) -> tuple[list[list[str]], float]:
    """Print the times of queries (M, D); returns lists, and the most memory in MB."""
    searches = {
        "a query": lambda query: gallery.identify(query, None, 5),
        "the product": lambda query: gallery.embeddings @ query.astype(np.float32),
    }
    found, most_mb = [], 0.0
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in searches}
    with threadpool_limits(n_threads):
        for query in queries:
            for name, search in searches.items():
                wall, cpu = time.perf_counter(), time.process_time()
                answer = search(query)
                times[name].append(
                    (time.process_time() - cpu, time.perf_counter() - wall)
                )
                most_mb = max(most_mb, rss_mb())
                if isinstance(answer, Identification):
                    found.append([match.name for match in answer.matches])
    for name, own in times.items():
        cpu_ms, wall_ms = 1000 * np.array(own).T
        print(f"{n_threads} threads, ms for {name}: {_spread('CPU', cpu_ms)}; "
              f"{_spread('clock', wall_ms)}")  # fmt: skip
    return found, most_mb


def _spread(name: str, times_ms: np.ndarray) -> str:
    least, median, most = np.quantile(times_ms, [0, 0.5, 1])
    return f"{name} {median:.0f} (median; {least:.0f} to {most:.0f})"


def exact_lists(gallery: Gallery, queries: np.ndarray) -> list[list[str]]:
    """Name the nearest five by products in float64, in pieces."""
    lists = []
    for query in queries:
        products = np.concatenate([
            gallery.embeddings[n : n + 10_000].astype(np.float64) @ query
            for n in range(0, len(gallery.names), 10_000)
        ])  # fmt: skip
        best = np.argsort(-products, kind="stable")[:5]
        lists.append([gallery.names[place] for place in best])
    return lists


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--people", type=int, default=1_000_000)
    parser.add_argument("--dim", type=int, default=192)
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        system = open_system(write_system(Path(folder) / "system"), "cosine")
    names = [str(n) for n in range(args.people)]
    before_mb = rss_mb()
    gallery = Gallery(system, names, draw(args.people, args.dim))
    noise = np.random.default_rng(1).standard_normal((QUERIES, args.dim))
    people = gallery.embeddings[:: args.people // QUERIES][:QUERIES]
    queries = people + noise / np.sqrt(args.dim)
    measured = [measure(gallery, queries, n_threads) for n_threads in args.threads]
    size_mb = gallery.embeddings.nbytes / 2**20
    most_mb = max(own_mb for _, own_mb in measured)
    print(f"memory: {(most_mb - before_mb) / size_mb:.2f} times {size_mb:.0f} MB")
    exact = exact_lists(gallery, queries)
    for (found, _), n_threads in zip(measured, args.threads, strict=True):
        wrong = sum(own != right for own, right in zip(found, exact, strict=True))
        print(f"{n_threads} threads: {wrong} of {QUERIES} lists of five differ from "
              "those in float64")  # fmt: skip


if __name__ == "__main__":
    main()
