import numpy as np
import pytest

import utils.backend.all_pairs
from utils.backend.all_pairs import score_all
from utils.backend.backend import Backend, PairScorer
from utils.backend.plda import Plda

BACKENDS = {
    "cosine": Backend(),
    "plda": Backend(plda=Plda(np.zeros(16), np.eye(16), np.linspace(3, 0.1, 16))),
}


@pytest.mark.parametrize("name", BACKENDS)
@pytest.mark.parametrize("n_jobs", [1, 2])
def test_the_file_holds_the_scores_of_all_pairs(
    rng, tmp_path, monkeypatch, name, n_jobs
):
    monkeypatch.setattr(
        utils.backend.all_pairs, "_BLOCK_BYTES", 4 * 50 * 7
    )  # seven rows a block
    backend = BACKENDS[name]
    prepared = backend.prepare(rng.standard_normal((50, 16)))
    counts = rng.integers(1, 4, 40)  # models of 1 to 3 utterances, mixed
    rows = [rng.integers(0, 50, count) for count in counts]
    models = backend.enrol(prepared, rows)
    path = tmp_path / "scores.npy"
    score_all(backend, models, prepared, path, n_jobs)
    scores = np.load(path, mmap_mode="r")
    assert scores.dtype == np.float32 and scores.shape == (40, 50)
    oracle = PairScorer(backend, models, prepared)(slice(0, 40))
    np.testing.assert_allclose(scores, oracle, atol=2e-5)
