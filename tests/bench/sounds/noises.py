"""Noise: stationary, modulated, of weather and of recordings without anybody."""

import numpy as np

from tests.bench.sounds.shaping import (
    add_events,
    band,
    event_times,
    log_uniform,
    phase,
    resonate,
    slow,
)
from utils.audio.acoustics import coloured_noise


def coloured(rng, time_s):
    return coloured_noise(len(time_s), rng.uniform(-1, 3), rng)


def white(rng, time_s):
    return rng.standard_normal(len(time_s))


def band_noise(rng, time_s):
    low_hz = log_uniform(rng, 50, 4000)
    high_hz = low_hz * log_uniform(rng, 1.1, 8)
    return band(white(rng, time_s), time_s, low_hz, high_hz, int(rng.integers(1, 5)))


def dither(rng, time_s):
    """Digital silence but for the last bits."""
    bits = rng.uniform(0.2, 3) * rng.standard_normal(len(time_s))
    bits = np.round(bits + rng.uniform(-1, 1) * np.sin(phase(50, time_s)))
    bits[0] = 1
    return bits / 32768


def room_tone(rng, time_s):
    room = coloured_noise(len(time_s), rng.uniform(0.5, 2.2), rng)
    room *= 1 + rng.uniform(0, 0.4) * slow(rng, time_s, rng.uniform(0.2, 2))
    mains_hz = rng.choice([50, 60])
    for k in range(1, 8):
        level = rng.exponential(0.3) / k * room.std()
        room += level * np.sin(phase(k * mains_hz, time_s) + k)
    return room


def speech_shaped(rng, time_s):
    """Stationary noise with the tilt and resonances of a voice."""
    noise = coloured_noise(len(time_s), rng.uniform(0.5, 2), rng)
    for centre_hz in (500, 1500, 2500):
        centre_hz *= rng.uniform(0.6, 1.5)
        noise = noise + rng.uniform(2, 20) * resonate(noise, time_s, centre_hz, 150)
    return noise


def modulated(rng, time_s):
    """Noise whose loudness moves by a sine, steps or at random."""
    kinds = (coloured, band_noise, speech_shaped)
    noise = kinds[rng.integers(len(kinds))](rng, time_s)
    rate_hz = log_uniform(rng, 0.3, 20)
    kind = rng.integers(4)
    if kind == 0:
        envelope = 1 + rng.uniform(0.3, 1) * np.sin(phase(rate_hz, time_s))
    elif kind == 1:
        envelope = (time_s * rate_hz) % 1 < rng.uniform(0.1, 0.8)
    elif kind == 2:
        envelope = np.exp(rng.uniform(0.3, 1.5) * slow(rng, time_s, rate_hz))
    else:
        starts = event_times(rng, time_s, rate_hz, rng.uniform(0, 1))
        decay_s = rng.uniform(0.02, 0.3)
        envelope = add_events(time_s, starts, lambda age: np.exp(-age / decay_s), 1.0)
    return noise * (envelope + rng.uniform(0, 0.1))


def modulated_bands(rng, time_s):
    """Bands of noise that move each by itself."""
    edges = np.geomspace(150, 6000, rng.integers(3, 10))
    fastest_hz, depth = log_uniform(rng, 0.5, 10), rng.uniform(0.3, 1.5)
    out = np.zeros(len(time_s))
    for low_hz, high_hz in zip(edges, edges[1:], strict=False):
        envelope = np.exp(depth * slow(rng, time_s, fastest_hz))
        level = (low_hz / 150) ** -rng.uniform(0, 1)
        out += level * envelope * band(white(rng, time_s), time_s, low_hz, high_hz, 2)
    return out


def wind(rng, time_s):
    low = coloured_noise(len(time_s), rng.uniform(1.5, 2.5), rng)
    gusts = np.exp(rng.uniform(0.5, 1.5) * slow(rng, time_s, rng.uniform(0.3, 3)))
    centre_hz = rng.uniform(300, 1200)
    howl = resonate(white(rng, time_s), time_s, centre_hz, rng.uniform(10, 80))
    howl *= np.exp(slow(rng, time_s, 1.0))
    return gusts * (low / low.std() + rng.uniform(0, 0.7) * howl / howl.std())


def surf(rng, time_s):
    swell = np.sin(phase(rng.uniform(0.1, 0.4), time_s) + rng.uniform(0, 6))
    return coloured(rng, time_s) * np.exp(rng.uniform(0.5, 2) * swell)


def rain(rng, time_s):
    """Drops: many short resonances at random, on a hiss."""
    centre_hz, width_hz = log_uniform(rng, 500, 6000), rng.uniform(100, 2000)
    drops = np.where(
        rng.uniform(size=len(time_s)) < log_uniform(rng, 5, 2000) / 16000,
        rng.standard_normal(len(time_s)) * rng.exponential(1, len(time_s)), 0,
    )  # fmt: skip
    drops[len(drops) // 2] += 1
    hiss = rng.exponential(0.01) * white(rng, time_s)
    return resonate(drops, time_s, centre_hz, width_hz) + hiss


def applause(rng, time_s):
    starts = event_times(rng, time_s, log_uniform(rng, 5, 150), rng.uniform(0, 0.8))
    noise = band(white(rng, time_s), time_s, 600, rng.uniform(2000, 6000), 2)

    def clap(age_s):
        first = rng.integers(max(1, len(noise) - len(age_s)))
        decay = np.exp(-age_s / rng.uniform(0.005, 0.03))
        return rng.exponential(1.0) * decay * noise[first : first + len(age_s)]

    return add_events(time_s, starts, clap, 0.15) + 1e-3 * noise


def crackle(rng, time_s):
    """Clicks on a recording, few or many."""
    clicks = np.zeros(len(time_s))
    n = rng.integers(1, 40 * len(time_s) // 16000)
    clicks[rng.integers(0, len(clicks), n)] = rng.standard_normal(n)
    return clicks + log_uniform(rng, 1e-4, 3e-2) * coloured(rng, time_s)


def line_of_nobody(rng, time_s):
    """A line that is open: hiss in steps, gates that open and close."""
    steps = np.repeat(
        10 ** rng.uniform(-2, 0, 1 + len(time_s) // 3000), 3000
    )  # fmt: skip
    return steps[: len(time_s)] * band(white(rng, time_s), time_s, 200, 3500)


SOUNDS = (
    coloured, white, band_noise, dither, room_tone, speech_shaped, modulated,
    modulated_bands, wind, surf, rain, applause, crackle, line_of_nobody,
)  # fmt: skip
