"""Embeddings of the past: causal, and those of the samples that were heard."""

import numpy as np
import pytest

from tests.systems.folders import write_system
from utils.systems.online_embeddings import embed_online
from utils.systems.system import open_system


@pytest.fixture(scope="module")
def system(tmp_path_factory):
    return open_system(write_system(tmp_path_factory.mktemp("online") / "model"))


def make_samples(seconds, seed=0):
    rng = np.random.default_rng(seed)
    return (0.1 * rng.standard_normal(int(16000 * seconds))).astype(np.float32)


def test_rows_are_embeddings_of_what_was_heard(system):
    samples = make_samples(3.0)
    rows = embed_online(system, samples, period=50, history_s=1.5, least_s=0.9)
    assert rows.shape == (6, 16) and not rows[:2].any()
    spans = [(0, 16000), (0, 24000), (8000, 32000), (16000, 40000)]
    expected = system.embed([samples[start:stop] for start, stop in spans])
    assert rows[2:] == pytest.approx(expected, abs=1e-5)


def test_the_future_changes_nothing(system):
    samples = make_samples(3.0)
    other = samples.copy()
    other[32000:] = make_samples(1.0, seed=1) * 5
    one, two = (embed_online(system, x, 10, 10.0, 0.5) for x in (samples, other))
    assert len(one) == 30
    assert one[:21] == pytest.approx(two[:21], abs=1e-5)  # row 20: the first 2 s
    assert not np.allclose(one[25:], two[25:])


def test_what_is_too_short_has_rows_of_zeros(system):
    rows = embed_online(system, make_samples(0.3), 10, 10.0, 0.5)
    assert rows.shape == (3, 16) and not rows.any()
