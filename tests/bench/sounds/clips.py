"""Clips to tell apart: speech of training speakers, and sounds, both spoilt."""

from pathlib import Path

import numpy as np
import soundfile

from tests.bench.sounds import RATE_HZ, SOUNDS, music
from tests.bench.sounds.shaping import log_uniform
from utils.audio.acoustics import (
    add_noise,
    change_speed,
    reverberate,
    room_response,
    transmit,
)
from utils.audio.codecs import CODECS
from utils.audio.resampling import resample

_BACKGROUNDS = (
    "coloured", "white", "band_noise", "room_tone", "speech_shaped", "modulated",
    "modulated_bands", "wind", "surf", "rain", "applause", "crackle", "engine",
    "compressor", "typing", "hum", "band",
)  # fmt: skip
_MUSIC = tuple(sound.__name__ for sound in music.SOUNDS)
_SHORTEST_S = 0.8
_SPOILT = ("", "noise", "room", "line", "speed", "noise room", "silence")
_SHARES = (0.3, 0.23, 0.12, 0.15, 0.06, 0.07, 0.07)


def training_files(corpora: Path) -> list[Path]:
    """Return utterances of the corpora's training speakers, of each about as many."""
    libri = sorted(corpora.glob("librispeech/LibriSpeech/train-*/*/*/*.flac"))
    calls = sorted(p for p in corpora.glob("wuw/train/**/*") if p.is_file())
    return 2 * libri + kaldi_files(corpora / "speechocean762", "train")[::2] + 2 * calls


def test_files(corpora: Path) -> dict[str, list[Path]]:
    """Return utterances of the corpora's test speakers, by corpus."""
    return {
        "librispeech": sorted(
            corpora.glob("librispeech/LibriSpeech/test-*/*/*/*.flac")
        ),
        "speechocean762": kaldi_files(corpora / "speechocean762", "test"),
        "wuw": sorted(corpora.glob("wuw/test/*/*/*.wav")),
    }


def kaldi_files(folder: Path, part: str) -> list[Path]:
    """Return the files of a wav.scp, whatever they are encoded as."""
    lines = (folder / part / "wav.scp").read_text().splitlines()
    named = [folder / line.split()[1] for line in lines]
    return [next(path.parent.glob(f"{path.stem}.*")) for path in named]


def speech_clip(rng, path: Path) -> tuple[np.ndarray, int, str]:
    """Return 1 to 10 s of an utterance, its rate, and how it was spoilt."""
    samples, rate_hz = soundfile.read(path, dtype="float32")
    n = int(log_uniform(rng, 1, 10) * rate_hz)
    for _ in range(20):
        start = rng.integers(max(1, len(samples) - n))
        part = samples[start : start + n]
        if np.mean(part**2) > 0.3 * np.mean(samples**2):  # no pause alone
            samples = part
            break
    return spoil(rng, samples, rate_hz, rng.choice(_SPOILT, p=_SHARES))


def sound_clip(rng, name: str) -> tuple[np.ndarray, int, str]:
    """Return 0.8 to 7 s of a sound, or of several together where it is ``mixed``."""
    n = round(log_uniform(rng, _SHORTEST_S, 7) * RATE_HZ)
    time_s = np.arange(n) / RATE_HZ
    samples = (_mixed if name == "mixed" else SOUNDS[name])(rng, time_s)
    samples = (samples / (np.abs(samples).max() + 1e-9)).astype("f4")
    if name in (*_MUSIC, "mixed") and rng.uniform() < 0.4:
        room = room_response(rng.uniform(0.2, 1.5), RATE_HZ, rng)
        samples = reverberate(samples, room)
    if rng.uniform() < 0.6 or not samples.any():
        return samples, RATE_HZ, ""
    return spoil(rng, samples, RATE_HZ, rng.choice(_SPOILT, p=_SHARES))


def _mixed(rng, time_s):
    """Add two sounds, or two to four of music."""
    if rng.uniform() < 0.6:
        names = rng.choice(list(SOUNDS), 2)
    else:
        names = rng.choice(_MUSIC, rng.integers(2, 5))
    parts = [SOUNDS[name](rng, time_s) for name in names]
    return sum(rng.uniform(0.2, 1) * part / (part.std() + 1e-9) for part in parts)


def spoil(rng, samples, rate_hz: int, how: str) -> tuple[np.ndarray, int, str]:
    """Add noise, a room, a line, silence, or change the speed."""
    if "room" in how:
        response = room_response(rng.uniform(0.2, 0.9), rate_hz, rng)
        samples = reverberate(samples, response)
    if "noise" in how:
        time_s = np.arange(len(samples)) / RATE_HZ
        noise = SOUNDS[rng.choice(_BACKGROUNDS)](rng, time_s) + 1e-6
        samples = add_noise(samples, noise, rng.choice([20, 10, 5]))
    if how == "line":
        samples = transmit(
            0.9 * samples / np.abs(samples).max(), rate_hz, rng.choice(list(CODECS))
        )
        if rate_hz == RATE_HZ and rng.uniform() < 0.5:
            samples, rate_hz = resample(samples, RATE_HZ, 8000), 8000
    if how == "speed":
        samples = change_speed(samples, rng.uniform(0.85, 1.2))
    if how == "silence":
        samples = np.pad(samples, rng.integers(0, 3 * rate_hz, 2))
        level = log_uniform(rng, 1e-5, 1e-3) * np.abs(samples).max()
        samples = samples + level * rng.standard_normal(len(samples))
    return samples, rate_hz, how
