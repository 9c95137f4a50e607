"""Stage 7: local.report."""

import json
import shutil

import pandas as pd

from utils.data.manifest import write_manifest


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


def test_a_speaker_of_both_splits_is_told(data, run, score):
    test = pd.read_csv(data / "data/test.csv", dtype=str)
    write_manifest(data / "data/train.csv", test.head(4))
    score()
    run("local.report", "--exp", data / "exp", "--data", data / "data")
    (entry,) = json.loads((data / "exp/results.json").read_text())
    assert entry["train_and_test_share_a_speaker"] is True
    assert entry["shared_speakers"] == ["a"]
    assert "In train and in test: a" in (data / "exp/report.html").read_text()


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
