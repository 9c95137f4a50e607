import json

import numpy as np
import pandas as pd
import pytest

from utils.data.manifest import write_manifest
from utils.embeddings.files import read_embeddings, write_embeddings
from utils.metrics.detection import equal_error_rate


@pytest.mark.parametrize(
    "backend",
    ["whitened", "wccn", "plda", "cosine+asnorm", "plda+snorm+cal", "lda+ztnorm"],
)
def test_every_backend_scores(data, score, backend):
    result = score(backend, "all", "--metadata", data / "data/test.csv")
    assert result.returncode == 0, result.stderr
    scores = pd.read_csv(data / f"exp/scores/all.{backend}.txt", sep=" ", header=None)
    trials = pd.read_csv(data / "data/trials/all.txt", sep=" ", header=None)
    assert np.isfinite(scores[2]).all()
    assert (scores[[0, 1]] == trials[[0, 1]]).all(axis=None)
    assert equal_error_rate(scores[2], (trials[2] == "target").to_numpy()) < 0.4


def test_the_training_of_a_back_end_is_told(data, train):
    result = train("plda+asnorm+cal")
    assert result.returncode == 0, result.stderr
    assert "LDA: 8 to 2 dimensions, not 60: the data allow no more" in result.stdout
    assert "PLDA: log-likelihood of an embedding" in result.stdout
    content = json.loads(
        (data / "exp/backends/plda+asnorm+cal/backend.json").read_text()
    )
    calibration = content["calibration"]
    assert calibration["speakers"] == ["y", "z"]
    assert set(calibration["thresholds"]) == {
        "cost at p_target 0.05", "far 0.01", "far 0.001"
    }  # fmt: skip
    assert calibration["trained_on"]["manifest"].endswith("valid.csv")


def test_back_ends_that_do_not_fit_are_refused(data, run, train, score):
    embeddings = data / "exp/embeddings"
    ids, vectors = read_embeddings(embeddings / "train")
    write_embeddings(embeddings / "train", ids, vectors, "a" * 64)
    ids, vectors = read_embeddings(embeddings / "test")
    write_embeddings(embeddings / "test", ids, vectors, "b" * 64)
    result = score("centred")
    assert result.returncode == 1
    assert "trained on embeddings of another model than" in result.stderr
    result = run("local.score", "--backend", data, *("--enrol", embeddings / "test"),
        *("--test", embeddings / "test", "--trials", data / "data/trials/all.txt"),
        *("--out", data / "s"),
    )  # fmt: skip
    assert result.returncode == 1
    assert "no such back-end; see local.train_backend" in result.stderr
    result = train("nonsense")
    assert result.returncode == 1
    assert "no back-end 'nonsense'; there are cosine, centred" in result.stderr
    result = train("plda+magic")
    assert result.returncode == 1
    assert "no normalisation 'magic'; there are znorm, tnorm" in result.stderr
    result = train("plda+cal+asnorm")
    assert result.returncode == 2 and "is no back-end: write CHAIN" in result.stderr


def test_speakers_of_the_trials_leave_cohort_and_calibration(data, score):
    train, valid, test = (
        pd.read_csv(data / f"data/{part}.csv", dtype=str)
        for part in ("train", "valid", "test")
    )
    write_manifest(data / "data/both.csv", pd.concat([test, train.head(4)]))
    result = score("cosine+snorm", "all", "--metadata", data / "data/both.csv")
    assert result.returncode == 0, result.stderr
    assert "1 cohort speakers are in" in result.stdout
    write_manifest(data / "data/both.csv", pd.concat([test, valid]))
    options = "all", "--metadata", data / "data/both.csv"
    result = score("cosine+cal", *options)
    assert result.returncode == 1
    assert "2 speakers, such as 'y', are those of the calibration" in result.stderr
    assert score("cosine+cal", *options, "--force").returncode == 0
    write_manifest(data / "data/both.csv", pd.concat([test, train]))
    result = score("cosine+snorm", "all", "--metadata", data / "data/both.csv")
    assert result.returncode == 1 and "too few are left: the norm" in result.stderr


