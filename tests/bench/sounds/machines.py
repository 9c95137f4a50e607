"""Machines and things: engines, drills, taps, steps, typing."""

import numpy as np

from tests.bench.sounds.noises import coloured, white
from tests.bench.sounds.shaping import (
    add_events,
    attack_and_decay,
    event_times,
    log_uniform,
    phase,
    resonate,
    slow,
)


def engine(rng, time_s):
    """Pulses through the resonances of a body, faster and slower, with noise."""
    base_hz = log_uniform(rng, 15, 200)
    revving = rng.uniform(0, 0.4) * slow(rng, time_s, log_uniform(rng, 0.2, 2))
    hz = base_hz * np.exp(revving)
    turns = phase(hz, time_s) / (2 * np.pi)
    pulses = np.diff(np.floor(turns), prepend=0) * (
        1 + rng.uniform(0, 0.5) * rng.standard_normal(len(time_s))
    )
    body = sum(
        resonate(pulses, time_s, log_uniform(rng, 60, 3000), rng.uniform(30, 400))
        for _ in range(rng.integers(1, 5))
    )
    return body / (body.std() + 1e-9) + rng.uniform(0, 1) * coloured(rng, time_s)


def whine(rng, time_s):
    """A motor: tones at odd ratios whose speed drifts, on a hiss."""
    speed = np.exp(rng.uniform(0, 0.3) * slow(rng, time_s, rng.uniform(0.1, 1)))
    base_hz = log_uniform(rng, 60, 800)
    tones = sum(
        rng.exponential(1) * np.sin(phase(base_hz * ratio * speed, time_s))
        for ratio in rng.uniform(1, 12, rng.integers(2, 10))
    )
    return tones + rng.uniform(0, 2) * white(rng, time_s)


def drill(rng, time_s):
    """Bursts of a rough tone."""
    hz = log_uniform(rng, 60, 400) * (1 + 0.05 * slow(rng, time_s, 8))
    rough = np.sign(np.sin(phase(hz, time_s))) + 0.5 * white(rng, time_s)
    gate = slow(rng, time_s, log_uniform(rng, 0.3, 3)) > rng.uniform(-1, 0.5)
    return (gate + 0.01) * resonate(rough, time_s, rng.uniform(500, 3000), 800)


def knocks(rng, time_s):
    """Steps, knocks, hammering: dull resonances at nearly regular times."""
    starts = event_times(rng, time_s, log_uniform(rng, 0.8, 12), rng.uniform(0.2, 1))
    centres_hz = [log_uniform(rng, 60, 2500) for _ in range(rng.integers(1, 5))]
    decay_s = log_uniform(rng, 0.01, 0.15)

    def knock(age_s):
        level = rng.uniform(0.3, 1)
        ring = sum(np.sin(2 * np.pi * hz * age_s) for hz in centres_hz)
        noise = rng.uniform(0, 1) * rng.standard_normal(len(age_s))
        return level * np.exp(-age_s / decay_s) * (ring + noise)

    return add_events(time_s, starts, knock, 0.6) + 1e-3 * coloured(rng, time_s)


def typing(rng, time_s):
    starts = event_times(rng, time_s, rng.uniform(2, 12), rng.uniform(0, 0.7))

    def key(age_s):
        centre_hz = rng.uniform(1500, 5000)
        click = rng.standard_normal(len(age_s)) * np.exp(-age_s / 0.004)
        thump = np.sin(2 * np.pi * 0.1 * centre_hz * age_s) * np.exp(-age_s / 0.02)
        return rng.uniform(0.3, 1) * (click + rng.uniform(0, 1) * thump)

    return add_events(time_s, starts, key, 0.1) + 3e-3 * coloured(rng, time_s)


def ringing(rng, time_s):
    """Glass, bells and coins: inharmonic partials that ring."""
    starts = event_times(rng, time_s, log_uniform(rng, 0.5, 10), rng.uniform(0, 1))
    ratios = np.sort(rng.uniform(1, 7, rng.integers(3, 9)))

    def ring(age_s):
        base_hz = log_uniform(rng, 300, 2000)
        parts = (
            np.sin(2 * np.pi * base_hz * r * age_s) * np.exp(-3 * r * age_s) / r
            for r in ratios
        )
        return rng.uniform(0.3, 1) * sum(parts)

    return add_events(time_s, starts, ring, 2.0) + 1e-4 * white(rng, time_s)


def squeaks(rng, time_s):
    """Doors, brakes, chairs: rough glides now and then."""
    starts = event_times(rng, time_s, log_uniform(rng, 0.5, 5), rng.uniform(0, 0.8))

    def squeak(age_s):
        length_s = rng.uniform(0.05, 0.8)
        base_hz = log_uniform(rng, 150, 2500)
        hz = base_hz * np.exp(rng.uniform(-2, 2) * age_s + 0.05 * np.sin(60 * age_s))
        angle = 2 * np.pi * np.cumsum(hz) / 16000
        tone = sum(np.sin(k * angle) / k for k in range(1, rng.integers(2, 8)))
        return attack_and_decay(age_s, 0.02, length_s) * tone

    return add_events(time_s, starts, squeak, 1.0) + 1e-3 * white(rng, time_s)


def compressor(rng, time_s):
    """A fan or a refrigerator: harmonics of the mains, a cycle of loudness."""
    hz = rng.uniform(20, 120)
    beat = 1 + 0.5 * np.sin(phase(rng.uniform(0.3, 8), time_s))
    tones = sum(
        np.sin(phase(k * hz, time_s)) / k for k in range(1, rng.integers(3, 20))
    )
    return beat * tones + rng.uniform(0.1, 2) * coloured(rng, time_s)


SOUNDS = (
    engine, whine, drill, knocks, typing, ringing, squeaks, compressor,
)  # fmt: skip
