"""Embeddings of drawn speakers, whose label is known."""

import numpy as np

from utils.attributes.learning import Labelled


def draw_voices(seed, n_speakers=40, n_each=8, gap=1.5, n_dims=12, n_classes=2):
    """Speakers in clusters; classes apart along the first axes."""
    rng = np.random.default_rng(seed)
    label = np.arange(n_speakers) % n_classes
    centres = rng.normal(size=(n_speakers, n_dims)) + gap * np.eye(n_dims)[label]
    speaker = np.repeat(np.arange(n_speakers), n_each)
    vectors = centres[speaker] + 0.3 * rng.normal(size=(len(speaker), n_dims))
    names = np.array([f"s{number:03}" for number in speaker])
    return Labelled(vectors, label[speaker], names, n_classes)


def draw_ages(seed, n_speakers=60, n_each=6, n_dims=8):
    """Speakers whose number is a slope of their embedding, with noise of 2."""
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(n_speakers, n_dims))
    ages = 30 + 8 * centres[:, 0] + 2 * rng.normal(size=n_speakers)
    speaker = np.repeat(np.arange(n_speakers), n_each)
    vectors = centres[speaker] + 0.1 * rng.normal(size=(len(speaker), n_dims))
    names = np.array([f"s{number:03}" for number in speaker])
    return Labelled(vectors, ages[speaker], names, 0)
