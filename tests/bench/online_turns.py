"""Turns while the sound comes beside turns of the whole recording: errors and speed.

    python -m tests.bench.online_turns FOLDER [--system campplus] [--pattern "tst*" ...]

FOLDER holds recordings, reference.rttm and all.uem. DER is without collar, overlap
scored. On one thread; seconds are of CPU time.
"""

import argparse
import time
from pathlib import Path

import numpy as np
import torch

from local.setup.diarization import DiarizationConfig
from local.setup.found_turns import recording_name
from local.setup.systems import find_system
from tests.bench.diarization import read_config
from utils.data.files import audio_paths
from utils.diarization.diarizer import Diarizer
from utils.diarization.score_sums import add_scores
from utils.diarization.scoring import score_recordings
from utils.diarization.segmentation import Source
from utils.diarization.turns import Turn, read_rttm, read_uem
from utils.live.conversation import join_changes
from utils.live.sources import play_file


def hear(config: DiarizationConfig, path: Path) -> tuple[list[Turn], float]:
    """Return the turns that are told while a file is heard, and the greatest delay."""
    delays = [0.0]
    with play_file(path, 0.1) as source:
        listener = config.open_online(source.rate_hz)
        changes, n_heard = [], 0
        for chunk in source.chunks:
            n_heard += len(chunk)
            told = listener(chunk)
            delays += [n_heard / source.rate_hz - own.time_s for own in told]
            changes += told
    changes += listener.finish()
    return join_changes(recording_name(path), changes), max(delays)


def read_whole(diarizer: Diarizer, path: Path) -> list[Turn]:
    """Return the turns of the whole recording."""
    found = diarizer(Source(path)).turns
    name = recording_name(path)
    return [
        Turn(name, "1", start, stop - start, str(own)) for start, stop, own in found
    ]


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--system", default="campplus")
    parser.add_argument("--pattern", nargs="+", default=["*"], help="of files' names")
    parser.add_argument("--overrides", default="", help="YAML over hparams/diarization")
    args = parser.parse_args()
    torch.set_num_threads(1)
    config = read_config(find_system(args.system), args.overrides)
    paths = [
        own for own in audio_paths(args.folder) if any(map(own.match, args.pattern))
    ]
    names = {recording_name(path) for path in paths}
    ref = [
        own for own in read_rttm(args.folder / "reference.rttm") if own.file in names
    ]
    uem = [own for own in read_uem(args.folder / "all.uem") if own.file in names]
    sound_s = sum(own.stop_s - own.start_s for own in uem)
    diarizer, delays = config.open(), []
    for way in ("whole", "online"):
        start, turns = time.process_time(), []
        for path in paths:
            if way == "whole":
                turns += read_whole(diarizer, path)
            else:
                told, delay_s = hear(config, path)
                turns += told
                delays.append(delay_s)
        seconds = time.process_time() - start
        total = add_scores(score_recordings(ref, turns, uem).values())
        rates = {name: 100 * rate for name, rate in total.rates().items()}
        print(
            "{}: DER {der:.1f} % (missed {missed:.1f}, false alarm {false_alarm:.1f}, "
            "confusion {confusion:.1f}); {n} speakers found of {m}, count exact in "
            "{count_exact:.0f} %; {speed:.1f} times real time".format(
                way, n=total.n_hyp, m=total.n_ref, speed=sound_s / seconds, **rates
            ),
            flush=True,
        )
    print(f"told after {np.max(delays):.2f} s of sound at most")


if __name__ == "__main__":
    main()
