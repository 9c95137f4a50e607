import os
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

import utils  # noqa: F401 - before anything that imports torchaudio

ROOT = Path(__file__).resolve().parents[1]


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems():
    """Let hypothesis look at all modules.

    SpeechBrain's stand-ins for optional integrations fail when asked for their file.
    """
    for module in list(sys.modules.values()):
        if type(module).__module__ == "speechbrain.utils.importutils":
            module.__dict__.setdefault("__file__", None)


@pytest.fixture
def root() -> Path:
    return ROOT


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


@pytest.fixture
def corpora() -> Path:
    """Folder with real speech, named by SPEAKER_CORPORA."""
    return _folder_named_by("SPEAKER_CORPORA")


@pytest.fixture
def reference() -> Path:
    """Folder with published scores, named by SPEAKER_REFERENCE."""
    return _folder_named_by("SPEAKER_REFERENCE")


def _folder_named_by(variable: str) -> Path:
    folder = os.environ.get(variable)
    if not folder or not Path(folder).is_dir():
        pytest.skip(f"{variable} does not name a folder")
    return Path(folder)


@pytest.fixture
def write_wav(tmp_path):
    """Write samples to a file below tmp_path; returns the path."""

    def write(name, samples, rate_hz=16000, **options):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(path, samples, rate_hz, **options)
        return path

    return write


@pytest.fixture
def speech_like(rng):
    """Two bursts of noise with a harmonic in 2 s of near silence, 16 kHz."""
    time_s = np.arange(32000) / 16000
    envelope = ((time_s % 1.0) > 0.3) & ((time_s % 1.0) < 0.9)
    voice = np.sin(2 * np.pi * 150 * time_s) + 0.3 * rng.standard_normal(32000)
    return (0.1 * envelope * voice + 1e-4 * rng.standard_normal(32000)).astype("f4")
