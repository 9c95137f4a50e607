import json
import re
import shutil
import sys

import numpy as np
import pandas as pd
import pytest
import torch
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from local.find_learning_rate import main as find_learning_rate
from tests.training.trainings import (
    assert_equal_weights,
    curves,
    kill_within_epoch,
    read_log,
    weights,
)

TORCHRUN = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]


def test_both_phases(train, tmp_path):
    result = train("pretrain", "pretrain")
    assert result.returncode == 0, result.stderr
    log = read_log(tmp_path / "pretrain")
    assert [record["epoch"] for record in log] == list(range(7))
    assert log[-1]["train_loss"] < log[1]["train_loss"]

    result = train("triplet", "triplet", "--init", tmp_path / "pretrain")
    assert result.returncode == 0, result.stderr
    assert result.stdout.count(" % of triplets active, validation EER") == 4
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
    assert log[facts["kept_epoch"]]["valid_eer"] == facts["valid_eer"]
    assert facts["n_train_speakers"] == 8 and facts["n_valid_speakers"] == 4


AVERAGED = [
    "--pretrain.ema_decay", "0.9", "--pretrain.accumulation", "2",
    "--pretrain.patience", "4", "--pretrain.lr_shape", "cyclic",
    "--pretrain.lr_cycles", "3", "--checkpoint-batches", "4",
]  # fmt: skip


@pytest.mark.slow
def test_a_pretraining_killed_within_an_epoch_resumes_exactly(train, start, tmp_path):
    assert train("pretrain", "whole", *AVERAGED).returncode == 0
    process = start("pretrain", "killed", *AVERAGED)
    kill_within_epoch(process, tmp_path / "killed", 2)
    resumed = train("pretrain", "killed", *AVERAGED)
    assert resumed.returncode == 0, resumed.stderr
    assert_equal_weights(weights(tmp_path / "killed"), weights(tmp_path / "whole"))
    assert curves(tmp_path / "killed") == curves(tmp_path / "whole")


def test_a_killed_triplet_training_resumes_exactly(train, start, tmp_path):
    init = ("--checkpoint-batches", "2")
    assert train("triplet", "whole", *init).returncode == 0
    process = start("triplet", "killed", *init)
    kill_within_epoch(process, tmp_path / "killed", 3)  # of select batches
    assert train("triplet", "killed", *init).returncode == 0
    assert_equal_weights(weights(tmp_path / "killed"), weights(tmp_path / "whole"))
    assert curves(tmp_path / "killed") == curves(tmp_path / "whole")


@pytest.mark.parametrize("phase", ["pretrain", "triplet"])
def test_two_processes_train_as_one(train, start, tmp_path, phase):
    # small steps: weights whose gradient is zero but for noise hardly move, and the
    # choice of hard triplets does not hang on them
    options = ["--pretrain.augment", "[]", f"--{phase}.epochs", "2"]
    options += [f"--{phase}.lr", "1e-5"]
    together = start(phase, "two", *options, launcher=TORCHRUN + ["-m"])
    assert train(phase, "one", *options).returncode == 0
    _, errors = together.communicate()
    assert together.returncode == 0, errors
    one, two = curves(tmp_path / "one"), curves(tmp_path / "two")
    assert len(one) == len(two) == 3
    for alone, shared in zip(one, two, strict=True):
        assert alone == pytest.approx(shared, rel=1e-3, abs=1e-4)
    one, two = weights(tmp_path / "one"), weights(tmp_path / "two")
    for name in one:
        is_undone_by_norm = name.endswith(("conv.bias", "conv1.bias", "conv2.bias"))
        if not is_undone_by_norm and "running" not in name:
            torch.testing.assert_close(one[name], two[name], rtol=1e-2, atol=1e-3)


def test_settings_are_shown_with_their_origin(train, tmp_path):
    result = train("pretrain", "out", "--show")
    assert result.returncode == 0, result.stderr
    shown = [line.split() for line in result.stdout.splitlines()]
    assert ["n_speakers:", "8", "#", "data"] in shown
    assert ["net.width:", "4", "#", "command", "line"] in shown
    assert not (tmp_path / "out").exists()


def test_sanity(train, tmp_path):
    options = ["--sanity", "--pretrain.lr", "0.003", "--pretrain.margin", "0"]
    options += ["--pretrain.epoch_crops", "240", "--pretrain.epochs", "6"]
    result = train("pretrain", "nothing", *options)
    assert result.returncode == 0, result.stderr
    assert "sanity check passed" in result.stdout
    assert not (tmp_path / "nothing").exists()


def test_sanity_fails_where_nothing_is_learnt(train):
    options = ["--sanity", "--pretrain.lr", "1e-9", "--pretrain.lr_final", "1e-9"]
    result = train("pretrain", "nothing", *options)
    assert result.returncode == 1
    assert "look at the learning rate" in result.stderr


def test_confusions_are_written(train, tmp_path):
    result = train("pretrain", "out", "--pretrain.epochs", "1")
    table = pd.read_csv(tmp_path / "out" / "confusions.csv")
    share = table["crops"].sum() / (8 * 10)
    assert f"{share:.1%} of the training crops are taken" in result.stdout


def test_learning_rate_finder(command, tmp_path, monkeypatch, capsys):
    words = command("pretrain", "rates", "--steps", "30", "--highest", "10")
    monkeypatch.setattr(sys, "argv", [str(word) for word in words])
    find_learning_rate()
    curve = pd.read_csv(tmp_path / "rates.csv")
    assert len(curve) == 30 and curve["rate"].iloc[-1] == pytest.approx(10)
    ratios = curve["rate"].to_numpy()[1:] / curve["rate"].to_numpy()[:-1]
    np.testing.assert_allclose(ratios, ratios[0], rtol=1e-3)
    assert (tmp_path / "rates.svg").is_file()
    suggested = float(re.search(r"try --pretrain.lr (\S+)", capsys.readouterr().out)[1])
    assert 1e-6 < suggested < 1


def test_early_stop(train, tmp_path):
    options = ["--pretrain.patience", "1", "--pretrain.lr", "1e-9"]
    result = train("pretrain", "out", *options)
    assert result.returncode == 0 and "stopped: the validation EER" in result.stdout
    eers = [record["valid_eer"] for record in read_log(tmp_path / "out")[1:]]
    assert len(eers) < 6 and eers[-1] >= min(eers[:-1])


def test_tensorboard_has_the_curves(train, tmp_path):
    assert train("pretrain", "out", "--pretrain.epochs", "2").returncode == 0
    events = EventAccumulator(str(tmp_path / "out" / "tensorboard")).Reload()
    for name in ("valid_eer", "train_loss", "gradient_norm", "lr"):
        logged = [
            record[name] for record in read_log(tmp_path / "out") if name in record
        ]
        assert [point.value for point in events.Scalars(name)] == pytest.approx(logged)


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
        (["--changes", "absent"], 1, "absent: no such file"),
        (["--pretrain.lr", "abc"], 1, "pretrain.lr is a number, not 'abc'"),
        (["--pretrain.batch_size", "0"], 1, "a step needs one crop"),
        (["--pretrain.crop_frames", "0"], 1, "crop_frames is 1 or more, not 0"),
        (["--precision", "fp16"], 1, "--precision fp16: needs a GPU"),
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
