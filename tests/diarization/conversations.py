"""Drawn references and hypotheses: overlaps, gaps, turns of no length, channels."""

import numpy as np

from utils.diarization.turns import Region, Turn

LENGTH_S = 60


def draw_conversation(seed, step_s=0.001):
    """Draw reference, hypothesis and regions of two recordings of one or two channels.

    Turns of a speaker do not overlap each other; all times are multiples of a step.
    """
    rng = np.random.default_rng(seed)
    ref, hyp, regions = [], [], []
    for file in ("a", "b"):
        for channel in ("1", "2")[: rng.integers(1, 3)]:
            place = file, channel
            ref += draw_turns(rng, place, rng.integers(1, 5), "ref", step_s)
            hyp += draw_turns(rng, place, rng.integers(1, 6), "hyp", step_s)
            start = rng.integers(0, 20 / step_s) * step_s
            regions += [Region(*place, start, 40.0), Region(*place, 45.0, 1e4)]
    rng.shuffle(ref)
    return [Turn(*turn) for turn in ref], hyp, regions


def draw_turns(rng, place, n_speakers, kind, step_s):
    turns = []
    for speaker in range(n_speakers):
        n_turns = rng.integers(1, 8)
        times = rng.choice(int(LENGTH_S / step_s), 2 * n_turns, replace=False)
        for first, last in np.sort(times).reshape(-1, 2).tolist():
            name = f"{kind}{speaker}"
            turns.append(Turn(*place, first * step_s, (last - first) * step_s, name))
        if rng.random() < 0.3:
            turns.append(Turn(*place, rng.integers(0, 60), 0.0, f"{kind}-short"))
    return turns
