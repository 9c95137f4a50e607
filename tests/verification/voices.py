"""Speakers whose recordings a tiny system tells apart: bursts of harmonic sounds."""

import numpy as np
import soundfile

RATE_HZ = 16000


def write_speakers(folder, n_speakers, each, duration_s=2.0, seed=0):
    """Write ``speaker/recording.wav``: own formants and pitch, and noise."""
    rng = np.random.default_rng(seed)
    for number in range(n_speakers):
        formants_hz = rng.uniform(300, 5000, size=4)
        for take in range(each):
            path = folder / f"s{number}" / f"{take}.wav"
            path.parent.mkdir(parents=True, exist_ok=True)
            samples = speak(rng, formants_hz, duration_s)
            soundfile.write(path, samples, RATE_HZ)
    return folder


def speak(rng, formants_hz, duration_s):
    """Make bursts with energy at the formants, at most 0.5."""
    time_s = np.arange(round(duration_s * RATE_HZ)) / RATE_HZ
    pitch_hz = rng.uniform(90, 250)
    sound = np.zeros(len(time_s))
    for harmonic_hz in np.arange(pitch_hz, 7000, pitch_hz):
        gain = np.exp(-np.abs(harmonic_hz - formants_hz).min() / 150)
        phase = rng.uniform(0, 2 * np.pi)
        sound += gain * np.sin(2 * np.pi * harmonic_hz * time_s + phase)
    sound *= (time_s + rng.uniform(0, 0.5)) % 0.5 < 0.35
    sound = 0.5 * sound / np.abs(sound).max()
    return sound + 1e-3 * rng.standard_normal(len(time_s))
