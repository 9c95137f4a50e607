"""Who spoke when: error rates, counts, speed and memory.

    python -m tests.bench.diarization FOLDER [FOLDER ...] [--system models/campplus]
        [--only NAME ...] [--overrides YAML] [--limit]

A FOLDER holds recordings and reference.rttm, as tests.bench.conversations writes them,
or a corpus such as AMI. On one thread. All of a recording is scored, overlap too,
without collar: with the speech that the system finds, and with that of the reference.
--limit: what is left to clustering, if each piece is given to who talks most in it.
Speeds are of CPU time.
"""

import argparse
import resource
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch

from local.setup.diarization import SETTINGS, DiarizationConfig
from local.setup.hyperparameters import load_hyperparameters
from utils.data.files import audio_paths
from utils.diarization.assembly import talking
from utils.diarization.counts import ANY_COUNT
from utils.diarization.diarizer import Diarizer
from utils.diarization.score_sums import Score, add_scores
from utils.diarization.scoring import score_channel
from utils.diarization.segmentation import FRAME_S, Segmentation, Source
from utils.diarization.turns import Region, Turn, read_rttm

PARTS = "segmentation", "embedding", "clustering"


class Recording(NamedTuple):
    """A file, what is said in it, and how long it is."""

    path: Path
    turns: list[Turn]
    duration_s: float

    def score(self, turns: list[Turn]) -> Score:
        """Score turns."""
        region = Region(self.path.stem, "1", 0.0, self.duration_s)
        return score_channel(self.turns, turns, [region])

    def frames(self, n_frames: int) -> np.ndarray:
        """Return who speaks in each frame: (n_frames, K)."""
        names = sorted({own.speaker for own in self.turns})
        active = np.zeros((n_frames, len(names)), dtype=bool)
        for own in self.turns:
            first, last = np.rint(np.array([own.start_s, own.stop_s]) / FRAME_S)
            active[int(first) : int(last), names.index(own.speaker)] = True
        return active


def list_recordings(folder: Path, only: list[str]) -> Iterator[Recording]:
    """Yield the recordings of a folder whose names begin with one of ``only``."""
    turns = read_rttm(folder / "reference.rttm")
    for path in sorted(audio_paths(folder)):
        if not only or path.stem.startswith(tuple(only)):
            own = [turn for turn in turns if turn.file == path.stem]
            yield Recording(path, own, Source(path).duration_s())


def as_turns(file: str, found: list[tuple[float, float, int]]) -> list[Turn]:
    """Make turns of a file of the spans of its speakers."""
    return [Turn(file, "1", a, b - a, str(own)) for a, b, own in found]


def diarize(
    diarizer: Diarizer, recording: Recording
) -> tuple[dict[str, Score], np.ndarray, Segmentation]:
    """Return scores with the system's and the reference's speech, and CPU times."""
    source, clock = Source(recording.path), [time.process_time()]
    segmentation = diarizer.segmenter(source)
    clock.append(time.process_time())
    voices = diarizer.embedder(source, segmentation)
    clock.append(time.process_time())
    labels = diarizer.grouping(segmentation, voices)
    is_on = talking(segmentation, voices, labels)
    clock.append(time.process_time())
    known = recording.frames(segmentation.n_frames).max(axis=1, initial=False)
    told = talking(segmentation, voices, labels, known)
    scores = {
        name: recording.score(as_turns(recording.path.stem, diarizer.turns(own)))
        for name, own in (("found speech", is_on), ("known speech", told))
    }
    return scores, np.diff(clock), segmentation


def limit(recording: Recording, segmentation: Segmentation) -> Score:
    """Score voices of windows that are each given to who talks most in it."""
    n_frames = segmentation.n_frames
    reference = recording.frames(n_frames)
    found = np.zeros_like(reference)
    for start, active in zip(segmentation.starts, segmentation.active, strict=True):
        own = reference[start : start + len(active)]  # (t, K)
        talking = active[: len(own)]
        nearest = (own.T.astype(int) @ talking).argmax(axis=0)  # (K, t) @ (t, S)
        for voice, speaker in enumerate(nearest):
            found[start : start + len(own), speaker] |= talking[:, voice]
    n_own, n_found = reference.sum(axis=1), found.sum(axis=1)
    both, right = np.minimum(n_own, n_found).sum(), (reference & found).sum()
    sums = n_own.sum(), n_own.sum() - both, n_found.sum() - both, both - right
    return Score(*(FRAME_S * np.array(sums)).tolist())


def tell(name: str, scores: list[Score]) -> None:
    """Print rates."""
    rates = add_scores(scores).rates()
    parts = ", ".join(
        f"{key} {100 * rates[value]:.1f} %"
        for key, value in (
            ("DER", "der"), ("missed", "missed"), ("false alarm", "false_alarm"),
            ("confusion", "confusion"), ("count exact", "count_exact"),
        ) if rates[value] == rates[value]
    )  # fmt: skip
    print(f"  {name}: {parts}", flush=True)


def bench(diarizer: Diarizer, recordings: list[Recording], has_limit: bool) -> None:
    """Print rates and speed of the recordings of a folder."""
    found: dict[str, list[Score]] = {}
    seconds, limits = np.zeros(len(PARTS)), []
    for recording in recordings:
        scores, own_s, segmentation = diarize(diarizer, recording)
        seconds += own_s
        for name, score in scores.items():
            found.setdefault(name, []).append(score)
        if has_limit:
            limits.append(limit(recording, segmentation))
    for name, own in found.items():
        tell(name, own)
    if limits:
        tell("pieces given to who talks most in them", limits)
    whole_s = sum(own.duration_s for own in recordings)
    costs = ", ".join(
        f"{name} {1000 * own / whole_s:.1f}"
        for name, own in zip(PARTS, seconds, strict=True)
    )
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10
    print(
        f"  {whole_s / seconds.sum():.1f} times real time on a core (ms a second: "
        f"{costs}); peak memory {peak_mb:.0f} MB",
        flush=True,
    )


def read_config(system: Path, overrides: str) -> DiarizationConfig:
    """Read what the benches of conversations diarize with."""
    settings = load_hyperparameters(SETTINGS, overrides)
    network = Path("models/segmentation")
    return DiarizationConfig(system, network, settings, ANY_COUNT, "mean")


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--system", type=Path, default=Path("models/campplus"))
    parser.add_argument("--only", nargs="+", default=[])
    parser.add_argument("--overrides", default="")
    parser.add_argument("--limit", action="store_true")
    args = parser.parse_args()
    torch.set_num_threads(1)
    diarizer = read_config(args.system, args.overrides).open()
    for folder in args.folders:
        recordings = list(list_recordings(folder, args.only))
        print(f"{folder.name}: {len(recordings)} recordings", flush=True)
        bench(diarizer, recordings, args.limit)


if __name__ == "__main__":
    main()
