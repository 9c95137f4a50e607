"""Sounds that are no speech, for testing alone: nothing was fitted to them.

They share no code with the sounds of the training (`tests.bench.sounds`). Each is a
function of a generator and a number of samples at `RATE_HZ`.
"""

import numpy as np
from scipy.signal import chirp, fftconvolve, firwin, lfilter, sawtooth, square

from tests.audio.other_music import MUSIC

RATE_HZ = 16000


def clock(n):
    return np.arange(n) / RATE_HZ


def silence_with_one_bit(rng, n):
    return (rng.uniform(size=n) < 0.5) / 32768


def quantised_hiss(rng, n):
    return np.round(rng.normal(scale=2.5, size=n)) / 32768


def far_traffic(rng, n):
    rumble = np.cumsum(rng.normal(size=n))
    rumble -= np.convolve(rumble, np.ones(801) / 801, "same")
    return rumble + 0.3 * rumble.std() * rng.normal(size=n)


def shift_register(rng, n):
    """Noise of a game console: bits held for a while."""
    held = int(rng.integers(1, 30))
    return np.repeat(rng.choice([-1.0, 1.0], n // held + 1), held)[:n]


def logistic_map(rng, n):
    """Chaos, heard."""
    growth, value = rng.uniform(3.6, 4.0), rng.uniform(0.2, 0.8)
    out = np.empty(n)
    for i in range(n):
        value = growth * value * (1 - value)
        out[i] = value
    return out - 0.5


def telegraph(rng, n):
    return np.cumprod(np.where(rng.uniform(size=n) < rng.uniform(0.001, 0.1), -1, 1))


def swept_filter(rng, n):
    """Noise through a band that wanders, by blocks: a wah of nobody."""
    noise, out = rng.normal(size=n), np.zeros(n)
    centre = 0.2
    for start in range(0, n, 800):
        centre = np.clip(centre + rng.normal(scale=0.05), 0.03, 0.8)
        taps = firwin(101, [0.7 * centre, 1.2 * centre], pass_zero=False)
        out[start : start + 800] = np.convolve(noise, taps, "same")[start : start + 800]
    return out


def shot_noise(rng, n):
    shots = rng.poisson(rng.uniform(0.001, 0.05), n) * rng.normal(size=n)
    return fftconvolve(shots, np.exp(-np.arange(400) / rng.uniform(3, 80)))[:n]


def helicopter(rng, n):
    blade = sawtooth(2 * np.pi * rng.uniform(9, 22) * clock(n)) ** 8
    return blade * np.cumsum(rng.normal(size=n) - 1e-9) % 1.0 + 0.1 * rng.normal(size=n)


def train_on_tracks(rng, n):
    t = clock(n)
    gap_s = rng.uniform(0.5, 1.1)
    hits = sum(
        np.exp(-30 * ((t - delay_s) % gap_s)) for delay_s in (0, 0.12, 0.3, 0.42)
    )
    rolling = lfilter([1], [1, -0.95], rng.normal(size=n))
    return rolling * (0.2 + hits)


def dripping_tap(rng, n):
    out = 1e-4 * rng.normal(size=n)
    for first in np.arange(0, n - 2000, int(RATE_HZ * rng.uniform(0.15, 0.9))):
        t = clock(2000)
        drop_hz = rng.uniform(600, 1800)
        out[first : first + 2000] += np.exp(-40 * t) * np.sin(
            2 * np.pi * (drop_hz + 3000 * t) * t
        )
    return out


def fire(rng, n):
    roar = lfilter([1], [1, -0.98], rng.normal(size=n))
    pops = (rng.uniform(size=n) < 0.0006) * rng.pareto(1.5, n)
    return roar + 5 * lfilter([1], [1, -0.6, 0.5], pops)


def washing_machine(rng, n):
    t = clock(n)
    drum = 1 + np.sin(2 * np.pi * rng.uniform(0.6, 1.5) * t) ** 3
    slosh = lfilter([1], [1, -0.9], rng.normal(size=n))
    return drum * slosh + square(2 * np.pi * 50 * t) + np.sin(2 * np.pi * 317 * t)


def ticking_clock(rng, n):
    t = clock(n) % rng.choice([0.2, 0.5, 1.0])
    tick = np.exp(-300 * t) * np.sin(2 * np.pi * rng.uniform(1500, 3500) * t)
    return tick + 1e-3 * rng.normal(size=n)


def coffee_grinder(rng, n):
    t = clock(n)
    speed_hz = rng.uniform(90, 250) * (1 - 0.3 * np.exp(-2 * t))
    beans = np.abs(lfilter([1], [1, -0.99], rng.normal(size=n)))
    return sawtooth(2 * np.pi * np.cumsum(speed_hz) / RATE_HZ) * (1 + beans)


def vacuum_cleaner(rng, n):
    t = clock(n)
    tones = sum(np.sin(2 * np.pi * k * rng.uniform(140, 160) * t) for k in (1, 2, 3, 7))
    return tones + rng.uniform(1, 4) * rng.normal(size=n)


def scanner(rng, n):
    """The knocking of a magnetic resonance scanner."""
    t = clock(n)
    gate = square(2 * np.pi * rng.uniform(1, 9) * t, duty=0.6) > 0
    return gate * square(2 * np.pi * rng.uniform(300, 900) * t) + 0.1 * rng.normal(
        size=n
    )


def passing_car(rng, n):
    t = clock(n) - n / RATE_HZ / 2
    near = 1 / (1 + (rng.uniform(1, 4) * t) ** 2)
    horn_hz = 400 * (1 - 0.08 * np.tanh(3 * t))
    horn = np.sin(2 * np.pi * np.cumsum(horn_hz) / RATE_HZ)
    return near * (horn + lfilter([1], [1, -0.8], rng.normal(size=n)))


def morse_in_noise(rng, n):
    dot = int(0.06 * RATE_HZ)
    keys = np.repeat(rng.choice([0, 1, 1, 1, 0], n // dot + 1), dot)[:n]
    tone = keys * np.sin(2 * np.pi * rng.uniform(500, 900) * clock(n))
    return tone + rng.uniform(0.01, 0.5) * rng.normal(size=n)


def picture_by_radio(rng, n):
    """Slow-scan television: a frequency a pixel, by lines."""
    pixels_hz = 1500 + 800 * np.abs(
        np.cumsum(rng.normal(size=n // 20 + 1)) / 40 % 2 - 1
    )
    hz = np.repeat(pixels_hz, 20)[:n]
    hz[np.arange(n) % 2400 < 80] = 1200
    return np.sin(2 * np.pi * np.cumsum(hz) / RATE_HZ)


def number_unobtainable(rng, n):
    """Three rising tones, then silence, again."""
    t = clock(n) % 2.0
    hz = np.select([t < 0.33, t < 0.66, t < 1.0], [950, 1400, 1800], 0)
    return np.sin(2 * np.pi * hz * t) * (hz > 0) + 1e-3 * rng.normal(size=n)


def chirps_of_a_sonar(rng, n):
    t = clock(n)
    ping = chirp(t % 0.7, rng.uniform(400, 900), 0.7, rng.uniform(1000, 3500))
    echo = np.exp(-6 * (t % 0.7)) * ping
    return echo + 0.3 * np.roll(echo, 3000)


def heartbeat(rng, n):
    t = clock(n) % (60 / rng.uniform(50, 140))
    beat = np.exp(-40 * t) + 0.6 * np.exp(-40 * np.abs(t - 0.28))
    return beat * np.sin(2 * np.pi * rng.uniform(35, 140) * t) + 2e-3 * rng.normal(
        size=n
    )


def purring(rng, n):
    t = clock(n)
    breath = 0.6 + 0.4 * np.sin(2 * np.pi * 0.4 * t)
    pulses = np.sin(2 * np.pi * rng.uniform(20, 30) * t) ** 16
    return breath * pulses * lfilter([1], [1, -0.9], rng.normal(size=n))


def cuckoo(rng, n):
    t = clock(n) % rng.uniform(1.0, 1.8)
    hz = np.where(t < 0.35, 660, 520) * rng.uniform(0.9, 1.1)
    gate = ((t < 0.25) | ((t > 0.4) & (t < 0.75))).astype(float)
    gate = np.convolve(gate, np.hanning(600) / 300, "same")
    tone = np.sin(2 * np.pi * hz * t) + 0.2 * np.sin(4 * np.pi * hz * t)
    return gate * tone + 0.003 * rng.normal(size=n)


def woodpecker(rng, n):
    t = clock(n)
    drumming = (t % 1.6) < 0.6
    knock = np.exp(-150 * (t % (1 / rng.uniform(12, 25))))
    return drumming * knock * rng.normal(size=n) + 1e-3 * rng.normal(size=n)


def swarm(rng, n):
    bees_hz = rng.uniform(180, 260, 25)
    drift = np.cumsum(rng.normal(scale=0.02, size=(25, n)), axis=1)
    return sawtooth(2 * np.pi * bees_hz[:, None] * clock(n) + drift).sum(axis=0)


def cicadas(rng, n):
    t = clock(n)
    swell = 0.3 + np.sin(np.pi * (t / 3 % 1)) ** 2
    buzz = np.abs(np.sin(2 * np.pi * rng.uniform(60, 200) * t))
    taps = firwin(101, [0.35, 0.6], pass_zero=False)
    return swell * buzz * np.convolve(rng.normal(size=n), taps, "same")


def owl(rng, n):
    t = clock(n) % 1.9
    hoot = np.exp(-(((t - 0.3) / 0.12) ** 2)) + np.exp(-(((t - 0.9) / 0.3) ** 2))
    hz = rng.uniform(280, 420) * (1 + 0.03 * np.sin(9 * t))
    return hoot * np.sin(2 * np.pi * hz * t) + 0.004 * rng.normal(size=n)


def dolphin(rng, n):
    t = clock(n)
    hz = 2200 + 1300 * np.sin(2 * np.pi * rng.uniform(0.7, 3) * t)
    whistle = np.sin(2 * np.pi * np.cumsum(hz) / RATE_HZ) * (np.sin(5 * t) > -0.2)
    clicks = (np.arange(n) % int(rng.uniform(200, 900)) < 3) * 2.0
    return whistle + clicks + 0.01 * rng.normal(size=n)


def rubbed_glass(rng, n):
    t = clock(n)
    stick = 1 + 0.3 * square(2 * np.pi * rng.uniform(3, 12) * t)
    hz = rng.uniform(500, 1100)
    return stick * sum(np.sin(2 * np.pi * hz * r * t) / r for r in (1, 2.3, 4.2))


def hail_on_metal(rng, n):
    hits = (rng.uniform(size=n) < rng.uniform(0.0003, 0.01)) * rng.exponential(size=n)
    modes_hz = rng.uniform(300, 5000, 6)
    age_s = clock(3000)
    ring = sum(np.exp(-25 * age_s) * np.sin(2 * np.pi * hz * age_s) for hz in modes_hz)
    return fftconvolve(hits, ring)[:n] + 1e-4 * rng.normal(size=n)


def paper(rng, n):
    """Crumpling: bursts of all lengths."""
    knots = np.arange(0, n + 600, 600)
    bursts = np.exp(2 * np.interp(np.arange(n), knots, rng.normal(size=len(knots))))
    return bursts * np.diff(rng.normal(size=n + 1))


def bad_cable(rng, n):
    hum = np.sin(2 * np.pi * 50 * clock(n)) ** 5
    breaks = np.repeat(rng.uniform(size=n // 700 + 1) < 0.3, 700)[:n]
    return hum + breaks * rng.normal(size=n)


SOUNDS = (
    silence_with_one_bit, quantised_hiss, far_traffic, shift_register, logistic_map,
    telegraph, swept_filter, shot_noise, helicopter, train_on_tracks, dripping_tap,
    fire, washing_machine, ticking_clock, coffee_grinder, vacuum_cleaner, scanner,
    passing_car, morse_in_noise, picture_by_radio, number_unobtainable,
    chirps_of_a_sonar, heartbeat, purring, cuckoo, woodpecker, swarm, cicadas, owl,
    dolphin, rubbed_glass, hail_on_metal, paper, bad_cable, *MUSIC,
)  # fmt: skip
