"""EER and minDCF of 10^9 scores from memory-mapped arrays: time and memory.

python -m tests.bench.streaming [--trials N] [--folder DIR] makes the arrays in a
temporary folder (5 bytes a trial) and evaluates them in a process of its own.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

BLOCK = 10_000_000
MOST_BYTES = 1 << 30  # of private memory: the evaluation fails if it asks for more


def limit_memory() -> None:
    """Limit this process's memory; pages of mapped files do not count."""
    resource.setrlimit(resource.RLIMIT_DATA, (MOST_BYTES, MOST_BYTES))


def make_arrays(folder: Path, n_trials: int) -> None:
    """Write float32 scores and labels, 1 % of them target."""
    rng = np.random.default_rng(0)
    scores = np.lib.format.open_memmap(
        folder / "scores.npy", "w+", np.float32, (n_trials,)
    )
    labels = np.lib.format.open_memmap(folder / "labels.npy", "w+", bool, (n_trials,))
    for start in range(0, n_trials, BLOCK):
        n = min(BLOCK, n_trials - start)
        is_target = rng.random(n, dtype=np.float32) < 0.01
        noise = rng.standard_normal(n, dtype=np.float32)
        scores[start : start + n] = noise + 3 * is_target
        labels[start : start + n] = is_target
    scores.flush()
    labels.flush()


def main() -> None:
    """Make the arrays, evaluate them, and print what it took."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--trials", type=int, default=1_000_000_000)
    parser.add_argument("--folder", type=Path, help="where to make the arrays")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=args.folder) as name:
        folder = Path(name)
        make_arrays(folder, args.trials)
        names = "scores.npy", "labels.npy", "results.json"
        scores, labels, found = (str(folder / name) for name in names)
        start = time.perf_counter()
        command = [sys.executable, "-m", "local.evaluate_array", scores, labels]
        command += ["--json", found]
        subprocess.run(command, check=True, preexec_fn=limit_memory)
        seconds = time.perf_counter() - start
        results = json.loads((folder / "results.json").read_text())
    print(
        f"{args.trials} trials: {seconds:.0f} s within {MOST_BYTES >> 20} MB beside "
        f"the mapped files, EER {100 * results['eer']:.6f} %"
    )


if __name__ == "__main__":
    main()
