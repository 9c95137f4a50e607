"""Time until programs answer: their help, a small evaluation, a run that is done.

    python -m tests.bench.start_up [--repeats 3]

CPU seconds are those of a program and its children, wall seconds depend on what else
the machine does; of several times, the least. Goals in CPU seconds, on a quiet machine
where both are the same: 0.5 for a help, 0.7 for the evaluation, 1 for the run.
"""

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from tests.stages.test_run import TINY

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT / "tests" / "data"
GOALS_S = {"help": 0.5, "evaluate": 0.7, "run.sh": 1.0}


def seconds(command: list, repeats: int) -> tuple[float, float]:
    """Return the least CPU and wall time of a command, in seconds."""
    times = [time_once(command) for _ in range(repeats)]
    return min(cpu for cpu, _ in times), min(wall for _, wall in times)


def time_once(command: list) -> tuple[float, float]:
    """Return the CPU and wall time of a command, in seconds."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    run(command)
    wall = time.monotonic() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime, wall


def run(command: list) -> None:
    subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)


def show(name: str, goal_s: float, cpu: float, wall: float) -> None:
    remark = "" if cpu <= goal_s else f"  above {goal_s}"
    print(f"{name:<28} {cpu:8.2f} {wall:8.2f}{remark}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--repeats", type=int, default=3)
    args = parser.parse_args()

    def measure(name: str, goal: str, command: list) -> None:
        show(name, GOALS_S[goal], *seconds(command, args.repeats))

    print(f"{'program':<28} {'CPU s':>8} {'wall s':>8}")
    measure_python(measure)
    with tempfile.TemporaryDirectory() as folder:
        paths = ["--data", f"{folder}/data", "--exp", f"{folder}/exp"]
        done = [ROOT / "run.sh", *TINY, *paths]
        run(done)
        measure("./run.sh, all done", "run.sh", done)


def measure_python(measure: Callable[[str, str, list], None]) -> None:
    """Measure the programs of local by themselves."""
    module = [sys.executable, "-m"]
    for path in sorted((ROOT / "local").glob("*.py")):
        if path.stem != "__init__":
            name = f"local.{path.stem}"
            measure(f"{name} --help", "help", [*module, name, "--help"])
    lists = [DATA / "trials.txt", DATA / "scores.txt"]
    measure("local.evaluate", "evaluate", [*module, "local.evaluate", *lists])


if __name__ == "__main__":
    main()
