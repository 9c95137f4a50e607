"""Animals: chirps, crickets, frogs, barks, cries, insects."""

import numpy as np

from tests.bench.sounds.noises import coloured, white
from tests.bench.sounds.shaping import (
    add_events,
    event_times,
    log_uniform,
    phase,
    resonate,
    slow,
)


def birds(rng, time_s):
    """Motifs of fast glides, repeated by one or several birds."""
    out = rng.uniform(0, 0.03) * coloured(rng, time_s)
    for _ in range(rng.integers(1, 4)):
        motif = [
            (log_uniform(rng, 900, 5000), rng.uniform(-20, 20), rng.uniform(0.02, 0.2))
            for _ in range(rng.integers(1, 5))
        ]
        starts = event_times(rng, time_s, log_uniform(rng, 0.7, 6), rng.uniform(0, 1))
        out = out + add_events(time_s, starts, lambda age, m=motif: _song(m, age))
    return out


def _song(motif, age_s):
    out, start_s = np.zeros(len(age_s)), 0.0
    for base_hz, bend, length_s in motif:
        own_s = np.clip(age_s - start_s, 0, length_s)
        hz = base_hz * np.exp(bend * own_s * 0.3)
        gate = np.sin(np.pi * own_s / length_s)
        out += gate * np.sin(2 * np.pi * np.cumsum(hz) / 16000)
        start_s += 1.3 * length_s
    return out


def crickets(rng, time_s):
    tone = np.sin(phase(rng.uniform(1800, 5500), time_s))
    pulse = np.maximum(0, np.sin(phase(rng.uniform(10, 60), time_s)))
    chirp = (time_s * rng.uniform(0.5, 4)) % 1 < rng.uniform(0.2, 1)
    return tone * pulse * chirp + rng.uniform(0.001, 0.1) * white(rng, time_s)


def frogs(rng, time_s):
    starts = event_times(rng, time_s, log_uniform(rng, 0.8, 5), rng.uniform(0, 1))
    pulses_hz, centre_hz = rng.uniform(20, 120), rng.uniform(300, 2000)

    def croak(age_s):
        gate = age_s < rng.uniform(0.1, 0.6)
        pulses = np.maximum(0, np.sin(2 * np.pi * pulses_hz * age_s)) ** 6
        return rng.uniform(0.5, 1) * gate * pulses * np.sin(6.283 * centre_hz * age_s)

    return add_events(time_s, starts, croak) + 0.003 * coloured(rng, time_s)


def barks(rng, time_s):
    """Short rough bursts with a falling pitch through one resonance."""
    starts = event_times(rng, time_s, log_uniform(rng, 0.7, 4), rng.uniform(0.2, 1))
    base_hz, centre_hz = log_uniform(rng, 150, 700), rng.uniform(500, 1500)
    length_s, roughness = rng.uniform(0.04, 0.2), rng.uniform(0.1, 1)

    def bark(age_s):
        hz = base_hz * np.exp(-rng.uniform(0, 3) * age_s)
        angle = 2 * np.pi * np.cumsum(hz) / 16000
        tone = sum(np.sin(k * angle) for k in range(1, 8))
        tone = tone + 3 * roughness * rng.standard_normal(len(age_s))
        return age_s / length_s * np.exp(1 - age_s / length_s) * tone

    barked = add_events(time_s, starts, bark)
    return resonate(barked, time_s, centre_hz, 400) + 1e-3 * coloured(rng, time_s)


def cries(rng, time_s):
    """Long calls with an arch of pitch, of cats, gulls, wolves or whales."""
    starts = event_times(rng, time_s, rng.uniform(0.4, 2), rng.uniform(0.3, 1))
    base_hz, arch = log_uniform(rng, 200, 1800), rng.uniform(-0.6, 0.8)
    length_s = rng.uniform(0.3, 1.5)
    fall = rng.uniform(0.5, 2)

    def cry(age_s):
        own = np.clip(age_s / length_s, 0, 1)
        hz = base_hz * rng.uniform(0.9, 1.1) * np.exp(arch * np.sin(np.pi * own))
        angle = 2 * np.pi * np.cumsum(hz) / 16000
        return np.sin(np.pi * own) * sum(
            k**-fall * np.sin(k * angle) for k in range(1, 9)
        )

    return add_events(time_s, starts, cry, 1.6) + 3e-3 * coloured(rng, time_s)


def insects(rng, time_s):
    """A fly or a mosquito, nearer and farther."""
    hz = rng.uniform(150, 700) * np.exp(0.06 * slow(rng, time_s, rng.uniform(1, 6)))
    near = np.exp(rng.uniform(0.3, 1.2) * slow(rng, time_s, rng.uniform(0.5, 3)))
    angle = phase(hz, time_s)
    return near * sum(np.sin(k * angle) / k for k in range(1, 8)) + 0.1 * white(
        rng, time_s
    )


SOUNDS = (birds, crickets, frogs, barks, cries, insects)
