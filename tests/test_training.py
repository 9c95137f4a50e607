import json
import shutil
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
import torch

from utils.features import FeatureWriter

TINY = [
    "--net.width", "4", "--net.n_blocks", "1", "--net.embedding_dim", "16",
    "--pretrain.epochs", "6", "--pretrain.batches_per_epoch", "8",
    "--pretrain.batch_size", "8", "--pretrain.crop_frames", "32",
    "--triplet.epochs", "4", "--triplet.batches_per_epoch", "6",
    "--triplet.n_triplets", "4", "--triplet.crop_frames", "32",
    "--triplet.history_crops", "3",
]  # fmt: skip


@pytest.fixture(scope="module")
def features(tmp_path_factory):
    """Features of speakers that differ in their mean spectrum."""
    rng = np.random.default_rng(0)
    folder = tmp_path_factory.mktemp("data") / "features"
    for split, n_speakers in (("train", 8), ("valid", 4)):
        (folder / split).mkdir(parents=True)
        with FeatureWriter(folder / split) as writer:
            for speaker in range(n_speakers):
                voice = rng.normal(0, 2, 64)
                for number in range(5):
                    n_frames = rng.integers(20, 90)
                    feats = voice + rng.normal(0, 8, (n_frames, 64))
                    name = f"{split}{speaker}"
                    writer.add(
                        {"ID": f"{name}-{number}", "spk_id": name},
                        feats.astype("f2"),
                    )
    (folder / "front_end.yaml").write_text("sample_rate_hz: 16000\n")
    return folder


@pytest.fixture
def train(features, tmp_path, root):
    def command(phase, out, *options):
        return [
            sys.executable, "-m", "local.train", phase,
            "--hparams", "hparams/train_rescnn_small.yaml",
            "--features", features, "--out", tmp_path / out,
            "--precision", "fp32", *TINY, *options,
        ]  # fmt: skip

    def run(phase, out, *options, kill_at_epoch=None):
        process = subprocess.Popen(
            command(phase, out, *options), cwd=root, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
        if kill_at_epoch is not None:
            log = tmp_path / out / "log.jsonl"
            while not log.exists() or len(log.read_text().splitlines()) < (
                kill_at_epoch + 1
            ):
                assert process.poll() is None, process.communicate()
                time.sleep(0.02)
            process.send_signal(signal.SIGKILL)
        stdout, stderr = process.communicate()
        return subprocess.CompletedProcess([], process.returncode, stdout, stderr)

    return run


def read_log(folder):
    return [json.loads(line) for line in (folder / "log.jsonl").open()]


def weights(folder):
    return torch.load(folder / "encoder.pt", weights_only=True)


def assert_equal_weights(first, second):
    assert first.keys() == second.keys()
    for name in first:
        assert torch.equal(first[name], second[name]), name


def test_both_phases(train, tmp_path):
    result = train("pretrain", "pretrain")
    assert result.returncode == 0, result.stderr
    log = read_log(tmp_path / "pretrain")
    assert [record["epoch"] for record in log] == list(range(7))
    assert log[-1]["train_loss"] < log[1]["train_loss"]

    result = train("triplet", "triplet", "--init", tmp_path / "pretrain")
    assert result.returncode == 0, result.stderr
    log = read_log(tmp_path / "triplet")
    assert log[0]["valid_eer"] == pytest.approx(
        min(record["valid_eer"] for record in read_log(tmp_path / "pretrain"))
    )
    for record in log[1:]:
        assert 0 <= record["active_triplets"] <= 1
        assert -1 <= record["negative_similarity"] <= 1
        assert -1 <= record["positive_similarity"] <= 1
        assert 0 < record["embedding_spread"] <= 1
    facts = json.loads((tmp_path / "triplet" / "experiment.json").read_text())
    assert facts["valid_eer"] == min(record["valid_eer"] for record in log)
    assert log[facts["best_epoch"]]["valid_eer"] == facts["valid_eer"]
    assert facts["n_train_speakers"] == 8 and facts["n_valid_speakers"] == 4


@pytest.mark.parametrize("kill_at_epoch", [1, 3])
def test_a_killed_pretraining_resumes_exactly(train, tmp_path, kill_at_epoch):
    assert train("pretrain", "whole").returncode == 0
    killed = train("pretrain", "killed", kill_at_epoch=kill_at_epoch)
    assert killed.returncode == -signal.SIGKILL
    assert not (tmp_path / "killed" / "encoder.pt").exists()
    resumed = train("pretrain", "killed")
    assert resumed.returncode == 0, resumed.stderr
    assert_equal_weights(weights(tmp_path / "killed"), weights(tmp_path / "whole"))


def test_a_killed_triplet_training_resumes_exactly(train, tmp_path):
    assert train("pretrain", "pretrain").returncode == 0
    init = ("--init", tmp_path / "pretrain")
    assert train("triplet", "whole", *init).returncode == 0
    train("triplet", "killed", *init, kill_at_epoch=2)
    assert train("triplet", "killed", *init).returncode == 0
    assert_equal_weights(weights(tmp_path / "killed"), weights(tmp_path / "whole"))


def test_a_collapse_stops_the_run_with_an_explanation(train):
    result = train("triplet", "collapsed", "--triplet.min_spread", "2.0")
    assert result.returncode == 1
    assert "the embeddings have collapsed" in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize(
    ("options", "code", "message"),
    [
        (["--pretrain.epoch", "3"], 1, "no value pretrain.epoch to replace"),
        (["--nonsense", "3"], 1, "nonsense"),
        (["--pretrain.epochs"], 2, "write --section.key value"),
        (["--init", "absent"], 1, "no trained model"),
        (["--device", "abacus"], 1, "--device abacus: cannot be used here"),
    ],
)
def test_wrong_usage(train, options, code, message):
    result = train("pretrain", "out", *options)
    assert result.returncode == code
    assert message in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize(
    ("split", "kept", "message"),
    [
        ("train", "train0-", "train: one speaker; training needs two or more"),
        ("valid", "valid0-", "valid: no target or no nontarget pairs"),
    ],
)
def test_too_few_speakers(train, features, tmp_path, split, kept, message):
    shutil.copytree(features, tmp_path / "few")
    index = tmp_path / "few" / split / "index.csv"
    header, *lines = index.read_text().splitlines(keepends=True)
    index.write_text(header + "".join(line for line in lines if kept in line))
    result = train("pretrain", "out", "--features", tmp_path / "few")
    assert result.returncode == 1
    assert message in result.stderr and "Traceback" not in result.stderr
    assert not (tmp_path / "out").exists()
