import numpy as np
import pytest

from tests.systems.folders import write_system
from utils.systems.system import open_system
from utils.verification.rises import Rise, threshold_of_others


def test_within_what_was_measured_it_is_interpolated():
    rise = Rise((2.0, 4.0, 8.0), (0.0, 1.0, 1.2))
    found = [rise(amount) for amount in (0.0, 2.0, 3.0, 4.0, 8.0)]
    assert found == pytest.approx([0.0, 0.0, 0.5, 1.0, 1.2])


def test_beyond_what_was_measured_it_ends_somewhere():
    rise = Rise((1.0, 2.0, 3.0), (0.0, 1.0, 1.2))
    assert rise(4) == pytest.approx(1.2 * (3 / 4) / (2 / 3))
    assert rise(3.0001) == pytest.approx(1.2, abs=1e-3)
    assert rise(4) < rise(1e9) < 1.2 * 1.5 + 1e-6
    assert Rise((1.0,))(5) == 0.0


def test_it_never_falls():
    rise = Rise().then(2, np.zeros(3), np.array([0.5, 1.0, 9.0]))
    assert rise.then(3, np.zeros(3), np.zeros(3)) == Rise((1.0, 2, 3), (0.0, 1.0, 1.0))


def test_thresholds_are_those_that_the_rates_ask_for(tmp_path, rng):
    """Against the sorted scores of all pairs."""
    backend = open_system(write_system(tmp_path / "system"), "cosine").backend
    vectors = rng.standard_normal((150, 8))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    is_other = ~np.eye(150, dtype=bool)
    side = backend.single_models(vectors)
    found = threshold_of_others(backend, side, side, is_other)
    scores = np.sort((vectors @ vectors.T)[is_other])[::-1]
    assert found[0] == pytest.approx(scores[int(0.05 * len(scores))], abs=1e-3)
    assert (scores >= found[-1]).mean() == pytest.approx(0.001, rel=0.1)
    side = backend.single_models(vectors[:8])
    few = threshold_of_others(backend, side, side, is_other[:8, :8])
    assert len(few) == 1  # two of 56 trials are above 5 %
