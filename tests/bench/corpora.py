"""Manifests and trials of VoxCeleb2's size, made, checked and measured.

    python -m tests.bench.corpora [--speakers 5994] [--utterances 1092009]

Each step runs in a process of its own, so that its memory is its own.
"""

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from multiprocessing import get_context
from multiprocessing.queues import Queue
from pathlib import Path

import numpy as np
import pandas as pd

from tests.conftest import ROOT
from utils.data.corpus import CorpusContents, CorpusDesign
from utils.data.corpus_splits import assign_splits
from utils.data.manifest import read_manifest, write_manifest
from utils.data.trial_design import PER_SPEAKER, design_trials, sample_trials
from utils.trials.lists import write_trials

SEED = 1986


def generate(n_speakers: int, n_utterances: int) -> pd.DataFrame:
    """Make rows like VoxCeleb2's: speakers of unequal size, videos, long paths."""
    rng = np.random.default_rng(SEED)
    weights = rng.gamma(4.0, size=n_speakers)
    extra = rng.choice(
        n_speakers, n_utterances - 2 * n_speakers, p=weights / weights.sum()
    )
    speakers = np.sort(np.concatenate([np.repeat(np.arange(n_speakers), 2), extra]))
    place = pd.Series(speakers).groupby(speakers).cumcount().to_numpy()
    name = np.char.mod("id%05d", speakers)
    video = np.char.add(name, np.char.mod("v%05d", place // 8))
    ids = pd.Series(name) + "/" + pd.Series(video) + "/" + np.char.mod("%05d", place)
    n_samples = rng.integers(64000, 160000, n_utterances)
    return pd.DataFrame(
        {"ID": ids, "duration": np.round(n_samples / 16000, 3),
         "wav": "voxceleb2/dev/aac/" + ids + ".flac", "start": 0, "stop": n_samples,
         "spk_id": name, "gender": np.where(speakers % 5 < 3, "m", "f"),
         "session": video}
    )  # fmt: skip


def make_manifests(out: Path, n_speakers: int, n_utterances: int) -> None:
    """Divide the speakers and write the three manifests."""
    rows = generate(n_speakers, n_utterances)
    rows = assign_splits(CorpusContents(rows), CorpusDesign(name="bench"), SEED)
    for split, own in rows.groupby("split"):
        write_manifest(out / f"{split}.csv", own.drop(columns="split"))


def make_trials(out: Path) -> None:
    """Sample the three trial lists of the test set."""
    test = read_manifest(out / "test.csv")
    for name, made in design_trials(test, "bench", SEED).items():
        write_trials(out / "trials" / f"{name}.txt", made.trials)


def make_all_trials(out: Path) -> None:
    """Sample trials of the whole corpus."""
    rows = pd.concat([read_manifest(path) for path in out.glob("*.csv")])
    write_trials(out / "whole.txt", sample_trials(rows, PER_SPEAKER, SEED))


def check(out: Path) -> None:
    """Validate the folder without its audio."""
    command = [sys.executable, "-m", "local.validate_data", str(out), "--no-audio"]
    subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)


def measured(function: Callable, *arguments: object) -> tuple[float, float, float]:
    """Run a step in a fresh process; returns seconds, those of computing, and GB."""
    context = get_context("spawn")
    queue = context.Queue()
    start = time.perf_counter()
    process = context.Process(target=_report, args=(queue, function, arguments))
    process.start()
    computing, gigabytes = queue.get()
    process.join()
    return time.perf_counter() - start, computing, gigabytes


def _report(queue: Queue, function: Callable, arguments: tuple) -> None:
    function(*arguments)
    kinds = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    usages = [resource.getrusage(kind) for kind in kinds]
    computing = sum(usage.ru_utime + usage.ru_stime for usage in usages)
    queue.put((computing, max(usage.ru_maxrss for usage in usages) / 2**20))


def main() -> None:
    """Run all steps and print their time and memory."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--speakers", type=int, default=5994)
    parser.add_argument("--utterances", type=int, default=1_092_009)
    parser.add_argument("--step", nargs="+", help="these alone, by function")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder)
        steps = {
            "split and write manifests": (
                make_manifests,
                args.speakers,
                args.utterances,
            ),
            "three trial lists of the test set": (make_trials,),
            "one trial list of all speakers": (make_all_trials,),
            "validate all without audio": (check,),
        }
        for name, (function, *sizes) in steps.items():
            if args.step and function.__name__ not in args.step:
                continue
            seconds, computing, gigabytes = measured(function, out, *sizes)
            print(
                f"{name:36s} {seconds:6.0f} s ({computing:.0f} s of computing) "
                f"{gigabytes:5.2f} GB",
                flush=True,
            )
        for path in sorted(out.rglob("*.*")):
            size = path.stat().st_size / 2**20
            print(f"  {path.relative_to(out)}: {size:.0f} MB")


if __name__ == "__main__":
    main()
