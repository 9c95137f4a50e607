"""Music for testing alone: by formulae, frequency modulation and tables of notes."""

import numpy as np
from scipy.signal import fftconvolve, lfilter, sawtooth, square

_RATE_HZ = 16000
_TUNE = (60, 60, 67, 67, 69, 69, 67, 0, 65, 65, 64, 64, 62, 62, 60, 0)
_FUGUE = (69, 72, 76, 81, 80, 76, 71, 74, 77, 76, 74, 72, 71, 69, 68, 69)


def _clock(n):
    return np.arange(n) / _RATE_HZ


def _to_hz(note):
    return 440 * 2 ** ((np.asarray(note, dtype=float) - 69) / 12)


def _play(rng, n, notes, voice, note_s):
    """Play a table of notes from anywhere in it; 0 is a rest."""
    size = int(note_s * _RATE_HZ)
    first = rng.integers(len(notes))
    shift = rng.integers(-12, 8)
    out = []
    for k in range(n // size + 1):
        note = notes[(first + k) % len(notes)]
        tone = voice(_to_hz(note + shift), _clock(size)) if note else np.zeros(size)
        out.append(tone)
    return np.concatenate(out)[:n]


def chiptune(rng, n):
    def voice(hz, t):
        return square(2 * np.pi * hz * t, duty=0.25) * (t < 0.8 * t[-1])

    return _play(rng, n, _TUNE, voice, rng.uniform(0.09, 0.35))


def bytebeat(rng, n):
    """Music of one formula on the sample counter."""
    t = np.arange(n) // 2 + rng.integers(0, 1 << 16)
    formulae = (
        t * (((t >> 12) | (t >> 8)) & (63 & (t >> 4))),
        (t * 5 & t >> 7) | (t * 3 & t >> 10),
        t * ((t >> 9 | t >> 13) & 15),
        (t >> 6 | t | t >> (t >> 16)) * 10 + ((t >> 11) & 7),
    )
    return (formulae[rng.integers(4)] & 255) / 128 - 1.0


def electric_piano(rng, n):
    def voice(hz, t):
        index = 3 * np.exp(-4 * t)
        return np.exp(-2 * t) * np.sin(
            2 * np.pi * hz * t + index * np.sin(2 * np.pi * hz * t)
        )

    return _play(rng, n, _FUGUE, voice, rng.uniform(0.12, 0.6))


def gamelan(rng, n):
    def voice(hz, t):
        parts = (1, 2.76, 5.4, 8.9)
        return sum(np.exp(-3 * r * t) * np.sin(2 * np.pi * hz * r * t) for r in parts)

    scale = 62 + np.array([0, 1.2, 2.7, 5.3, 7.1, 8.2, 9.9])
    return _play(rng, n, tuple(rng.choice(scale, 16)), voice, rng.uniform(0.1, 0.5))


def accordion(rng, n):
    def voice(hz, t):
        reeds = sum(sawtooth(2 * np.pi * hz * d * t) for d in (0.995, 1.0, 1.006, 1.5))
        return reeds * np.minimum(1, 20 * t) * (1 + 0.2 * np.sin(2 * np.pi * 5 * t))

    return _play(rng, n, _TUNE, voice, rng.uniform(0.2, 0.8))


def bagpipes(rng, n):
    drone = sawtooth(2 * np.pi * 116.5 * _clock(n)) + sawtooth(
        2 * np.pi * 233 * _clock(n)
    )
    notes = tuple(rng.choice([69, 71, 73, 74, 76, 78, 80, 81], 20))

    def voice(hz, t):
        return square(2 * np.pi * hz * t, duty=0.3)

    return drone + 2 * _play(rng, n, notes, voice, rng.uniform(0.08, 0.3))


def bowed(rng, n):
    """A violin: a saw through fixed resonances, with vibrato and swells."""

    def voice(hz, t):
        bend = 0.006 * np.sin(2 * np.pi * 5.6 * t) * np.minimum(1, 3 * t)
        tone = sawtooth(2 * np.pi * hz * (t + bend / 5.6))
        for turn, radius in ((0.11, 0.97), (0.4, 0.93), (1.1, 0.9)):
            tone = lfilter([1], [1, -2 * radius * np.cos(turn), radius**2], tone)
        return tone * np.abs(np.sin(np.pi * t / t[-1])) ** 0.5

    return _play(rng, n, _FUGUE, voice, rng.uniform(0.25, 1.2))


def kalimba(rng, n):
    def voice(hz, t):
        tine = np.exp(-5 * t) * np.sin(2 * np.pi * hz * t)
        return tine + 0.3 * np.exp(-30 * t) * np.sin(2 * np.pi * 6.3 * hz * t)

    notes = tuple(rng.choice([60, 62, 64, 67, 69, 72, 0], 24))
    return _play(rng, n, notes, voice, rng.uniform(0.12, 0.4))


def choir_of_an_organ(rng, n):
    """Held chords through the resonances of a vowel."""

    def voice(hz, t):
        chord = sum(sawtooth(2 * np.pi * hz * r * t) for r in (1, 1.26, 1.5))
        for centre_hz in (700, 1100, 2600):
            turn = 2 * np.pi * centre_hz / _RATE_HZ
            chord = lfilter([0.1], [1, -1.94 * np.cos(turn), 0.941], chord)
        return chord * np.minimum(1, 10 * t)

    return _play(rng, n, (60, 65, 67, 60, 57, 62, 55), voice, rng.uniform(0.6, 2))


def endless_rise(rng, n):
    """Shepard's tones."""
    place = (rng.uniform(0.05, 0.4) * _clock(n)) % 1
    out = np.zeros(n)
    for octave in range(6):
        height = (octave + place) / 6
        hz = 60 * 2 ** (6 * height)
        level = np.sin(np.pi * height) ** 2
        out += level * np.sin(2 * np.pi * np.cumsum(hz) / _RATE_HZ)
    return out


def techno(rng, n):
    t = _clock(n)
    beat_s = 60 / rng.uniform(110, 150)
    age_s = t % beat_s
    kick = np.exp(-25 * age_s) * np.sin(
        2 * np.pi * (45 + 150 * np.exp(-50 * age_s)) * age_s
    )
    hat = np.exp(-120 * ((t + beat_s / 2) % beat_s)) * np.diff(rng.normal(size=n + 1))
    notes = np.array([33, 33, 45, 36, 33, 48, 40, 43])
    note = notes[(t / (beat_s / 4)).astype(int) % 8]
    bass = lfilter([0.2], [1, -0.8], sawtooth(2 * np.pi * _to_hz(note + 12) * t))
    return kick + 0.3 * hat + 0.5 * bass


def strummed_guitar(rng, n):
    out = np.zeros(n)
    chords = ((40, 47, 52, 56, 59, 64), (45, 52, 57, 60, 64), (43, 47, 50, 55, 59, 67))
    stroke = int(_RATE_HZ * rng.uniform(0.25, 0.9))
    for first in range(0, n, stroke):
        for k, note in enumerate(chords[rng.integers(3)]):
            period = int(_RATE_HZ / _to_hz(note))
            start = first + 200 * k
            length = min(n - start, 14000)
            if length > period:
                pluck = np.zeros(length)
                pluck[:period] = rng.uniform(-1, 1, period)
                loop = np.zeros(period + 2)
                loop[0], loop[period], loop[period + 1] = 1, -0.497, -0.497
                out[start : start + length] += lfilter([1], loop, pluck)
    return out


def hand_drums(rng, n):
    hits = np.zeros(n)
    step = int(_RATE_HZ * rng.uniform(0.1, 0.2))
    hits[::step] = rng.choice([0, 0.4, 1, 0.7], len(hits[::step]))
    age_s = _clock(5000)
    skin = sum(
        np.exp(-18 * age_s) * np.sin(2 * np.pi * rng.uniform(90, 180) * r * age_s)
        for r in (1, 1.59, 2.14, 2.3)
    )
    slap = np.exp(-200 * age_s) * rng.normal(size=5000)
    return fftconvolve(hits, skin + slap)[:n] + 1e-4 * rng.normal(size=n)


def theremin(rng, n):
    t = _clock(n)
    turns = np.arange(0, n + 8000, 8000)
    notes = np.interp(np.arange(n), turns, rng.choice([60, 64, 67, 72, 65], len(turns)))
    hz = _to_hz(notes + 0.3 * np.sin(2 * np.pi * 6 * t))
    return np.sin(2 * np.pi * np.cumsum(hz) / _RATE_HZ)


def whistled_tune(rng, n):
    def voice(hz, t):
        breath = 0.05 * np.sin(2 * np.pi * 4 * hz * t + rng.normal(size=len(t)))
        return np.sin(2 * np.pi * 3 * hz * t) * np.minimum(1, 15 * t) + breath

    return _play(rng, n, _TUNE, voice, rng.uniform(0.15, 0.4))


def tune_in_a_hall(rng, n):
    dry = electric_piano(rng, n) + 0.5 * hand_drums(rng, n)
    tail = rng.normal(size=12000) * np.exp(-np.arange(12000) / 3000)
    return fftconvolve(dry, tail)[:n]


def orchestra(rng, n):
    parts = (bowed, bowed, accordion, gamelan, hand_drums, strummed_guitar)
    return sum(part(rng, n) / (1e-9 + part(rng, n).std()) for part in parts)


MUSIC = (
    chiptune, bytebeat, electric_piano, gamelan, accordion, bagpipes, bowed, kalimba,
    choir_of_an_organ, endless_rise, techno, strummed_guitar, hand_drums, theremin,
    whistled_tune, tune_in_a_hall, orchestra,
)  # fmt: skip
