"""What the tests of programs share."""

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from utils.data.manifest import write_manifest
from utils.embeddings.files import write_embeddings
from utils.trials.lists import pair_trials, write_trials


@pytest.fixture
def run(root):
    """Run a module as a program; returns the finished process."""

    def run_module(module, *arguments):
        command = [sys.executable, "-m", module, *map(str, arguments)]
        result = subprocess.run(command, cwd=root, capture_output=True, text=True)
        assert "Traceback" not in result.stderr, result.stderr
        return result

    return run_module


@pytest.fixture
def run_here(monkeypatch, capsys):
    """Run a program in this process."""

    def call(program, *words):
        monkeypatch.setattr(sys, "argv", [program.__name__, *map(str, words)])
        program.main()
        return capsys.readouterr().out

    return call


@pytest.fixture(scope="module")
def calibrated_on(tmp_path_factory):
    """Calibrate a tiny system on generated voices, which are taken for speech.

    Returns what does it; for the whole module all sounds stay speech.
    """
    from local import calibrate_system
    from tests.systems.folders import write_system
    from utils.verification import recordings

    def calibrate(voices, *fars):
        folder = tmp_path_factory.mktemp("systems")
        write_system(folder / "triplet")
        words = [folder / "triplet", voices, "--out", folder / "ours", "--far", *fars]
        with pytest.MonkeyPatch.context() as own:
            own.setattr(sys, "argv", ["", *map(str, words)])
            calibrate_system.main()
        return folder / "ours"

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(recordings, "speech_likelihood", lambda *_: 1.0)
        yield calibrate


@pytest.fixture(scope="module")
def voices(tmp_path_factory):
    """Eight speakers with three recordings each: ``s0/0.wav`` and so on."""
    from tests.verification.voices import write_speakers

    return write_speakers(tmp_path_factory.mktemp("voices"), 8, 3, duration_s=8.0)


@pytest.fixture(scope="module")
def system(voices, calibrated_on):
    return calibrated_on(voices, 0.1)


@pytest.fixture
def ask(monkeypatch, capsys, system):
    """Ask a program about the system; returns what it says, or exit code and error."""
    from utils.runtime.program import run_program

    def give(program, *words):
        monkeypatch.setattr(
            sys, "argv", ["", "--system", str(system), *map(str, words)]
        )
        try:
            run_program(program.main)
        except SystemExit as ended:
            return ended.code, capsys.readouterr().err
        return capsys.readouterr().out

    return give


@pytest.fixture
def store(ask, voices, tmp_path):
    """A store of three people, p0 to p2, with two recordings each."""
    from local import speakers

    path = tmp_path / "people.db"
    for number in range(3):
        files = sorted((voices / f"s{number}").iterdir())[:2]
        said = ask(speakers, "enrol", path, f"p{number}", *files)
        assert said == f"p{number}: 2 recordings enrolled\n"
    return path


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
