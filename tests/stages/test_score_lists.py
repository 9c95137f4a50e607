"""Stage 6: local.score_lists, and the JSON beside scores that local.report reads."""

import json
import shutil

import numpy as np
import pytest

from tests.stages.experiments import write_experiment, write_features, write_split
from utils.embeddings.files import read_embeddings
from utils.features.store import FeatureStore
from utils.runtime.fingerprint import hash_file
from utils.trials.score_facts import facts_path, read_score_facts


@pytest.fixture
def experiment(tmp_path, rng):
    return write_experiment(tmp_path, rng)


@pytest.fixture
def score(run, experiment):
    def score_lists(*options):
        where = "--exp", experiment / "exp", "--data", experiment / "data"
        return run("local.score_lists", *where, *options)

    return score_lists


def outputs(folder):
    """Return when each back-end and score file was written."""
    paths = [*folder.glob("exp/backends/*/backend.npz"), *folder.glob("exp/scores/*")]
    return {p.relative_to(folder).as_posix(): p.stat().st_mtime_ns for p in paths}


def test_all_back_ends_and_lists_in_one_go(score, run, experiment):
    ids = (experiment / "exp/embeddings/test.ids").read_text().split()
    (experiment / "data/enrol").mkdir()
    (experiment / "data/enrol/models.txt").write_text(f"m {ids[0]} {ids[1]}\n")
    trials = f"m {ids[2]} target\nm {ids[5]} nontarget\n"
    (experiment / "data/trials/models.txt").write_text(trials)
    result = score("--backends", "cosine", "plda+asnorm+cal")
    assert result.returncode == 0, result.stderr
    assert "PLDA: log-likelihood of an embedding" in result.stdout
    names = {"all.cosine", "all.plda+asnorm+cal", "models.cosine"}
    for name in names | {"models.plda+asnorm+cal"}:
        listed, _, backend = name.partition(".")
        path = experiment / f"exp/scores/{name}.txt"
        facts = read_score_facts(path)
        assert facts["backend"] == backend and facts["trials"] == listed
        assert facts["calibrated"] is (backend != "cosine")
        assert facts["system_sha256"] == "a" * 64
        trials = experiment / f"data/trials/{listed}.txt"
        assert facts["trials_sha256"] == hash_file(trials)
        assert {"versions", "commit", "command", "seed", "system"} <= set(facts)
        alone = experiment / "alone.txt"
        enrol = ("--enrol-models", experiment / "data/enrol/models.txt")
        test = experiment / "exp/embeddings/test"
        done = run(
            "local.score", "--backend", experiment / "exp/backends" / backend,
            "--enrol", test, "--test", test, "--trials", trials, "--out", alone,
            "--metadata", experiment / "data/test.csv",
            *(enrol if listed == "models" else ()),
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        assert alone.read_text() == path.read_text()
    before = outputs(experiment)
    assert len(before) == 2 + 8
    assert score("--backends", "cosine", "plda+asnorm+cal").stdout == ""
    assert outputs(experiment) == before


def test_only_what_a_change_touches_is_repeated(score, experiment, rng):
    score("--backends", "cosine", "lda", "lda+cal")
    before = outputs(experiment)
    write_split(experiment, "valid", rng.standard_normal((16, 8)), 4)
    result = score("--backends", "cosine", "lda", "lda+cal")
    assert result.returncode == 0, result.stderr
    after = outputs(experiment)
    changed = {name for name in before if before[name] != after[name]}
    assert changed == {
        "exp/backends/lda+cal/backend.npz", "exp/scores/all.lda+cal.txt",
        "exp/scores/all.lda+cal.txt.json",
    }  # fmt: skip
    (experiment / "exp/scores/all.lda.txt").write_text("spoilt")
    score("--backends", "cosine", "lda")
    assert (experiment / "exp/scores/all.lda.txt").read_text() != "spoilt"
    score("--backends", "cosine", "--force")
    assert (
        outputs(experiment)["exp/scores/all.cosine.txt"]
        > after["exp/scores/all.cosine.txt"]
    )


def test_back_ends_that_cannot_be_learnt_are_left_out(score, experiment, rng):
    score("--backends", "lda")
    write_split(experiment, "train", rng.standard_normal((20, 8)), 1)
    names = "lda", "plda", "wccn", "cosine+asnorm", "cosine"
    result = score("--backends", *names)
    assert result.returncode == 0, result.stderr
    scored = {path.name for path in (experiment / "exp/scores").glob("*.txt")}
    assert scored == {"all.cosine.txt", "all.cosine+asnorm.txt"}
    assert result.stderr.splitlines() == [
        "back-end lda is left out: no speaker has two different embeddings: "
        "several utterances of each are needed",
        "back-end plda is left out: no speaker has two different embeddings: "
        "several utterances of each are needed",
        "back-end wccn is left out: no speaker has two different embeddings: "
        "several utterances of each are needed",
    ]
    result = score("--backends", "lda")
    assert (
        result.returncode == 1 and "no back-end is left to score with" in result.stderr
    )


def test_equal_embeddings_leave_the_cosine(score, experiment):
    write_split(experiment, "train", np.ones((20, 8)), 4)
    result = score("--backends", "lda", "plda", "whitened", "cosine+snorm", "cosine")
    assert result.returncode == 0, result.stderr
    assert result.stderr.count("is left out: all embeddings are equal, or nearly") == 4
    assert [p.name for p in (experiment / "exp/scores").glob("*.txt")] == [
        "all.cosine.txt"
    ]


def test_a_model_lends_its_back_ends_where_there_is_no_training(score, experiment, rng):
    score("--backends", "lda", "cosine+cal")
    shutil.move(experiment / "exp/backends", experiment / "other/backends")
    shutil.rmtree(experiment / "exp/scores")
    for split in ("train", "valid"):
        (experiment / f"data/{split}.csv").unlink()
    write_split(experiment, "cohort", rng.standard_normal((30, 8)), 1)
    names = "--backends", "lda", "plda", "centred+asnorm", "cosine+cal"
    result = score(*names, "--model", experiment / "other/triplet")
    assert result.returncode == 0, result.stderr
    assert "back-end plda is left out: there is no training speech" in result.stderr
    folders = {
        name: read_score_facts(experiment / f"exp/scores/all.{name}.txt")[
            "backend_folder"
        ]
        for name in ("lda", "centred+asnorm", "cosine+cal")
    }
    assert folders == {
        "lda": str(experiment / "other/backends/lda"),
        "centred+asnorm": str(experiment / "exp/backends/centred+asnorm"),
        "cosine+cal": str(experiment / "other/backends/cosine+cal"),
    }


def test_wrong_names_and_missing_lists_are_told(score, experiment):
    for options, told in (
        (["--backends", "magic"], "no back-end 'magic'; there are cosine, centred"),
        (["--backends", "lda+magic"], "no normalisation 'magic'; there are znorm"),
        (["--backends", "lda", "--trials", "x"], "no trial list 'x'; there are all"),
    ):
        result = score(*options)
        assert result.returncode == 1 and told in result.stderr
        assert not (experiment / "exp/scores").exists()
    assert score("--backends", "a+b+c").returncode == 2
    shutil.rmtree(experiment / "data/trials")
    result = score("--backends", "cosine")
    assert result.returncode == 1
    assert "a target trial needs a speaker with two utterances" in result.stderr
    write_split(experiment, "test", np.eye(4, 8), 4)
    result = score("--backends", "cosine")
    assert result.returncode == 1
    assert "a nontarget trial needs a second speaker in test.csv" in result.stderr


def test_training_speakers_who_are_all_tested_leave_the_cosine(score, experiment):
    shutil.copy(experiment / "data/test.csv", experiment / "data/train.csv")
    for end in ("npy", "ids", "json"):
        embeddings = experiment / "exp/embeddings"
        shutil.copy(embeddings / f"test.{end}", embeddings / f"train.{end}")
    result = score("--backends", "cosine+asnorm", "cosine")
    assert result.returncode == 0, result.stderr
    assert "cosine+asnorm is left out: 5 cohort speakers are in" in result.stderr
    scored = [path.name for path in (experiment / "exp/scores").glob("*.txt")]
    assert scored == ["all.cosine.txt"]


def test_one_training_speaker_leaves_the_cosine(score, experiment, rng):
    write_split(experiment, "train", rng.standard_normal((4, 8)), 4)
    result = score("--backends", "cosine+asnorm", "plda", "cosine")
    assert result.returncode == 0, result.stderr
    assert "a cohort needs two speakers or more, not 1" in result.stderr
    assert "plda is left out: there must be two speakers or more" in result.stderr


def test_the_report_reads_facts_and_not_names(score, run, experiment):
    score("--backends", "cosine", "cosine+cal")
    scores = experiment / "exp/scores"
    for end in ("", ".json"):  # a name that tells nothing, or something wrong
        (scores / f"all.cosine+cal.txt{end}").rename(scores / f"other.x.txt{end}")
        (scores / f"all.cosine.txt{end}").rename(scores / f"all.x+cal.txt{end}")
    shutil.copy(scores / "all.x+cal.txt", scores / "all.stranger+cal.txt")
    where = "--exp", experiment / "exp", "--data", experiment / "data"
    result = run("local.report", *where)
    assert result.returncode == 0, result.stderr
    entries = json.loads((experiment / "exp/results.json").read_text())
    found = [(e["backend"], e["calibrated"], e["system_sha256"]) for e in entries]
    known = "a" * 64
    assert found == [
        ("stranger+cal", False, None), ("cosine", False, known),
        ("cosine+cal", True, known),
    ]  # fmt: skip
    rows = [line.split()[-1] for line in result.stdout.splitlines()[1:4]]
    assert rows == ["-", "-", f"{entries[2]['cllr']:.3f}"]
    facts_path(scores / "other.x.txt").unlink()
    result = run("local.report", *where)
    assert result.returncode == 1
    assert "other.x.txt: no other.x.txt.json says which trial list" in result.stderr


def test_a_report_of_another_model_is_refused(score, run, experiment):
    score("--backends", "cosine")
    model = experiment / "exp/triplet"
    model.mkdir()
    for sha256, code in (("a" * 64, 0), ("b" * 64, 1)):
        (model / "experiment.json").write_text(json.dumps({"encoder_sha256": sha256}))
        where = "--exp", experiment / "exp", "--data", experiment / "data"
        result = run("local.report", *where)
        assert result.returncode == code
    assert "all.cosine.txt: scores of another model than" in result.stderr


def test_averages_need_no_network(score, experiment, rng):
    write_features(experiment, rng)
    shutil.rmtree(experiment / "exp/embeddings")
    names = "--backends", "averages", "averages+asnorm+cal"
    result = score(*names, "--model", experiment / "none")
    assert result.returncode == 0, result.stderr
    ids, vectors = read_embeddings(experiment / "exp/embeddings/averages/test")
    stored = FeatureStore(experiment / "data/features/test").averages(ids)
    np.testing.assert_array_equal(vectors, stored)
    facts = read_score_facts(experiment / "exp/scores/all.averages.txt")
    assert facts["system"] is None and facts["system_sha256"] == "averages"
    before = outputs(experiment)
    assert len(before) == 2 + 4
    assert score(*names, "--model", experiment / "none").stdout == ""
    assert outputs(experiment) == before


def test_averages_are_not_taken_for_embeddings(score, run, experiment, rng):
    write_features(experiment, rng)
    assert score("--backends", "averages").returncode == 0
    test = experiment / "exp/embeddings/test"
    sides = (
        "--enrol",
        test,
        "--test",
        test,
        "--trials",
        experiment / "data/trials/all.txt",
    )
    backend = "--backend", experiment / "exp/backends/averages"
    result = run("local.score", *backend, *sides, "--out", experiment / "x")
    assert result.returncode == 1
    assert "trained on embeddings of another model" in result.stderr


def test_features_without_averages_leave_the_network(score, experiment, rng):
    write_features(experiment, rng)
    for path in (experiment / "data/features").glob("*/averages.npy"):
        path.unlink()
    result = score("--backends", "averages", "cosine")
    assert result.returncode == 0
    assert "back-end averages is left out: there is no" in result.stderr
    assert "make the features again (stage 2)" in result.stderr
