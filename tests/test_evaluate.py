import json
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from utils.embedding_files import write_embeddings
from utils.manifest import write_manifest
from utils.metrics import equal_error_rate
from utils.trials import pair_trials, write_trials


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
def score(data, run):
    def score_trials(backend="cosine", trials="all", *options):
        return run(
            "local.score", "--backend", backend,
            "--enrol", data / "exp/embeddings/test",
            "--test", data / "exp/embeddings/test",
            "--cohort", data / "exp/embeddings/train",
            "--cohort-manifest", data / "data/train.csv",
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


@pytest.mark.parametrize(
    "backend",
    ["plda", "cosine+asnorm", "plda+snorm", "lda+ztnorm", "centred+asnorm-cross"],
)
def test_every_backend_scores(data, run, score, backend):
    result = score(backend)
    assert result.returncode == 0, result.stderr
    scores = pd.read_csv(data / f"exp/scores/all.{backend}.txt", sep=" ", header=None)
    trials = pd.read_csv(data / "data/trials/all.txt", sep=" ", header=None)
    assert np.isfinite(scores[2]).all()
    assert (scores[[0, 1]] == trials[[0, 1]]).all(axis=None)
    assert equal_error_rate(scores[2], (trials[2] == "target").to_numpy()) < 0.4
    if backend.startswith("plda"):
        assert "PLDA: log-likelihood of an embedding" in result.stdout


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


@pytest.mark.parametrize(
    ("module", "arguments", "message"),
    [
        ("local.score", ["--backend", "nonsense"], "'nonsense': write one of cosine"),
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
