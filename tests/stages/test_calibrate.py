import json
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from utils.data.manifest import write_manifest
from utils.metrics.detection import act_dcf, min_dcf
from utils.trials.lists import pair_trials, write_trials
from utils.trials.score_facts import read_score_facts
from utils.trials.scores import join_scores, read_scores, write_scores


@pytest.fixture
def run(root):
    def calibrate(*arguments):
        command = [sys.executable, "-m", "local.calibrate", *map(str, arguments)]
        result = subprocess.run(command, cwd=root, capture_output=True, text=True)
        assert "Traceback" not in result.stderr, result.stderr
        return result

    return calibrate


@pytest.fixture
def lists(tmp_path, rng):
    """A training and a test list of different speakers, scored by two systems."""
    for part, speakers in (("train", "abcdefghij"), ("test", "klmnopqrst")):
        rows = [
            {"ID": f"{spk}-{n}", "duration": 1.0, "wav": "x.wav", "start": 0,
             "stop": 16000, "spk_id": spk}
            for spk in speakers for n in range(5)
        ]  # fmt: skip
        write_manifest(tmp_path / f"{part}.csv", pd.DataFrame(rows))
        trials = pair_trials(pd.DataFrame(rows))
        write_trials(tmp_path / f"{part}.txt", trials)
        for name, scale in (("one", 0.1), ("two", 30.0)):
            score = scale * rng.normal(3 * trials["target"], 1) - 5
            write_scores(tmp_path / f"{part}.{name}.txt", trials.assign(score=score))
    return tmp_path


def options(lists, *names):
    return [
        "--train-trials", lists / "train.txt", "--out", lists / "llr.txt",
        "--train-scores", *(lists / f"train.{name}.txt" for name in names),
        "--scores", *(lists / f"test.{name}.txt" for name in names),
    ]  # fmt: skip


@pytest.mark.parametrize("names", [["one"], ["one", "two"]])
def test_scores_become_likelihood_ratios(run, lists, names):
    result = run(*options(lists, *names), "--save", lists / "map.json")
    assert result.returncode == 0, result.stderr
    trials = pd.read_csv(lists / "test.txt", sep=" ", header=None)
    trials.columns = ["enrol", "test", "label"]
    pairs = trials[["enrol", "test"]].astype("category")
    llrs = join_scores(pairs, read_scores(lists / "llr.txt"))
    is_target = (trials["label"] == "target").to_numpy()
    assert act_dcf(llrs, is_target, 0.05) < min_dcf(llrs, is_target, 0.05) + 0.1
    facts = read_score_facts(lists / "llr.txt")
    assert facts["calibrated"] is True
    assert facts["backend"] == ", ".join(f"test.{name}" for name in names) + "+cal"
    found = json.loads((lists / "map.json").read_text())
    assert len(found["weights"]) == len(names) and found["prior"] == 0.05
    assert found["thresholds"]["cost at p_target 0.05"] == pytest.approx(np.log(19))
    assert "far 0.01" in found["thresholds"]
    assert len(found["trained_on"]["trials_sha256"]) == 64


def test_shared_speakers_are_refused(run, lists):
    own = options(lists, "one")
    own[own.index("--scores") + 1] = lists / "train.one.txt"
    result = run(*own)
    assert result.returncode == 1
    assert "50 ids are in the scored list too, such as 'a-0'" in result.stderr
    manifests = ["--train-metadata", lists / "train.csv", "--metadata"]
    result = run(*own, *manifests, lists / "train.csv")
    assert "10 speakers are in the scored list too, such as 'a'" in result.stderr
    assert not (lists / "llr.txt").exists()
    assert run(*own, "--force").returncode == 0
    assert run(*options(lists, "one"), *manifests, lists / "test.csv").returncode == 0


def test_wrong_usage(run, lists):
    own = options(lists, "one", "two")
    result = run(*own[:-1])
    assert result.returncode == 2 and "a file for each system" in result.stderr
    result = run(*own, "--prior", 1)
    assert result.returncode == 2 and "between 0 and 1" in result.stderr
