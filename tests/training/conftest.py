"""Tiny trainings, in this process or in one of their own."""

import logging
import os
import subprocess
import sys

import numpy as np
import pytest
import torch

from local.train import main
from utils.features.store import FeatureWriter
from utils.runtime.program import run_program

TINY = [
    "--net.width", "4", "--net.n_blocks", "1", "--net.embedding_dim", "16",
    "--pretrain.epochs", "6", "--pretrain.epoch_crops", "64",
    "--pretrain.batch_size", "8", "--pretrain.crop_frames", "32",
    "--triplet.epochs", "4", "--triplet.epoch_crops", "72",
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
    (folder / "front_end.yaml").write_text("front_end: {sample_rate_hz: 16000}\n")
    return folder


@pytest.fixture
def command(features, tmp_path, root):
    """Words of a tiny training; of a phase, an output folder and more options."""

    def words(phase, out, *options):
        return [
            "local.train", phase,
            "--hparams", str(root / "hparams/sizes/rescnn_small.yaml"),
            "--features", features, "--out", tmp_path / out,
            "--precision", "fp32", *TINY, *options,
        ]  # fmt: skip

    return words


@pytest.fixture
def train(command, capsys, monkeypatch):
    """Train in this process: exit code and output."""

    def run(phase, out, *options):
        monkeypatch.setattr(
            sys, "argv", [str(w) for w in command(phase, out, *options)]
        )
        code = 0
        try:
            run_program(main)
        except SystemExit as stop:
            code = stop.code
        captured = capsys.readouterr()
        logging.shutdown()
        return subprocess.CompletedProcess([], code, captured.out, captured.err)

    return run


@pytest.fixture
def start(command, root):
    """Begin a training in a process, or in several, of its own."""

    def run(phase, out, *options, launcher=("-m",)):
        return subprocess.Popen(
            [sys.executable, *launcher, *command(phase, out, *options)],
            cwd=root, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            env=os.environ | {"OMP_NUM_THREADS": str(torch.get_num_threads())},
        )  # fmt: skip

    return run
