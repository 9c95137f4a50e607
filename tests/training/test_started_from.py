"""Trainings that start from a trained model."""

import json
import re
import shutil

import pytest

from tests.training.trainings import (
    assert_equal_weights,
    curves,
    kill_within_epoch,
    last_modules,
    read_log,
    weights,
)


def test_fine_tuning_on_other_speakers(train, features, tmp_path):
    assert train("pretrain", "first", "--pretrain.epochs", "1").returncode == 0
    shutil.copytree(features, tmp_path / "others")
    index = tmp_path / "others" / "train" / "index.csv"
    index.write_text(index.read_text().replace("train7", "new"))
    (tmp_path / "others" / "front_end.yaml").write_text(
        "front_end: {sample_rate_hz: 16000, hop_ms: 5}\n"
    )
    options = ["--features", tmp_path / "others", "--init", tmp_path / "first"]
    options += ["--pretrain.ema_decay", "0.9"]
    result = train("pretrain", "tuned", *options, "--pretrain.epochs", "1")
    assert result.returncode == 0, result.stderr
    kept = "classifier.weight (8, 16): 7 of 8 speakers loaded, the rest is new"
    assert kept in result.stdout and "another front-end" in result.stdout
    facts = json.loads((tmp_path / "tuned" / "experiment.json").read_text())
    assert facts["init"] == str(tmp_path / "first") and kept in facts["not_loaded"]
    first = read_log(tmp_path / "first")
    assert read_log(tmp_path / "tuned")[0]["valid_eer"] == pytest.approx(
        min(record["valid_eer"] for record in first)
    )
    result = train("pretrain", "wide", *options, "--net.width", "8")
    assert result.returncode == 1 and "another architecture" in result.stderr
    (tmp_path / "others" / "front_end.yaml").write_text(
        "front_end: {sample_rate_hz: 8000}\n"
    )
    result = train("pretrain", "slow", *options)
    assert result.returncode == 1
    refusal = (
        r"/first: a model of speech at 16000 Hz, and .*/others is of 8000 Hz; .+\n"
    )
    assert re.fullmatch(f".*{refusal}", result.stderr)


LORA = [
    "--pretrain.trainable", "lora", "--pretrain.adapter_share", "0.2",
    "--pretrain.epochs", "3", "--checkpoint-batches", "2",
]  # fmt: skip


def test_adapters_are_merged_into_an_ordinary_folder(train, start, tmp_path):
    assert train("pretrain", "first", "--pretrain.epochs", "1").returncode == 0
    options = [*LORA, "--init", tmp_path / "first"]
    assert train("pretrain", "whole", *options).returncode == 0
    first, whole = weights(tmp_path / "first"), weights(tmp_path / "whole")
    assert first.keys() == whole.keys()

    process = start("pretrain", "killed", *options)
    kill_within_epoch(process, tmp_path / "killed", 2)
    again = ["--init", tmp_path / "killed", "--pretrain.epochs", "1"]
    assert train("pretrain", "from_checkpoint", *again).returncode == 0
    assert train("pretrain", "killed", *options).returncode == 0
    assert_equal_weights(weights(tmp_path / "killed"), whole)
    assert curves(tmp_path / "killed") == curves(tmp_path / "whole")
    assert_equal_weights(
        last_modules(tmp_path / "killed"), last_modules(tmp_path / "whole")
    )


def test_an_unknown_part_is_refused(train, tmp_path):
    assert train("pretrain", "first", "--pretrain.epochs", "1").returncode == 0
    options = ["--init", tmp_path / "first", "--pretrain.epochs", "1"]
    result = train("pretrain", "part", *options, "--pretrain.trainable", "no_such")
    assert result.returncode == 1 and "has no 'no_such'" in result.stderr


def test_large_margin_goes_on_with_the_same_classifier(train, tmp_path, root):
    assert train("pretrain", "first", "--pretrain.epochs", "1").returncode == 0
    changes = ["--changes", root / "hparams" / "large_margin.yaml"]
    options = [*changes, "--init", tmp_path / "first", "--pretrain.epochs", "1"]
    result = train("pretrain", "large", *options)
    assert result.returncode == 0, result.stderr
    facts = json.loads((tmp_path / "large" / "experiment.json").read_text())
    assert facts["not_loaded"] == []
    text = (tmp_path / "large" / "hyperparams.yaml").read_text()
    assert "margin: 0.5" in text and "crop_frames: 32" in text  # the command's wins
