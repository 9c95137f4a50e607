"""CAM++ embeds speech as its authors' code does."""

import subprocess
import sys

import numpy as np
import pytest

from tests.conftest import ROOT
from utils.systems.system import open_system

N_UTTERANCES = 100


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


def test_embeddings_are_those_of_the_authors_code(corpora, reference, campplus):
    expected = np.load(reference / "campplus/so762_test.npy")[:N_UTTERANCES]
    names = (reference / "campplus/so762_test.ids").read_text().split()[:N_UTTERANCES]
    corpus = corpora / "speechocean762"
    lines = (corpus / "test/wav.scp").read_text().splitlines()
    files = dict(line.split(maxsplit=1) for line in lines)
    paths = [next(corpus.glob(f"{files[name][:-4]}.*")) for name in names]
    ours = open_system(campplus).embed(paths)
    expected = expected.astype("f8")
    expected /= np.linalg.norm(expected, axis=1, keepdims=True)
    assert (ours * expected).sum(axis=1).min() > 0.9999
