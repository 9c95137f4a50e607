"""Back-ends: PLDA beside SpeechBrain's, all-against-all beside a bare product.

python -m tests.bench.backend [--only plda|all-pairs]

PLDA: 10,000 training vectors of 500 speakers, 256 dimensions, rank 150, 10
iterations; then 1000 x 1000 scores of new speakers; systems take turns, the median
of `REPEATS` counts. All-against-all: 31,623 x 31,623 scores (10^9) of 256 dimensions
into a file, beside the rate of float32 products in memory.
"""

import argparse
import resource
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

import utils  # noqa: F401 - before anything that imports torchaudio
from utils.backend.all_pairs import score_all
from utils.backend.backend import Backend, MeasuredModels
from utils.backend.plda.learning import fit_plda
from utils.backend.plda.model import Plda
from utils.backend.scorers import PldaScorer
from utils.metrics.detection import equal_error_rate

N_TRAIN, N_SPEAKERS, N_DIMS, RANK, N_ITERATIONS = 10_000, 500, 256, 150, 10
N_SCORES, N_ALL, REPEATS = 1000, 31_623, 5


def make_vectors(n_speakers: int, n_each: int, seed: int) -> tuple:
    """Draw vectors from one PLDA model, and who speaks in each."""
    model, rng = np.random.default_rng(0), np.random.default_rng(seed)
    loading = model.standard_normal((N_DIMS, RANK)) * np.linspace(0.9, 0.05, RANK)
    mixing = model.standard_normal((N_DIMS, N_DIMS)) / np.sqrt(N_DIMS)
    speakers = np.repeat(np.arange(n_speakers), n_each)
    centres = rng.standard_normal((n_speakers, RANK)) @ loading.T / 4
    noise = rng.standard_normal((len(speakers), N_DIMS)) @ (mixing.T + np.eye(N_DIMS))
    return centres[speakers] + 4 * noise, speakers


class Ours:
    """This repository's."""

    def __init__(self, n_iterations: int) -> None:
        self.n_iterations = n_iterations

    def train(self, vectors: np.ndarray, speakers: np.ndarray) -> None:
        """Train."""
        self.model, _ = fit_plda(vectors, speakers, self.n_iterations, RANK, 0.0)

    def score(self, enrol: np.ndarray, test: np.ndarray) -> np.ndarray:
        """Score all pairs."""
        return self.model.llr(self.model.project(enrol), self.model.project(test))


class SpeechBrain:
    """SpeechBrain's."""

    def train(self, vectors: np.ndarray, speakers: np.ndarray) -> None:
        """Train."""
        from speechbrain.processing.PLDA_LDA import PLDA

        self.model = PLDA(rank_f=RANK, nb_iter=N_ITERATIONS)
        self.model.plda(self._statistics(vectors, speakers))

    def score(self, enrol: np.ndarray, test: np.ndarray) -> np.ndarray:
        """Score all pairs, without the time that its list of trials takes."""
        from speechbrain.processing.PLDA_LDA import fast_PLDA_scoring

        sides = [self._statistics(side, np.arange(len(side))) for side in (enrol, test)]
        parameters = self.model.mean, self.model.F, self.model.Sigma
        trials = _AllTrials(sides[0].modelset, sides[1].segset)
        return fast_PLDA_scoring(
            *sides, trials, *parameters, check_missing=False
        ).scoremat

    @staticmethod
    def _statistics(vectors: np.ndarray, speakers: np.ndarray) -> Any:
        from speechbrain.processing.PLDA_LDA import StatObject_SB

        return StatObject_SB(
            modelset=speakers.astype(str).astype(object),
            segset=np.arange(len(vectors)).astype(str).astype(object),
            start=np.full(len(vectors), None),
            stop=np.full(len(vectors), None),
            stat0=np.ones((len(vectors), 1)),
            stat1=vectors.copy(),
        )


class _AllTrials:
    """What SpeechBrain's scoring asks of a list of trials."""

    def __init__(self, models: np.ndarray, segments: np.ndarray) -> None:
        self.modelset, self.segset = models, segments
        self.trialmask = np.ones((len(models), len(segments)), dtype=bool)


