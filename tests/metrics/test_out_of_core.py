import json
import subprocess
import sys

import numpy as np
import pytest

import utils.metrics.out_of_core
from utils.metrics.detection import equal_error_rate, min_dcf
from utils.metrics.out_of_core import StreamedScores, sort_keys

PRIORS = (0.01, 0.05, 0.5)


@pytest.fixture
def small_memory(monkeypatch):
    """Make a short list look long: several chunks, passes and bins to refine."""
    monkeypatch.setattr(utils.metrics.out_of_core, "CHUNK", 1000)
    monkeypatch.setattr(utils.metrics.out_of_core, "BIN_BITS", 9)
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


def test_distances_are_negated_chunk_by_chunk(small_memory):
    scores, is_target = random_list(3, "f4")
    streamed = StreamedScores(-scores, is_target, lower_is_same=True)
    assert streamed.equal_error_rate() == pytest.approx(
        equal_error_rate(scores, is_target), abs=1e-12
    )
    assert streamed.min_dcf(0.05) == pytest.approx(
        min_dcf(scores, is_target, 0.05), abs=1e-12
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
    ("dtype", "lowest", "highest"),
    [("f4", -3.4e38, 3.4e38), ("f8", -1e300, 1e300), ("f8", -5e-324, 1e9)],
)
def test_outliers_to_the_end_of_the_format(small_memory, dtype, lowest, highest):
    scores, is_target = random_list(9, dtype)
    scores[:2] = [lowest, highest]
    streamed = StreamedScores(scores, is_target)
    eer = equal_error_rate(scores, is_target)
    assert streamed.equal_error_rate() == pytest.approx(eer, abs=1e-12)
    for prior in PRIORS:
        cost = min_dcf(scores, is_target, prior)
        assert streamed.min_dcf(prior) == pytest.approx(cost, abs=1e-12)


@pytest.mark.parametrize("dtype", ["f2", ">f4", ">f8", "i1", "i4", "i8", "u2"])
@pytest.mark.parametrize("label_type", ["i1", "f4", "f8", bool])
def test_numbers_of_every_kind(small_memory, dtype, label_type):
    scores, is_target = random_list(10, "f8")
    scores = (20 * scores).astype("i1").astype(dtype)
    streamed = StreamedScores(scores, is_target.astype(label_type))
    eer = equal_error_rate(scores, is_target)
    assert streamed.equal_error_rate() == pytest.approx(eer, abs=1e-12)


def test_keys_are_in_the_order_of_the_scores(rng):
    for dtype in ("f4", "f8"):
        bits = rng.integers(-(2**63), 2**63 - 1, 5000).view(dtype)
        scores = np.concatenate([bits[np.isfinite(bits)], [0.0, -0.0]]).astype(dtype)
        keys = sort_keys(scores)
        order = np.argsort(scores, kind="stable")
        assert (np.sign(np.diff(keys[order])) == np.sign(np.diff(scores[order]))).all()


def test_the_position_of_a_score_that_is_no_number(small_memory):
    scores, is_target = random_list(11, "f4")
    scores[2345] = np.nan
    with pytest.raises(ValueError, match="number 2345 is nan"):
        StreamedScores(scores, is_target)


@pytest.mark.parametrize(
    ("bad", "shown"),
    [(np.nan, "nan"), (2.0, "2.0"), (-1.0, "-1.0"), (0.5, "0.5"), (np.inf, "inf")],
)
def test_labels_that_are_none_are_refused(small_memory, bad, shown):
    scores, is_target = random_list(12, "f4")
    labels = is_target.astype("f8")
    labels[2345] = bad
    message = f"labels must be 1 .target. or 0: number 2345 is {shown}$"
    for evaluated in (StreamedScores, equal_error_rate):
        with pytest.raises(ValueError, match=message):
            evaluated(scores, labels)


def test_labels_of_text_are_refused():
    for labels in (["target", "nontarget"], [b"1", b"0"], [None, 1]):
        with pytest.raises(ValueError, match="labels must be 1 .target. or 0: number"):
            StreamedScores(np.array([1.0, 0.0]), np.array(labels))


@pytest.mark.parametrize(
    ("scores", "is_target", "message"),
    [
        ([1j, 0], [True, False], "scores must be real numbers, not complex128"),
        (["1", "0"], [True, False], "scores must be real numbers, not <U1"),
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
    monkeypatch.setattr(utils.metrics.out_of_core, "BIN_BITS", 2)
    with pytest.raises(ValueError, match="too many different scores cost nearly"):
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


def test_a_broken_array_is_told_in_one_line(run, tmp_path):
    np.save(tmp_path / "bad.npy", np.ones(1000))
    (tmp_path / "bad.npy").write_bytes((tmp_path / "bad.npy").read_bytes()[:300])
    result = run(tmp_path / "bad.npy", tmp_path / "bad.npy")
    assert result.returncode == 1
    assert result.stderr.startswith(f"error: {tmp_path / 'bad.npy'}: no array")
    assert result.stderr.count("\n") == 1


def test_a_label_of_2_is_told_by_the_program(run, tmp_path):
    np.save(tmp_path / "s.npy", np.array([1.0, 0.0, 0.5]))
    np.save(tmp_path / "l.npy", np.array([1, 0, 2]))
    result = run(tmp_path / "s.npy", tmp_path / "l.npy")
    assert result.returncode == 1
    assert "labels must be 1 (target) or 0: number 2 is 2" in result.stderr
