"""Voices whose speakers are known."""

import numpy as np


def draw_voices(counts, spread=0.3, n_dims=20, seed=0):
    """Draw embeddings (N, D), so many of each speaker, and their speakers (N,)."""
    rng = np.random.default_rng(seed)
    speakers = np.repeat(np.arange(len(counts)), counts)
    centres = np.linalg.qr(rng.normal(size=(n_dims, n_dims)))[0][: len(counts)]
    noise = rng.normal(0, spread / np.sqrt(n_dims), (len(speakers), n_dims))
    order = rng.permutation(len(speakers))
    return (centres[speakers] + noise)[order], speakers[order]


def same_groups(left, right):
    """Return whether two labellings group alike."""
    together = [
        labels[:, None] == labels[None, :] for labels in map(np.asarray, (left, right))
    ]
    return bool((together[0] == together[1]).all())
