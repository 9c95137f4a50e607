"""Corruption of which only what a test names happens."""

from utils.features.augment import Corruption

NOTHING = {
    "noise_probability": 0.0,
    "reverberation_probability": 0.0,
    "responses": "simulated",
    "rt60_s": (0.1, 0.5),
    "gain_db": (0.0, 0.0),
    "codecs": [],
    "codec_probability": 0.0,
}


def corruption(noises=(), **changes):
    """Always noise, where there are noises, and nothing else but the changes."""
    often = {"noise_probability": 1.0 if noises else 0.0}
    return Corruption(list(noises), **NOTHING | often | changes)