def test_calibration_needs_speakers_of_its_own(data, train):
    write_manifest(
        data / "data/valid.csv", pd.read_csv(data / "data/train.csv", dtype=str)
    )
    ids, vectors = read_embeddings(data / "exp/embeddings/train")
    write_embeddings(data / "exp/embeddings/valid", ids, vectors)
    result = train("cosine+cal")
    assert result.returncode == 1
    assert "3 speakers are in" in result.stderr and "hold out others" in result.stderr


def test_adaptation_from_unlabelled_embeddings(data, train, score):
    for name in ("plda", "lda"):
        result = train(name, "--adapt", data / "exp/embeddings/valid")
        assert result.returncode == (0 if name == "plda" else 1), result.stderr
    assert "adaptation 'kaldi' needs a back-end with PLDA" in result.stderr
    assert score("plda").returncode == 0


@pytest.mark.parametrize("name", ["lda", "plda+asnorm", "cosine+snorm+cal"])
def test_all_pairs_in_an_array(data, run, score, name):
    metadata = "--metadata", data / "data/test.csv"
    assert score(name, "all", *metadata).returncode == 0
    embeddings, path = data / "exp/embeddings/test", data / "all.npy"
    result = run(
        "local.score_all", "--backend", data / "exp/backends" / name, *metadata,
        "--enrol", embeddings, "--test", embeddings, "--out", path,
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    matrix = np.load(path, mmap_mode="r")
    listed = pd.read_csv(data / f"exp/scores/all.{name}.txt", sep=" ", header=None)
    rows = {name: row for row, name in enumerate(read_embeddings(embeddings)[0])}
    found = matrix[listed[0].map(rows), listed[1].map(rows)]
    np.testing.assert_allclose(found, listed[2], rtol=1e-5, atol=1e-5)


@pytest.mark.slow
def test_dimensions_that_differ_are_told_in_every_program(data, run, train, score):
    embeddings, own = data / "exp/embeddings", data / "exp/embeddings/test"
    assert train("lda").returncode == train("cosine+cal").returncode == 0
    ids, vectors = read_embeddings(own)
    write_embeddings(data / "other", ids, np.array(vectors)[:, :3])
    sides = "--enrol", own, "--test", data / "other"
    trials = "--trials", data / "data/trials/all.txt", "--out", data / "s.txt"
    for program, more in (
        ("local.score", trials), ("local.score_all", ("--out", data / "s.npy")),
    ):  # fmt: skip
        for backend in ("cosine", data / "exp/backends/lda"):
            result = run(program, "--backend", backend, *sides, *more)
            assert result.returncode == 1
            assert "error: enrol has D=8, test has D=3:" in result.stderr
        both = "--enrol", data / "other", "--test", data / "other"
        result = run(program, "--backend", data / "exp/backends/lda", *both, *more)
        assert "have D=3, the back-end was trained on D=8" in result.stderr
    result = train("plda", "--adapt", data / "other")
    assert "error: training has D=8, adaptation has D=3:" in result.stderr
    ids, vectors = read_embeddings(embeddings / "valid")
    write_embeddings(embeddings / "valid", ids, np.array(vectors)[:, :3])
    result = train("cosine+cal")
    assert "training has D=8, held_out has D=3" in result.stderr


def test_evaluate_keeps_its_contract(data, run, score):
    score()
    trials, scores = data / "data/trials/all.txt", data / "exp/scores/all.cosine.txt"
    result = run(
        "local.evaluate", trials, scores, "--json", data / "r.json", "--p-target",
        "0.01", "0.5",
    )  # fmt: skip
    assert result.returncode == 0
    found = json.loads((data / "r.json").read_text())
    assert set(found["min_dcf"]) == set(found["act_dcf"]) == {"0.01", "0.5"}
    assert {
        "eer", "eer_rocch", "cllr", "min_cllr", "threshold_eer", "n_target",
        "n_nontarget",
    } <= set(found)  # fmt: skip
    lines = scores.read_text().splitlines(keepends=True)
    scores.write_text("".join(reversed(lines)))
    run("local.evaluate", trials, scores, "--json", data / "again.json")
    assert json.loads((data / "again.json").read_text())["eer"] == found["eer"]


def test_a_fusion_learnt_on_held_out_speakers(data, run, score, train):
    embeddings, manifest = data / "exp/embeddings", data / "data/valid.csv"
    result = run("local.make_trials", manifest, "--out", data / "valid.txt")
    assert result.returncode == 0, result.stderr
    systems, scores = ["cosine", "lda"], {}
    for system in systems:
        score(system)
        backend = "cosine" if system == "cosine" else data / "exp/backends" / system
        scores[system] = data / f"valid.{system}.txt"
        sides = "--enrol", embeddings / "valid", "--test", embeddings / "valid"
        lists = "--trials", data / "valid.txt", "--out", scores[system]
        assert run("local.score", "--backend", backend, *sides, *lists).returncode == 0
    test = [data / f"exp/scores/all.{system}.txt" for system in systems]
    result = run(
        "local.calibrate", "--train-trials", data / "valid.txt", "--train-scores",
        *scores.values(), "--scores", *test, "--train-metadata", manifest,
        "--metadata", data / "data/test.csv", "--out", data / "fused.txt",
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    assert len((data / "fused.txt").read_text().splitlines()) == 190


@pytest.mark.slow
def test_a_cluster_gives_the_same(data, run, score, monkeypatch):
    pytest.importorskip("distributed")
    embeddings, arrays = data / "exp/embeddings/test", []
    for cluster in ("", "dask"):
        monkeypatch.setenv("SPEAKER_CLUSTER", cluster)
        path = data / f"all{cluster}.npy"
        result = run("local.score_all", "--backend", "cosine", "--enrol", embeddings,
            "--test", embeddings, "--out", path, "--nj", 2)  # fmt: skip
        assert result.returncode == 0, result.stderr
        arrays.append(np.load(path))
    np.testing.assert_array_equal(*arrays)
    monkeypatch.setenv("SPEAKER_CLUSTER", "moon")
    result = score("cosine")
    assert result.returncode == 1
    assert "SPEAKER_CLUSTER is dask or ray, not 'moon'" in result.stderr


def test_models_of_several_utterances(data, score):
    (data / "enrol.txt").write_text("anna a-0 a-1\nbo b-0 b-1\n")
    trials = "anna a-2 target\nanna b-2 nontarget\nbo b-3 target\n"
    (data / "data/trials/models.txt").write_text(trials)
    result = score("cosine", "models", "--enrol-models", data / "enrol.txt")
    assert result.returncode == 0, result.stderr
    lines = (data / "exp/scores/models.cosine.txt").read_text().splitlines()
    assert [line.split()[:2] for line in lines] == [
        ["anna", "a-2"], ["anna", "b-2"], ["bo", "b-3"],
    ]  # fmt: skip
    (data / "enrol.txt").write_text("anna a-0 nobody\nbo b-0\n")
    result = score("cosine", "models", "--enrol-models", data / "enrol.txt")
    assert result.returncode == 1
    assert "enrol.txt:1: model 'anna': no embedding of 'nobody'" in result.stderr


def test_unknown_utterance(data, score):
    path = data / "data/trials/all.txt"
    path.write_text("a-0 a-1 target\na-0 nobody nontarget\n")
    result = score()
    assert result.returncode == 1
    assert f"{path}:2: no embedding of 'nobody'" in result.stderr
    assert not (data / "exp/scores/all.cosine.txt").exists()


@pytest.mark.parametrize(
    ("module", "arguments", "message"),
    [
        ("local.score", ["--backend", "cosine"], "required: --enrol"),
        ("local.evaluate", ["a", "b", "--p-target", "2"], "numbers between 0 and 1"),
        ("local.evaluate", [], "required"),
    ],
)
def test_wrong_usage(run, module, arguments, message):
    result = run(module, *arguments)
    assert result.returncode == 2
    assert message in result.stderr


def test_missing_files(run, tmp_path):
    result = run("local.evaluate", tmp_path / "t", tmp_path / "s")
    assert result.returncode == 1 and "no such file" in result.stderr
    result = run("local.report", "--exp", tmp_path, "--data", tmp_path)
    assert result.returncode == 1 and "error: " in result.stderr