def seconds(work: Callable[[], object]) -> float:
    """Time one call."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def bench_plda() -> None:
    """Train and score with all systems, in turns."""
    systems: dict[str, Ours | SpeechBrain] = {
        "ours": Ours(N_ITERATIONS),
        "ours, moments alone": Ours(0),
        "SpeechBrain": SpeechBrain(),
    }
    training = make_vectors(N_SPEAKERS, N_TRAIN // N_SPEAKERS, 1)
    sides, speakers = make_vectors(N_SCORES // 5, 10, 2)
    enrol, test = sides[::2], sides[1::2]
    is_target = (speakers[::2, None] == speakers[None, 1::2]).ravel()
    taken: dict[str, tuple[list[float], list[float]]]
    taken = {name: ([], []) for name in systems}
    for _ in range(REPEATS):
        for name, system in systems.items():
            times = taken[name]
            times[0].append(seconds(partial(system.train, *training)))
            times[1].append(seconds(partial(system.score, enrol, test)))
    first = [np.median(times) for times in taken["ours"]]
    print("| PLDA | train s | times ours | score 10^6 s | times ours | EER % |")
    print("| --- | --- | --- | --- | --- | --- |")
    for name, system in systems.items():
        train, score = (np.median(times) for times in taken[name])
        eer = equal_error_rate(system.score(enrol, test).ravel(), is_target)
        print(
            f"| {name} | {train:.3f} | {train / first[0]:.2f} | {score:.4f} | "
            f"{score / first[1]:.2f} | {100 * eer:.3f} |"
        )


def product_rate() -> float:
    """Measure float32 products of 256 dimensions in memory, in operations a second."""
    side = np.random.default_rng(0).standard_normal((8000, N_DIMS), dtype=np.float32)
    out = np.empty((8000, 8000), dtype=np.float32)
    np.matmul(side, side.T, out=out)
    best = min(seconds(lambda: np.matmul(side, side.T, out=out)) for _ in range(10))
    return 2 * out.size * N_DIMS / best


def bench_all_pairs(folder: Path, n_jobs: int) -> None:
    """Score all pairs into a file in the folder."""
    vectors = np.random.default_rng(0).standard_normal((N_ALL, N_DIMS))
    plda = Plda(np.zeros(N_DIMS), np.eye(N_DIMS), np.linspace(3, 0.1, N_DIMS))
    print(f"| {N_ALL:,} x {N_ALL:,} | s | GFLOP/s | share of a bare product |")
    print("| --- | --- | --- | --- |")
    backends = {"cosine": Backend(), "PLDA": Backend(scorer=PldaScorer(plda))}
    for name, backend in backends.items():
        prepared = backend.prepare(vectors.astype(np.float32))
        side = MeasuredModels(backend.enrol_single(prepared))
        path = folder / "scores.npy"
        before = product_rate()
        taken = seconds(partial(score_all, backend, side, side, path, n_jobs))
        rate = (before + product_rate()) / 2
        path.unlink()
        done = 2 * N_ALL**2 * N_DIMS / taken
        print(f"| {name} | {taken:.1f} | {done / 1e9:.0f} | {done / rate:.2f} |")
    for who in ("SELF", "CHILDREN"):
        most = resource.getrusage(getattr(resource, f"RUSAGE_{who}")).ru_maxrss
        print(f"most memory, {who.lower()}: {most / 1e6:.2f} GB")


def main() -> None:
    """Run both."""
    parser = argparse.ArgumentParser(description=__doc__.partition(":")[0])
    parser.add_argument("--only", choices=("plda", "all-pairs"))
    parser.add_argument(
        "--folder", type=Path, help="for 4 GB; default: a temporary one"
    )
    parser.add_argument("--nj", type=int, default=1, help="processes of all-pairs")
    args = parser.parse_args()
    if args.only != "all-pairs":
        bench_plda()
    if args.only != "plda":
        with tempfile.TemporaryDirectory(dir=args.folder) as folder:
            bench_all_pairs(Path(folder), args.nj)


if __name__ == "__main__":
    main()
