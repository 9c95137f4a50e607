import json
import shutil
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from utils.data.manifest import write_manifest
from utils.embeddings.files import read_embeddings, write_embeddings
from utils.metrics.detection import equal_error_rate
from utils.trials.lists import pair_trials, write_trials


@pytest.fixture
def run(root):
    def run_module(module, *arguments):
        result = subprocess.run(
            [sys.executable, "-m", module, *map(str, arguments)],
            cwd=root, capture_output=True, text=True,
        )  # fmt: skip
        assert "Traceback" not in result.stderr, result.stderr
        return result

    return run_module


@pytest.fixture
def data(tmp_path, rng):
    """A corpus folder, and test embeddings of 5 speakers with 4 utterances."""
    rows = []
    for split, speakers in (("train", "vwx"), ("valid", "yz"), ("test", "abcde")):
        rows = [
            {"ID": f"{speaker}-{n}", "duration": 1.0, "wav": "x.wav", "start": 0,
             "stop": 16000, "spk_id": speaker}
            for speaker in speakers for n in range(4)
        ]  # fmt: skip
        write_manifest(tmp_path / "data" / f"{split}.csv", pd.DataFrame(rows))
        means = np.repeat(rng.standard_normal((len(speakers), 8)), 4, axis=0)
        vectors = means + 0.8 * rng.standard_normal(means.shape) + 0.5
        ids = [row["ID"] for row in rows]
        write_embeddings(tmp_path / "exp" / "embeddings" / split, ids, vectors)
    trials = pair_trials(pd.DataFrame(rows))
    write_trials(tmp_path / "data" / "trials" / "all.txt", trials)
    return tmp_path


@pytest.fixture
def train(data, run):
    def train_backend(name, *options):
        vectors, manifests = data / "exp/embeddings", data / "data"
        return run(
            "local.train_backend", name,
            "--embeddings", vectors / "train", "--manifest", manifests / "train.csv",
            "--valid", vectors / "valid", "--valid-manifest", manifests / "valid.csv",
            "--out", data / "exp/backends" / name, *options,
        )  # fmt: skip

    return train_backend


@pytest.fixture
def score(data, run, train):
    def score_trials(backend="cosine", trials="all", *options):
        folder = data / "exp/backends" / backend
        if backend != "cosine" and not folder.exists():
            assert train(backend).returncode == 0
        return run(
            "local.score", "--backend", backend if backend == "cosine" else folder,
            "--enrol", data / "exp/embeddings/test",
            "--test", data / "exp/embeddings/test",
            "--trials", data / f"data/trials/{trials}.txt",
            "--out", data / f"exp/scores/{trials}.{backend}.txt", *options,
        )  # fmt: skip

    return score_trials


def test_from_embeddings_to_a_report(data, run, score):
    assert score("cosine").returncode == 0
    assert score("centred").returncode == 0
    assert score("lda").returncode == 0
    result = run("local.report", "--exp", data / "exp", "--data", data / "data")
    assert result.returncode == 0, result.stderr
    results = json.loads((data / "exp/results.json").read_text())
    assert [entry["backend"] for entry in results] == ["centred", "cosine", "lda"]
    for entry in results:
        assert entry["trials"] == "all" and len(entry["trials_sha256"]) == 64
        assert entry["n_target"] == 30 and entry["n_nontarget"] == 160
        assert 0 < entry["eer"] < 0.5
        assert f"{100 * entry['eer']:.2f}" in result.stdout
        assert entry["train_and_test_share_a_speaker"] is False
        assert {"versions", "commit", "command", "p_target", "corpus"} <= set(entry)
    page = (data / "exp/report.html").read_text()
    assert "<svg" in page and "EER %" in page


def test_targets_across_sessions_are_the_headline(data, run, score):
    manifest = pd.read_csv(data / "data/test.csv", dtype=str)
    number = manifest["ID"].str.rpartition("-")[2].astype(int)
    sessions = (number % 2).astype(str)
    write_manifest(data / "data/test.csv", manifest.assign(session=sessions))
    assert score("cosine").returncode == 0
    where = "--exp", data / "exp", "--data", data / "data"
    result = run("local.report", *where, "--bootstrap", 50)
    assert result.returncode == 0, result.stderr
    entries = json.loads((data / "exp/results.json").read_text())
    assert [entry["sessions"] for entry in entries] == ["across", "same", "all"]
    rows = [line.split()[:5] for line in result.stdout.splitlines()[1:4]]
    n_each = [entry["n_target"] for entry in entries]
    assert rows == [
        ["all", kind, "cosine", str(n), "160"]
        for kind, n in zip(("across", "same", "all"), n_each, strict=True)
    ]
    assert n_each[0] + n_each[1] == n_each[2] == 30
    trials, scores = data / "data/trials/all.txt", data / "exp/scores/all.cosine.txt"
    told = pd.read_csv(trials, sep=" ", header=None, names=["enrol", "test", "label"])
    session_of = dict(zip(manifest["ID"], sessions, strict=True))
    is_same = told["enrol"].map(session_of) == told["test"].map(session_of)
    across = data / "across.txt"
    kept = told[(told["label"] == "nontarget") | ~is_same]
    kept.to_csv(across, sep=" ", header=False, index=False)
    alone = run(
        "local.evaluate", across, scores, "--allow-extra", "--json", data / "r.json",
        "--metadata", data / "data/test.csv", "--bootstrap", 50,
    )  # fmt: skip
    assert alone.returncode == 0, alone.stderr
    expected = json.loads((data / "r.json").read_text())
    for name in ("eer", "min_dcf", "ci", "n_speakers"):
        assert entries[0][name] == expected[name]
    assert "one session a speaker" not in result.stdout
    assert "all, across sessions" in (data / "exp/report.html").read_text()


