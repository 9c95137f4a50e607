import json
import subprocess
import sys

import numpy as np
import pytest

import utils.metrics.out_of_core
from utils.metrics.detection import equal_error_rate, min_dcf
from utils.metrics.out_of_core import StreamedScores

PRIORS = (0.01, 0.05, 0.5)


@pytest.fixture
def small_memory(monkeypatch):
    """Make a short list look long: several chunks, passes and bins to refine."""
    monkeypatch.setattr(utils.metrics.out_of_core, "CHUNK", 1000)
    monkeypatch.setattr(utils.metrics.out_of_core, "BINS", 512)
    monkeypatch.setattr(utils.metrics.out_of_core, "MOST_LEVELS", 2000)


def random_list(seed, dtype):
    rng = np.random.default_rng(seed)
    is_target = rng.random(30_000) < rng.uniform(0.02, 0.6)
    return rng.normal(1.5 * is_target, 1).astype(dtype), is_target


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_equals_the_metrics_in_memory(small_memory, seed, dtype):
    scores, is_target = random_list(seed, dtype)
    streamed = StreamedScores(scores, is_target)
    assert streamed.equal_error_rate() == pytest.approx(
        equal_error_rate(scores, is_target), abs=1e-12
    )
    for prior in PRIORS:
        assert streamed.min_dcf(prior) == pytest.approx(
            min_dcf(scores, is_target, prior), abs=1e-12
        )


@pytest.mark.parametrize("digits", [0, 1])
def test_heavy_ties(small_memory, digits):
    scores, is_target = random_list(7, "f8")
    scores = np.round(scores, digits)  # thousands of equal scores: never sorted
    streamed = StreamedScores(scores, is_target)
    assert streamed.equal_error_rate() == pytest.approx(
        equal_error_rate(scores, is_target), abs=1e-12
    )
    for prior in PRIORS:
        assert streamed.min_dcf(prior) == pytest.approx(
            min_dcf(scores, is_target, prior), abs=1e-12
        )


def test_extremes(small_memory):
    is_target = np.arange(6000) < 3000
    apart = np.where(is_target, 1.0, 0.0)
    assert StreamedScores(apart, is_target).equal_error_rate() == 0.0
    assert StreamedScores(-apart, is_target).equal_error_rate() == 1.0
    assert StreamedScores(-apart, is_target).min_dcf(0.01) == 1.0
    assert StreamedScores(np.ones(6000), is_target).equal_error_rate() == 0.5


def test_outliers_do_not_spoil_the_bins(small_memory):
    scores, is_target = random_list(8, "f8")
    scores[:2] = [-1e6, 1e6]
    streamed = StreamedScores(scores, is_target)
    assert streamed.equal_error_rate() == pytest.approx(
        equal_error_rate(scores, is_target), abs=1e-12
    )


@pytest.mark.parametrize(
    ("scores", "is_target", "message"),
    [
        ([1.0, np.nan], [True, False], "finite"),
        ([1.0, 2.0], [True, True], "target and nontarget"),
        ([1.0], [True, False], "equal length"),
    ],
)
def test_bad_input(scores, is_target, message):
    with pytest.raises(ValueError, match=message):
        StreamedScores(np.array(scores), np.array(is_target))


def test_too_little_memory_is_told(small_memory, monkeypatch):
    monkeypatch.setattr(utils.metrics.out_of_core, "MOST_LEVELS", 10)
    monkeypatch.setattr(utils.metrics.out_of_core, "BINS", 4)
    with pytest.raises(ValueError, match="too many different scores between"):
        StreamedScores(*random_list(0, "f8")).min_dcf(0.5)


@pytest.fixture
def run(root):
    def run_program(*files):
        command = [sys.executable, "-m", "local.evaluate_array", *files]
        return subprocess.run(command, cwd=root, capture_output=True, text=True)

    return run_program


def test_program(run, tmp_path):
    scores, is_target = random_list(1, "f4")
    np.save(tmp_path / "s.npy", scores)
    np.save(tmp_path / "l.npy", is_target)
    files = [tmp_path / "s.npy", tmp_path / "l.npy", "--json", tmp_path / "r.json"]
    result = run(*files)
    assert result.returncode == 0, result.stderr
    found = json.loads((tmp_path / "r.json").read_text())
    assert found["eer"] == pytest.approx(equal_error_rate(scores, is_target))
    np.save(tmp_path / "l.npy", is_target[:-1])
    result = run(*files)
    assert result.returncode == 1
    assert "l.npy: scores (30000,) and labels (29999,)" in result.stderr
