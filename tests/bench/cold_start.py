"""Cold start of local.verify to its answer: by a graph, by weights, side by side.

    python -m tests.bench.cold_start SYSTEM A.wav B.wav [--repeats 10]

Copies of a system, one with a graph, one without, are asked in turn, each time by a new
program, and one that imports torch alone is run beside them. CPU seconds are those of
the program; seconds on the clock depend on what else the machine does. Goals, in
seconds: 1 by the graph, 3 by the weights.
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from tests.bench.start_up import ROOT, time_once
from utils.systems.exported import FACTS, GRAPH, is_exported


def write_both(system: Path, folder: Path) -> list[Path]:
    """Write a system with and without its graph."""
    graph, weights = folder / "graph", folder / "weights"
    shutil.copytree(system, graph)
    shutil.copytree(system, weights, ignore=shutil.ignore_patterns(GRAPH, FACTS))
    if not is_exported(graph):
        command = [sys.executable, "-m", "local.export", str(graph)]
        subprocess.run(command, cwd=ROOT, check=True)
    return [graph, weights]


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("system", type=Path)
    parser.add_argument("files", nargs=2, type=Path)
    parser.add_argument("--repeats", type=int, default=10)
    args = parser.parse_args()
    python, files = sys.executable, map(Path.resolve, args.files)
    verify = [python, "-m", "local.verify", *files, "--system"]
    with tempfile.TemporaryDirectory() as folder:
        ways = write_both(args.system, Path(folder))
        commands = {way.name: [*verify, way] for way in ways}
        commands["torch"] = [python, "-c", "import torch"]
        for command in commands.values():  # the disk is read once
            time_once(command)
        found = np.array(
            [
                [time_once(command) for command in commands.values()]
                for _ in range(args.repeats)
            ]
        )  # (n_repeats, n_commands, 2)
    for name, (cpu, wall) in zip(commands, np.median(found, axis=0), strict=True):
        print(f"{name:<8} median {cpu:.2f} s of CPU time, {wall:.2f} s on the clock")


if __name__ == "__main__":
    main()
