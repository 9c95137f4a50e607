"""A full disk: one line, and nothing half written."""

import builtins
import errno
import io
import os
import re

import numpy as np
import pandas as pd
import pytest
import torch

from utils.backend.all_pairs import score_all
from utils.backend.backend import Backend, MeasuredModels
from utils.backend.files import save_backend
from utils.backend.transforms import Affine
from utils.embeddings.files import read_embeddings, write_embeddings
from utils.models.experiment import open_experiment, save_weights
from utils.runtime.atomic import replacing_file
from utils.runtime.errors import UserError
from utils.runtime.program import run_program
from utils.training.checkpoints import AtomicCheckpointer
from utils.trials.scores import write_scores

ROOM = 1000  # bytes in a file before the disk is full


class FullFile(io.FileIO):
    """A file on a disk that fills up, which writes what there is room for."""

    def write(self, data):
        room = ROOM - self.tell()
        if room <= 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return super().write(memoryview(data).cast("B")[:room])

    def fileno(self):
        raise io.UnsupportedOperation  # so that NumPy writes by this class


@pytest.fixture
def full_disk(monkeypatch):
    """Let every file that Python or the system's pwrite writes meet the end."""
    whole_open, whole_pwrite = io.open, os.pwrite

    def full_open(path, mode="r", *arguments, **options):
        if not set(mode) & set("wax"):
            return whole_open(path, mode, *arguments, **options)
        file = io.BufferedWriter(FullFile(path, mode.replace("b", "").replace("t", "")))
        if "b" in mode:
            return file
        return io.TextIOWrapper(file, encoding=options.get("encoding"))

    def full_pwrite(file, data, place):
        room = ROOM - place
        if room <= 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return whole_pwrite(file, data[:room], place)

    for module in (builtins, io):
        monkeypatch.setattr(module, "open", full_open)
    monkeypatch.setattr(os, "pwrite", full_pwrite)


def write_arrays(folder):
    write_embeddings(folder / "x", ["a", "b"], np.ones((2, 300)))


def write_ids(folder):
    write_embeddings(folder / "x", [f"utterance-{n}" for n in range(200)], np.eye(200))


def write_score_file(folder, name="x.txt"):
    names = pd.Categorical([f"utterance-{n}" for n in range(200)])
    table = pd.DataFrame({"enrol": names, "test": names, "score": np.arange(200.0)})
    write_scores(folder / name, table)


def write_gzip(folder):
    rng = np.random.default_rng(0)
    names = pd.Categorical([f"{n}" for n in rng.random(200)])
    table = pd.DataFrame({"enrol": names, "test": names, "score": rng.random(200)})
    write_scores(folder / "x.txt.gz", table)


def write_weights(folder):
    save_weights(folder / "x.pt", {"weight": torch.ones(1000)})


def write_backend(folder):
    backend = Backend((Affine(np.ones(30), np.random.default_rng(0).random((30, 30))),))
    save_backend(folder / "x", backend, None, {})


def write_pairs(folder):
    side = MeasuredModels(Backend().enrol_single(np.eye(30)))
    with replacing_file(folder / "x.npy") as temporary:
        score_all(Backend(), side, side, temporary)


WRITERS = [
    write_arrays, write_ids, write_score_file, write_gzip, write_weights,
    write_backend, write_pairs,
]  # fmt: skip


@pytest.mark.parametrize("write", WRITERS, ids=lambda write: write.__name__)
def test_one_line_and_nothing_half_written(tmp_path, full_disk, write):
    with pytest.raises(UserError, match=r"/x\S*: no space is left on the disk; free"):
        write(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_what_was_there_before_stays(tmp_path, request):
    write_embeddings(tmp_path / "x", ["a"], np.ones((1, 3)), "a1")
    request.getfixturevalue("full_disk")
    with pytest.raises(UserError, match="no space is left"):
        write_ids(tmp_path)
    ids, vectors = read_embeddings(tmp_path / "x")
    assert ids == ["a"] and vectors.tolist() == [[1.0, 1.0, 1.0]]


def test_a_training_is_still_known_after_a_full_disk(tmp_path, request):
    """What could not be noted again must not make it the training of others."""
    identity = ROOM * "a1"
    open_experiment(tmp_path / "x", identity)
    (tmp_path / "x" / "encoder.pt").write_bytes(b"weights")
    request.getfixturevalue("full_disk")
    with pytest.raises(UserError, match="x/identity: no space is left"):
        open_experiment(tmp_path / "x", identity)
    request.getfixturevalue("monkeypatch").undo()
    assert open_experiment(tmp_path / "x", identity) is None
    assert (tmp_path / "x" / "encoder.pt").read_bytes() == b"weights"


def test_a_checkpoint_is_whole_or_is_not(tmp_path, request):
    module = torch.nn.Linear(30, 30)
    checkpointer = AtomicCheckpointer(tmp_path, {"module": module})
    checkpointer.save_checkpoint({"epoch": 1})
    with torch.no_grad():
        module.weight.zero_()

    def fail(path):
        path.write_bytes(b"half")
        raise RuntimeError("unexpected pos 704 vs 598")  # torch's words

    checkpointer.custom_save_hooks["module"] = lambda module, path: fail(path)
    with pytest.raises(UserError, match=r"CKPT\S+: no space is left on the disk"):
        checkpointer.save_checkpoint({"epoch": 2})
    (kept,) = tmp_path.iterdir()
    assert AtomicCheckpointer(tmp_path, {"module": module}).recover_if_possible()
    assert kept.name.startswith("CKPT") and module.weight.any()


def test_a_program_ends_with_one_line(capsys):
    def main():
        raise OSError(errno.ENOSPC, "No space left on device", "exp/log.txt")

    with pytest.raises(SystemExit) as ended:
        run_program(main)
    assert ended.value.code == 1
    line = capsys.readouterr().err
    assert re.fullmatch(r"error: exp/log.txt: no space is left on the disk; .*\n", line)


def test_other_failures_are_not_called_a_full_disk(tmp_path):
    with pytest.raises(PermissionError), replacing_file(tmp_path / "x"):
        raise PermissionError(errno.EACCES, "Permission denied")
