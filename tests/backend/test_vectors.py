from dataclasses import replace

import numpy as np
import pytest

from tests.backend.settings import CALIBRATION, PLDA
from utils.backend.backend import Backend
from utils.backend.normalisation.methods import AdaptiveSNorm
from utils.backend.training import (
    add_cohort,
    calibrate,
    fit_backend,
)
from utils.backend.transforms import Lda, LengthNorm, Mean, Wccn, Whitening
from utils.backend.vectors import length_normalise

SPEAKERS = np.repeat(np.arange(20), 6)
CHAINS = {
    "mean": [Mean()],
    "whitening": [Mean(), Whitening("zca", 0.05)],
    "pca": [Whitening("pca", 0.5, 3)],
    "lda": [LengthNorm(), Lda(5, 0.1)],
    "wccn": [Wccn(0.1)],
    "plda": [replace(PLDA, n_iterations=3)],
    "length-plda": [LengthNorm(), replace(PLDA, n_iterations=3)],
}


def collapsed(rng, kind):
    """Embeddings that differ by rounding alone, or in their length alone."""
    one = rng.standard_normal(32)
    if kind == "equal":
        return np.tile(one, (120, 1)).astype("f4")
    if kind == "rounding":
        return (one * (1 + 1e-7 * rng.standard_normal((120, 32)))).astype("f4")
    return one * rng.uniform(0.5, 2, (120, 1))


@pytest.mark.parametrize("kind", ["equal", "rounding"])
@pytest.mark.parametrize("chain", CHAINS)
def test_nothing_is_learnt_from_equal_embeddings(rng, chain, kind):
    with pytest.raises(ValueError, match="all embeddings are equal, or nearly so"):
        fit_backend(CHAINS[chain], collapsed(rng, kind), SPEAKERS)


@pytest.mark.parametrize("chain", ["lda", "length-plda"])
def test_nothing_is_learnt_from_one_direction(rng, chain):
    with pytest.raises(ValueError, match="all embeddings are equal, or nearly so"):
        fit_backend(CHAINS[chain], collapsed(rng, "length"), SPEAKERS)


def test_no_cohort_and_no_calibration_of_equal_embeddings(rng):
    for vectors in (collapsed(rng, "equal"), collapsed(rng, "rounding")):
        with pytest.raises(ValueError, match="all embeddings are equal"):
            add_cohort(Backend(), AdaptiveSNorm(5), vectors, SPEAKERS, "speakers")
        with pytest.raises(ValueError, match="all embeddings are equal"):
            calibrate(Backend(), vectors, SPEAKERS, {}, CALIBRATION)


def test_speakers_whose_utterances_are_copies_are_told(rng):
    copies = rng.standard_normal((20, 32))[SPEAKERS]
    copies = copies * (1 + 1e-8 * rng.standard_normal(copies.shape))
    for step in (Lda(5, 0.1), Wccn(0.1)):
        with pytest.raises(ValueError, match="no speaker has two different embeddings"):
            step.fit(copies, SPEAKERS)


@pytest.mark.parametrize("chain", CHAINS)
def test_small_differences_are_learnt_from(rng, chain):
    """Embeddings with cosines of .99999 are no collapse."""
    means = rng.standard_normal((20, 32))[SPEAKERS]
    vectors = 300 + means + 0.3 * rng.standard_normal((120, 32))
    backend = fit_backend(CHAINS[chain], vectors.astype("f4"), SPEAKERS)
    assert np.isfinite(backend.prepare(vectors)).all()


@pytest.mark.parametrize(
    ("dtype", "value"), [("f2", 2000), ("f2", 2e-7), ("f4", 1e30), ("f4", 1e-30)]
)
def test_lengths_are_found_where_squares_overflow(dtype, value):
    units = length_normalise(np.full((1, 64), value, dtype=dtype))
    assert units.dtype == "f4"
    np.testing.assert_allclose(units, 1 / 8, rtol=1e-6)


@pytest.mark.parametrize("bad", [0.0, np.nan, np.inf])
def test_vectors_without_direction_are_refused(bad):
    with pytest.raises(ValueError, match="vector 1 is zero or not finite"):
        length_normalise(np.array([[1.0, 0.0], [bad, 0.0]]))
