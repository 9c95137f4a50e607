"""Populations of drawn embeddings, and a back-end of cosines."""

from pathlib import Path

import numpy as np

from utils.backend.backend import Backend
from utils.backend.scorers import CosineScorer
from utils.forensic.codec_traces import Traces
from utils.forensic.material import Material
from utils.forensic.population import Heard, Population
from utils.verification.recordings import Recording

D = 24


def cosine():
    return Backend((), CosineScorer())


def recording(name="a.wav", **values):
    usual = {
        "features": np.zeros((5, 2)), "speech_s": 8.0,
        "speech_likelihood": 0.9, "rate_hz": 8000, "snr_db": 30.0,
        "clipped_share": 0.0, "bandwidth_hz": 4000.0,
    }  # fmt: skip
    return Recording(name=name, **(usual | values))


def material(name="q.wav", signs=(), codec="", **values):
    return Material(
        path=Path(name),
        sha256=f"hash of {name}",
        coding="WAV PCM_16",
        duration_s=10.0,
        recording=recording(name, **values),
        traces=Traces(codec, tuple(signs)),
    )


def voices(rng, n_speakers, each, spread=0.8):
    """Draw embeddings (n_speakers * each, D) about means of the speakers."""
    means = rng.normal(size=(n_speakers, D))
    speakers = np.repeat(np.arange(n_speakers), each)
    noise = spread * rng.normal(size=(len(speakers), D))
    return means, speakers, (means[speakers] + noise).astype(np.float32)


def population(n_speakers=30, each=6, n_sessions=2, seed=0, spread=0.8):
    """Draw a population; also returns the speakers' means (n_speakers, D)."""
    rng = np.random.default_rng(seed)
    means, speakers, questioned = voices(rng, n_speakers, each, spread)
    known = questioned + 0.1 * rng.normal(size=questioned.shape).astype(np.float32)
    place = np.tile(np.arange(each), n_speakers)
    sessions = speakers * n_sessions + place % n_sessions
    heard = tuple(Heard(recording(), recording(), True) for _ in speakers)
    names = tuple(f"s{number}" for number in range(n_speakers))
    made = Population(names, speakers, sessions, questioned, known, heard)
    return made, means
