"""Music: instruments made of partials, strings and noise, playing patterns."""

import numpy as np
from scipy.signal import lfilter

from tests.bench.sounds.noises import coloured
from tests.bench.sounds.shaping import attack_and_decay, log_uniform

_SCALES = ((0, 2, 4, 5, 7, 9, 11), (0, 2, 3, 5, 7, 8, 10), (0, 2, 4, 7, 9), range(12))
_CHORDS = ((0, 4, 7), (0, 3, 7), (0, 4, 7, 10), (0, 3, 7, 10), (0, 5, 7), (0, 7, 12))


def _partials(rng):
    """Return an instrument of partials: organ, piano, bell, flute, strings."""
    n, fall = int(rng.integers(1, 16)), rng.uniform(0.3, 2.5)
    weights = np.arange(1, n + 1) ** -fall * rng.uniform(0.2, 1, n)
    stretch = rng.choice([1.0, 1.0, 1.0, rng.uniform(1.001, 1.05)])
    ratios = np.arange(1, n + 1) ** stretch
    if rng.uniform() < 0.2:
        weights[1::2] = 0  # a clarinet's odd ones
    attack_s, decay_s = log_uniform(rng, 0.002, 0.15), log_uniform(rng, 0.1, 4)
    vibrato, vibrato_hz = rng.choice([0, 0, rng.uniform(0, 0.02)]), rng.uniform(4, 7)
    breath = rng.choice([0, rng.exponential(0.05)])

    def play(hz, age_s, length_s):
        sway = vibrato / vibrato_hz * np.sin(2 * np.pi * vibrato_hz * age_s)
        heard = ratios * hz < 7600
        angle = 2 * np.pi * hz * np.outer(ratios[heard], age_s + sway)
        tone = weights[heard] @ np.sin(angle)
        tone = tone + breath * rng.standard_normal(len(age_s))
        release = 1 / (1 + np.exp((age_s - length_s) / 0.02))
        return tone * attack_and_decay(age_s, attack_s, decay_s) * release

    return play


def _string(rng):
    """Return a plucked string, by Karplus and Strong's loop."""
    loss = rng.uniform(0.98, 0.999)
    blend = rng.uniform(0.3, 0.7)

    def play(hz, age_s, length_s):
        period = max(2, round(16000 / hz))
        pluck = np.zeros(len(age_s))
        n = min(period, len(pluck))
        pluck[:n] = rng.uniform(-1, 1, n)
        feedback = np.zeros(period + 2)
        feedback[0] = 1
        feedback[period] -= loss * blend
        feedback[period + 1] -= loss * (1 - blend)
        return lfilter([1.0], feedback, pluck) / (1 + np.exp((age_s - length_s) / 0.02))

    return play


def _synthesiser(rng):
    """Return a saw or a square through a filter that closes."""
    is_square, cut = rng.uniform() < 0.5, log_uniform(rng, 0.02, 0.5)
    glide = rng.choice([0, 0, rng.uniform(-0.1, 0.1)])

    def play(hz, age_s, length_s):
        turns = (hz * age_s * (1 + glide * np.exp(-age_s / 0.05))) % 1
        wave = np.sign(turns - 0.5) if is_square else 2 * turns - 1
        wave = lfilter([cut], [1, cut - 1], wave)
        return wave / (1 + np.exp((age_s - length_s) / 0.01))

    return play


def _instrument(rng):
    return (_partials, _partials, _string, _synthesiser)[rng.integers(4)](rng)


def _drum(rng):
    kind = rng.integers(3)
    pitch_hz, decay_s = log_uniform(rng, 45, 250), log_uniform(rng, 0.02, 0.25)
    noisy = (0.05, 0.7, 1.0)[kind]

    def play(age_s):
        tone = np.sin(2 * np.pi * pitch_hz * (age_s + 0.02 * (1 - np.exp(-age_s * 40))))
        noise = rng.standard_normal(len(age_s))
        noise = np.diff(noise, prepend=0) if kind == 2 else noise
        return ((1 - noisy) * tone + noisy * noise) * np.exp(-age_s / decay_s)

    return play


def _place(out, time_s, start_s, tone):
    first = int(start_s * 16000)
    room = len(out) - first
    if room > 0:
        age_s = time_s[: min(room, 32000)]
        out[first : first + len(age_s)] += tone(age_s)


