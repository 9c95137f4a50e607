"""Time of speaker-bootstrap intervals: python -m tests.bench.bootstrap"""

import argparse
import time

import numpy as np

from utils.metrics.bootstrap import (
    ScoredTrials,
    Speakers,
    bootstrap,
    draw_counts,
)
from utils.metrics.intervals import intervals


def main() -> None:
    """Resample random trials of 500 speakers, 2 % of them target."""
    parser = argparse.ArgumentParser(description=__doc__.partition(":")[0])
    parser.add_argument("--trials", type=int, default=1_000_000)
    parser.add_argument("--resamples", type=int, default=1000)
    parser.add_argument("--nj", type=int, default=2)
    args = parser.parse_args()
    rng = np.random.default_rng(0)
    n_speakers = 500
    enrol = rng.integers(n_speakers, size=args.trials)
    is_target = rng.random(args.trials) < 0.02
    other = (enrol + 1 + rng.integers(n_speakers - 1, size=args.trials)) % n_speakers
    test = np.where(is_target, enrol, other)
    scores = rng.normal(3.0 * is_target, 1.0)
    start = time.perf_counter()
    system = ScoredTrials(scores, is_target, Speakers(enrol, test, n_speakers))
    counts = draw_counts(n_speakers, args.resamples, seed=0)
    (samples,) = bootstrap([system], ["0.01", "0.05"], counts, args.nj)
    seconds = time.perf_counter() - start
    low, high = intervals(samples)["eer"]
    print(
        f"{args.resamples} resamples of {args.trials} trials, {args.nj} threads: "
        f"{seconds:.1f} s (EER {100 * low:.3f} to {100 * high:.3f} %)"
    )


if __name__ == "__main__":
    main()
