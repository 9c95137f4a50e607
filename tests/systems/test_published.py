"""CAM++ embeds speech as its authors' code does, and what was made of it hears more."""

import subprocess
import sys

import numpy as np
import pytest

from local.setup.differences import write_tuned
from local.setup.systems import GENERAL
from tests.conftest import ROOT
from utils.audio.decoding import read_audio
from utils.systems.system import open_system

N_UTTERANCES = 100
RATE_HZ = 16000


@pytest.fixture(scope="module")
def campplus(tmp_path_factory):
    """The model of this folder, or one that is downloaded where there is a network."""
    folder = ROOT / "models/campplus"
    if (folder / "encoder.pt").is_file():
        return folder
    folder = tmp_path_factory.mktemp("models") / "campplus"
    command = [sys.executable, "-m", "local.get_model", "campplus", "--out", folder]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if result.returncode:
        pytest.skip(result.stderr)
    return folder


@pytest.fixture
def recordings(corpora, reference):
    """Recordings of test speakers, and what the authors' code says of them."""
    expected = np.load(reference / "campplus/so762_test.npy")[:N_UTTERANCES]
    names = (reference / "campplus/so762_test.ids").read_text().split()[:N_UTTERANCES]
    corpus = corpora / "speechocean762"
    lines = (corpus / "test/wav.scp").read_text().splitlines()
    files = dict(line.split(maxsplit=1) for line in lines)
    paths = [next(corpus.glob(f"{files[name][:-4]}.*")) for name in names]
    expected = expected.astype("f8")
    return paths, expected / np.linalg.norm(expected, axis=1, keepdims=True)


def test_embeddings_are_those_of_the_authors_code(recordings, campplus):
    paths, expected = recordings
    ours = open_system(campplus).embed(paths)
    assert (ours * expected).sum(axis=1).min() > 0.9999


def over_a_line(path, rng):
    """Cut a second out, of a telephone's bandwidth, with noise 15 dB below."""
    samples = read_audio(path, RATE_HZ)
    piece = samples[len(samples) // 2 :][:RATE_HZ]
    spectrum = np.fft.rfft(piece)
    hz = np.fft.rfftfreq(len(piece), 1 / RATE_HZ)
    piece = np.fft.irfft(spectrum * ((hz > 300) & (hz < 3400)), len(piece))
    noise = piece.std() * 10 ** (-15 / 20) * rng.standard_normal(len(piece))
    return (piece + noise).astype(np.float32)


def test_campplus_robust_knows_people_better_over_a_line(
    recordings, campplus, tmp_path
):
    paths, whole = recordings[0][::2], recordings[1][::2]
    write_tuned(campplus, GENERAL / "campplus_robust", tmp_path / "robust")
    rng = np.random.default_rng(0)
    pieces = [over_a_line(path, rng) for path in paths]
    published, robust = (
        (open_system(folder, "cosine").embed(pieces) * whole).sum(axis=1)
        for folder in (campplus, tmp_path / "robust")
    )
    assert robust.mean() > published.mean() + 0.1
    assert (robust > published).mean() > 0.9
