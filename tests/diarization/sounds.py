"""Sounds whose loud stretches are known."""

import numpy as np


def bursts(*stretches, duration_s=33.0):
    """Samples that are loud from, to, at a level."""
    samples = np.zeros(int(duration_s * 16000), dtype="f4")
    for start_s, stop_s, level in stretches:
        samples[int(start_s * 16000) : int(stop_s * 16000)] = level
    return samples
