"""Tones: pure, together, gliding, keyed, and those of telephones."""

import numpy as np

from tests.bench.sounds.shaping import log_uniform, phase, slow

_ROWS_HZ, _COLUMNS_HZ = (697, 770, 852, 941), (1209, 1336, 1477, 1633)


def pure(rng, time_s):
    return np.sin(phase(log_uniform(rng, 80, 4000), time_s))


def hum(rng, time_s):
    base_hz = rng.choice([50, 60, 100, 120, 400]) * rng.uniform(0.99, 1.01)
    return sum(
        rng.exponential(1) * k ** -rng.uniform(0.3, 2)
        * np.sin(phase(k * base_hz, time_s) + rng.uniform(0, 6))
        for k in range(1, rng.integers(2, 30))
    )  # fmt: skip


def several(rng, time_s):
    tones = range(rng.integers(2, 12))
    return sum(np.sin(phase(log_uniform(rng, 100, 4000), time_s)) for _ in tones)


def sweep(rng, time_s):
    """Glide up or down, once or again and again, straight or by octaves."""
    low_hz = log_uniform(rng, 60, 1000)
    high_hz = low_hz * log_uniform(rng, 1.5, 12)
    turns = (time_s * log_uniform(rng, 0.1, 4)) % 1
    if rng.uniform() < 0.4:
        turns = 1 - np.abs(2 * turns - 1)
    if rng.uniform() < 0.3:
        turns = 1 - turns
    if rng.uniform() < 0.5:
        hz = low_hz + (high_hz - low_hz) * turns
    else:
        hz = low_hz * (high_hz / low_hz) ** turns
    return _overtones(rng, phase(hz, time_s))


def _overtones(rng, angle):
    """Sum a few multiples, falling by chance."""
    fall = rng.uniform(0.5, 3)
    n = int(rng.integers(1, 12))
    return sum(k**-fall * np.sin(k * angle) for k in range(1, n + 1))


def wavering(rng, time_s):
    """A tone with vibrato, tremolo or a drift at random: a theremin."""
    base_hz = log_uniform(rng, 80, 1000)
    wobble = rng.uniform(0, 1) * np.sin(phase(rng.uniform(3, 9), time_s))
    drift = rng.uniform(0, 4) * slow(rng, time_s, log_uniform(rng, 0.3, 5))
    hz = base_hz * 2 ** ((wobble + drift) / 12)
    tremolo = 1 + rng.uniform(0, 1) * np.sin(phase(rng.uniform(2, 10), time_s))
    return tremolo * _overtones(rng, phase(hz, time_s))


def keyed(rng, time_s):
    """Beeps of one to four pitches, by a pattern that repeats: alarms, Morse."""
    slot_s = log_uniform(rng, 0.04, 0.6)
    n = int(rng.integers(2, 9))
    pitches_hz = [log_uniform(rng, 200, 3500) for _ in range(rng.integers(1, 5))]
    pattern = rng.choice([0.0, *pitches_hz], n)
    pattern[0] = pitches_hz[0]
    length = 1 if rng.uniform() < 0.7 else 50
    pattern = np.concatenate([pattern, rng.choice([0.0, *pitches_hz], n * length)])
    hz = pattern[(time_s / slot_s).astype(int) % len(pattern)]
    gate = np.convolve(hz > 0, np.ones(80) / 80, "same")
    return gate * _overtones(rng, phase(hz, time_s))


def dial(rng, time_s):
    """Dial, busy and ringing tones of several countries."""
    pairs = ((350, 440), (480, 620), (440, 480), (425, 425), (400, 450), (400, 400))
    low_hz, high_hz = pairs[rng.integers(len(pairs))]
    on_s, off_s = rng.choice([(9e9, 0), (0.5, 0.5), (0.25, 0.25), (2, 4), (1, 4)])
    gate = (time_s % (on_s + off_s)) < on_s
    return gate * (np.sin(phase(low_hz, time_s)) + np.sin(phase(high_hz, time_s)))


def touch_tones(rng, time_s):
    key_s, share = rng.uniform(0.08, 0.5), rng.uniform(0.4, 0.9)
    keys = rng.integers(0, 16, 1 + int(time_s[-1] / key_s))
    key = keys[(time_s / key_s).astype(int)]
    tones = sum(
        np.sin(2 * np.pi * np.asarray(hz)[index] * time_s)
        for hz, index in ((_ROWS_HZ, key // 4), (_COLUMNS_HZ, key % 4))
    )
    return ((time_s / key_s) % 1 < share) * tones


def modem(rng, time_s):
    """Two or four tones keyed by bits."""
    bits_hz = rng.choice([45.45, 110, 300, 600, 1200])
    tones_hz = rng.uniform(900, 1500) + rng.choice([100, 200, 400]) * np.arange(4)
    bits = rng.integers(0, rng.choice([2, 4]), 2 + int(time_s[-1] * bits_hz))
    return np.sin(phase(tones_hz[bits[(time_s * bits_hz).astype(int)]], time_s))


def siren(rng, time_s):
    """Wail, yelp, or two tones in turn."""
    low_hz, high_hz = rng.uniform(300, 700), rng.uniform(800, 1600)
    turn = np.sin(phase(log_uniform(rng, 0.2, 5), time_s))
    turn = np.sign(turn) if rng.uniform() < 0.4 else turn
    hz = (low_hz + high_hz) / 2 + turn * (high_hz - low_hz) / 2
    return _overtones(rng, phase(hz, time_s))


SOUNDS = (
    pure, hum, several, sweep, wavering, keyed, dial, touch_tones, modem, siren,
)  # fmt: skip