def _line(rng, time_s, steps_of, per_beat, length):
    """Play what ``steps_of(n)`` gives for beat n: semitones that sound together."""
    beat_s = 60 / rng.uniform(50, 190) / per_beat
    play, base_hz = _instrument(rng), log_uniform(rng, 70, 500)
    out, start_s, n = np.zeros(len(time_s)), -beat_s * rng.uniform(), 0
    while start_s < time_s[-1]:
        beats = rng.choice([1, 1, 1, 2, 0.5]) if length == 0 else length
        if rng.uniform() < 0.9 and start_s >= 0:
            sounding_s = beats * beat_s * rng.uniform(0.5, 1.1)
            for step in steps_of(n):
                hz, level = base_hz * 2 ** (step / 12), rng.uniform(0.6, 1)
                _place(
                    out, time_s, start_s,
                    lambda age, h=hz, v=level: v * play(h, age, sounding_s),  # noqa: B023
                )  # fmt: skip
        start_s, n = start_s + beats * beat_s, n + 1
    return out


def melody(rng, time_s):
    scale = list(_SCALES[rng.integers(len(_SCALES))])
    degree = 0

    def steps(_):
        nonlocal degree
        degree = int(np.clip(degree + rng.integers(-3, 4), -7, 14))
        return [12 * (degree // len(scale)) + scale[degree % len(scale)]]

    return _line(rng, time_s, steps, rng.choice([1, 2, 3]), 0)


def chords(rng, time_s):
    roots = rng.integers(-5, 7, 4)
    kinds = [_CHORDS[i] for i in rng.integers(0, len(_CHORDS), 4)]
    return _line(
        rng, time_s, lambda n: [roots[n % 4] + s for s in kinds[n % 4]],
        1, rng.choice([0.5, 1, 2, 4]),
    )  # fmt: skip


def arpeggio(rng, time_s):
    chord = np.array(_CHORDS[rng.integers(len(_CHORDS))])
    steps = np.concatenate([chord, chord + 12])
    roots = rng.integers(-5, 7, 4)
    return _line(
        rng, time_s, lambda n: [steps[n % len(steps)] + roots[(n // 8) % 4]],
        rng.choice([2, 3, 4]), 1,
    )  # fmt: skip


def drums(rng, time_s):
    beat_s = 60 / rng.uniform(60, 200) / 4
    out = 1e-4 * rng.standard_normal(len(time_s))
    for _ in range(rng.integers(1, 5)):
        pattern, drum = rng.uniform(size=16) < rng.uniform(0.15, 0.6), _drum(rng)
        for n in range(int(time_s[-1] / beat_s)):
            if pattern[n % 16]:
                level = rng.uniform(0.5, 1)
                _place(out, time_s, n * beat_s, lambda a, v=level: v * drum(a))  # noqa: B023
    return out


def drone(rng, time_s):
    """A pad: long chords that swell."""
    play, base_hz = _partials(rng), log_uniform(rng, 60, 300)
    steps = rng.choice([0, 3, 4, 7, 10, 12, 14, 19], rng.integers(2, 6))
    tones = sum(play(base_hz * 2 ** (s / 12), time_s, 99.0) for s in steps)
    swell = 1.2 + np.sin(2 * np.pi * rng.uniform(0.05, 1) * time_s)
    return swell * (tones + 1e-3 * coloured(rng, time_s))


def band(rng, time_s):
    """Several of these together."""
    parts = (melody, chords, arpeggio, drums, drums, melody)
    chosen = rng.choice(len(parts), rng.integers(2, 5), replace=False)
    mixed = np.zeros(len(time_s))
    for index in chosen:
        part = parts[index](rng, time_s)
        mixed += rng.uniform(0.3, 1) * part / (part.std() + 1e-9)
    return mixed


def lament(rng, time_s):
    """One voice of an instrument that slides from note to note, with vibrato."""
    n = 2 + int(time_s[-1] / 0.15)
    notes = np.cumsum(rng.integers(-4, 5, n)) % 19
    starts = np.cumsum(rng.choice([0.2, 0.3, 0.4, 0.6, 0.9], n))
    note = notes[np.searchsorted(starts, time_s).clip(0, n - 1)].astype(float)
    slide = log_uniform(rng, 1e-4, 2e-3)
    note = lfilter([slide], [1, slide - 1], note)
    note += rng.uniform(0, 0.5) * np.sin(2 * np.pi * rng.uniform(4, 7) * time_s)
    angle = 2 * np.pi * np.cumsum(log_uniform(rng, 100, 400) * 2 ** (note / 12)) / 16000
    fall = rng.uniform(0.5, 2)
    breath = 0.02 * rng.standard_normal(len(time_s))
    return sum(k**-fall * np.sin(k * angle) for k in range(1, 14)) + breath


SOUNDS = (melody, chords, arpeggio, drums, drone, band, lament)
