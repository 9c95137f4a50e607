"""Parts that sounds are made of: filters, envelopes, slow movements, events."""

import numpy as np
from scipy.signal import butter, lfilter, sosfilt


def rate_of(time_s):
    return round(1 / (time_s[1] - time_s[0]))


def band(samples, time_s, low_hz, high_hz, order=4):
    """Keep a band of frequencies."""
    limits = np.clip([low_hz, high_hz], 20, 0.49 * rate_of(time_s))
    filtered = butter(order, limits, "bandpass", fs=rate_of(time_s), output="sos")
    return sosfilt(filtered, samples)


def resonate(samples, time_s, centre_hz, width_hz):
    """Pass samples through one resonance."""
    rate_hz = rate_of(time_s)
    radius = np.exp(-np.pi * width_hz / rate_hz)
    turn = 2 * np.pi * centre_hz / rate_hz
    return lfilter([1 - radius], [1, -2 * radius * np.cos(turn), radius**2], samples)


def slow(rng, time_s, fastest_hz):
    """Draw a smooth movement of mean 0 and variance 1 without what is faster."""
    n = len(time_s)
    spectrum = np.fft.rfft(rng.standard_normal(n))
    spectrum[max(2, round(fastest_hz * n / rate_of(time_s))) :] = 0
    moved = np.fft.irfft(spectrum, n)
    return (moved - moved.mean()) / (moved.std() + 1e-12)


def phase(frequency_hz, time_s):
    """Integrate a frequency, of shape () or (n_samples,), to radians."""
    steps = np.broadcast_to(frequency_hz, time_s.shape) / rate_of(time_s)
    return 2 * np.pi * np.cumsum(steps)


def log_uniform(rng, low, high):
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def attack_and_decay(age_s, attack_s, decay_s):
    """Envelope of an event of this age; 0 before it."""
    age_s = np.maximum(age_s, 0)
    return (1 - np.exp(-age_s / attack_s)) * np.exp(-age_s / decay_s)


def event_times(rng, time_s, per_s, regularity):
    """Draw when events begin: at random (0) to by the clock (1)."""
    gaps = rng.exponential(1 / per_s, round(len(time_s) * per_s) % 4000 + 50)
    gaps = regularity / per_s + (1 - regularity) * gaps
    times = np.cumsum(gaps) - gaps[0] * rng.uniform()
    return times[times < time_s[-1]]


def add_events(time_s, times_s, make, longest_s=1.0):
    """Sum what ``make(age_s)`` gives for every event."""
    out = np.zeros(len(time_s))
    rate_hz = rate_of(time_s)
    for start_s in times_s:
        first = int(start_s * rate_hz)
        age_s = time_s[: min(len(time_s) - first, round(longest_s * rate_hz))]
        out[first : first + len(age_s)] += make(age_s)
    return out
