"""EER and minDCF beside SpeechBrain's and scikit-learn's: python -m tests.bench.metrics

Every measurement runs in a process of its own with `MOST_BYTES` of memory and
`MOST_SECONDS` of time, on the same scores; the best of `REPEATS` counts. The other
two do less than ours: SpeechBrain's minimum is not normalised and leaves a point
out, and scikit-learn's curve is not yet an EER.
"""

import argparse
import multiprocessing
import resource
import time
from collections.abc import Callable
from multiprocessing.connection import Connection

import numpy as np

import utils  # noqa: F401 - before anything that imports torchaudio

SIZES = (10_000, 100_000, 1_000_000, 10_000_000)
MOST_SECONDS, MOST_BYTES, REPEATS = 60, 8 << 30, 3


def make_scores(n_trials: int, target_share: float) -> tuple[np.ndarray, np.ndarray]:
    """Draw scores of normally distributed classes: EER about 16 %."""
    rng = np.random.default_rng(0)
    is_target = rng.random(n_trials) < target_share
    return rng.normal(2.0 * is_target, 1.0), is_target


def ours(scores: np.ndarray, is_target: np.ndarray) -> tuple[float, float]:
    """Compute EER and minDCF from one sort."""
    from utils.metrics.costs import OperatingPoint, min_cost
    from utils.metrics.error_rates import equal_rate, error_rates

    rates = error_rates(scores, is_target)
    return equal_rate(rates), min_cost(rates, OperatingPoint(0.01))


def speechbrain(scores: np.ndarray, is_target: np.ndarray) -> tuple[float, float]:
    """Compute both with SpeechBrain, whose minDCF is a hundredth at this prior."""
    import torch
    from speechbrain.utils.metric_stats import EER, minDCF

    kinds = torch.tensor(scores[is_target]), torch.tensor(scores[~is_target])
    return float(EER(*kinds)[0]), 100 * float(minDCF(*kinds)[0])


def scikit_learn(scores: np.ndarray, is_target: np.ndarray) -> tuple[float, float]:
    """Compute both from scikit-learn's ROC curve."""
    from sklearn.metrics import roc_curve

    p_fa, p_hit, _ = roc_curve(is_target, scores, drop_intermediate=False)
    nearest = np.argmin(np.abs(p_fa - (1 - p_hit)))
    cost = np.min(0.01 * (1 - p_hit) + 0.99 * p_fa) / 0.01
    return float((p_fa[nearest] + 1 - p_hit[nearest]) / 2), float(cost)


SYSTEMS = {"ours": ours, "scikit-learn": scikit_learn, "SpeechBrain": speechbrain}


def measure(system: Callable, n_trials: int, target_share: float) -> dict | None:
    """Time a system in a process of its own; None where it fails or takes too long."""
    context = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    arguments = (sender, system, n_trials, target_share)
    process = context.Process(target=_measure_here, args=arguments)
    process.start()
    sender.close()
    found = None
    if receiver.poll(MOST_SECONDS + 60):  # with the imports
        try:
            found = receiver.recv()
        except EOFError:  # out of memory
            found = None
    process.terminate()
    process.join()
    return found if found and found["seconds"] <= MOST_SECONDS else None


def _measure_here(
    sender: Connection, system: Callable, n_trials: int, target_share: float
) -> None:
    small = make_scores(100, 0.5)
    system(*small)  # imports
    trials = make_scores(n_trials, target_share)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    resource.setrlimit(resource.RLIMIT_DATA, (MOST_BYTES, MOST_BYTES))
    seconds = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        eer, cost = system(*trials)
        seconds.append(time.perf_counter() - start)
        if seconds[0] > 10:
            break
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    found = {"seconds": min(seconds), "eer": eer, "cost": cost}
    sender.send(found | {"megabytes": (after - before) / 1024})


def main() -> None:
    """Measure all systems at all sizes, and print a table as they come."""
    parser = argparse.ArgumentParser(description=__doc__.partition(":")[0])
    parser.add_argument("--target-share", type=float, default=0.1)
    parser.add_argument("--sizes", nargs="+", type=int, default=SIZES)
    args = parser.parse_args()
    print("| trials | system | seconds | times ours | added MB | EER % | minDCF .01 |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    stopped = set()
    for n_trials in args.sizes:
        first = None
        for name, system in SYSTEMS.items():
            found = None
            if name not in stopped:
                found = measure(system, n_trials, args.target_share)
            if found is None:
                stopped.add(name)
                print(f"| {n_trials} | {name} | over 60 s or 8 GB | | | | |")
                continue
            first = first or found["seconds"]
            print(
                f"| {n_trials} | {name} | {found['seconds']:.4f} | "
                f"{found['seconds'] / first:.1f} | {found['megabytes']:.0f} | "
                f"{100 * found['eer']:.4f} | {found['cost']:.4f} |"
            )


if __name__ == "__main__":
    main()