def test_other_seeds_stand_beside_the_first(data, run, score):
    assert score("cosine").returncode == 0
    other = data / "exp-seed2"
    shutil.copytree(data / "exp", other)
    where = "--data", data / "data", "--bootstrap", 0
    wanted = "local.report", "--exp", data / "exp", *where, "--other-seeds", other
    result = run(*wanted)
    assert result.returncode == 1
    assert "results.json: no such results; run its stage 7 first" in result.stderr
    run("local.report", "--exp", other, *where)
    result = run(*wanted)
    assert result.returncode == 0, result.stderr
    (entry,) = json.loads((data / "exp/results.json").read_text())
    assert entry["over_seeds"]["eer"] == {
        "mean": entry["eer"], "range": [entry["eer"]] * 2
    }  # fmt: skip
    assert "EER % of 2 seeds" in result.stdout and "ci" not in entry


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


def test_calibrated_rows_have_their_own_columns(data, run, score):
    score("cosine")
    score("cosine+cal")
    result = run("local.report", "--exp", data / "exp", "--data", data / "data")
    header, plain, calibrated, *notes = result.stdout.splitlines()
    assert notes[0] == "one session a speaker: this also measures the recording"
    assert header.endswith("actDCF 0.01  actDCF 0.05   Cllr")
    assert plain.split()[-3:] == ["-"] * 3
    entries = json.loads((data / "exp/results.json").read_text())
    expected = entries[1]["cllr"]
    assert calibrated.split()[-1] == f"{expected:.3f}"
    assert entries[0]["eer"] == entries[1]["eer"]


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


def test_a_speaker_of_both_splits_is_told(data, run, score):
    test = pd.read_csv(data / "data/test.csv", dtype=str)
    write_manifest(data / "data/train.csv", test.head(4))
    score()
    run("local.report", "--exp", data / "exp", "--data", data / "data")
    (entry,) = json.loads((data / "exp/results.json").read_text())
    assert entry["train_and_test_share_a_speaker"] is True
    assert entry["shared_speakers"] == ["a"]
    assert "In train and in test: a" in (data / "exp/report.html").read_text()


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


def test_skipped_utterances_are_left_out(data, run, score):
    features = data / "data/features"
    features.mkdir()
    (features / "skipped.txt").write_text("a-0\tbroken\n")
    assert score("cosine", "all", "--features", features).returncode == 0
    result = run("local.report", "--exp", data / "exp", "--data", data / "data")
    assert result.returncode == 0, result.stderr
    (entry,) = json.loads((data / "exp/results.json").read_text())
    assert entry["skipped_utterances"] == ["a-0"]
    assert entry["n_target"] == 27


def test_unknown_utterance(data, score):
    path = data / "data/trials/all.txt"
    path.write_text("a-0 a-1 target\na-0 nobody nontarget\n")
    result = score()
    assert result.returncode == 1
    assert f"{path}:2: no embedding of 'nobody'" in result.stderr
    assert not (data / "exp/scores/all.cosine.txt").exists()


def test_one_class_list(data, run, score):
    (data / "data/trials/all.txt").write_text("a-0 a-1 target\n")
    assert score().returncode == 0
    result = run("local.report", "--exp", data / "exp", "--data", data / "data")
    assert result.returncode == 1
    assert "all.txt: all trials are target" in result.stderr
    assert not (data / "exp/results.json").exists()


def test_a_list_without_labels_is_scored_but_not_reported(data, run, score):
    lists = data / "data/trials"
    (lists / "blind.txt").write_text("a-0 a-1\na-0 b-1\n")
    assert score("cosine").returncode == score("cosine", "blind").returncode == 0
    folders = "--exp", data / "exp", "--data", data / "data"
    result = run("local.report", *folders, "--cost", "10,1,0.01")
    assert result.returncode == 0, result.stderr
    assert "blind.cosine.txt: its trials have no labels; not evaluated" in result.stderr
    (entry,) = json.loads((data / "exp/results.json").read_text())
    assert entry["trials"] == "all"
    value = entry["min_dcf"]["10,1,0.01"]
    header, row, *_ = result.stdout.splitlines()
    assert header.endswith("minDCF 10,1,0.01")
    assert row.split()[-1] == f"{value:.3f}"
    assert run("local.report", *folders, "--p-target", "x").returncode == 2


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
