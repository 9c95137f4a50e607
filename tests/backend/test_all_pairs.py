from dataclasses import replace

import numpy as np
import pytest

import utils.backend.all_pairs
from utils.backend.all_pairs import score_all
from utils.backend.backend import Backend, MeasuredModels
from utils.backend.calibration import Calibration, LinearFusion
from utils.backend.normalisation.methods import (
    AdaptiveSNorm,
    CrossAdaptiveSNorm,
    ZTNorm,
)
from utils.backend.pairs import score_trials
from utils.backend.plda.model import Plda
from utils.backend.scorers import CosineScorer, PldaScorer
from utils.backend.training import add_cohort

PLDA = PldaScorer(Plda(np.zeros(16), np.eye(16), np.linspace(3, 0.1, 16)))


class Distance(CosineScorer):
    """A scorer whose scores are no matrix product."""

    def factors(self, models, tests):
        return None

    def block(self, models, tests):
        apart = models.vectors[:, None] - tests[None]
        return -np.linalg.norm(apart, axis=2)


def normalised(backend, method):
    rng = np.random.default_rng(5)
    training = rng.standard_normal((60, 16))
    return add_cohort(
        backend, method, training, np.repeat(np.arange(20), 3), "speakers"
    )


def calibrated(backend):
    fusion = LinearFusion(np.array([2.0, 0.5, -1.0]), -3.0, 0.05)
    backend = normalised(backend, AdaptiveSNorm(8))
    return replace(backend, calibration=Calibration(fusion, ("cohort_mean",)))


BACKENDS = {
    "cosine": Backend(),
    "plda": Backend(scorer=PLDA),
    "distance": Backend(scorer=Distance()),
    "plda+asnorm": normalised(Backend(scorer=PLDA), AdaptiveSNorm(8)),
    "cosine+ztnorm": normalised(Backend(), ZTNorm()),
    "cosine+asnorm-cross": normalised(Backend(), CrossAdaptiveSNorm(8)),
    "plda+asnorm+cal": calibrated(Backend(scorer=PLDA)),
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
    enrol = MeasuredModels(backend.enrol(prepared, rows))
    test = MeasuredModels(backend.enrol_single(prepared))
    path = tmp_path / "scores.npy"
    score_all(backend, enrol, test, path, n_jobs)
    scores = np.load(path, mmap_mode="r")
    assert scores.dtype == np.float32 and scores.shape == (40, 50)
    left, right = np.divmod(np.arange(40 * 50), 50)
    listed = score_trials(backend, enrol, test, left, right).reshape(40, 50)
    np.testing.assert_allclose(scores, listed, rtol=1e-6, atol=2e-5)
