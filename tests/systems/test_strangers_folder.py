"""Programs that open a folder of somebody else run nothing that stands in it."""

import subprocess
import sys

import pandas as pd
import pytest

from tests.conftest import ROOT
from tests.systems.folders import write_system, write_voice
from utils.data.manifest import write_manifest

FILES = ("hyperparams.yaml", "encoder.yaml", "front_end.yaml")


@pytest.fixture
def data(tmp_path):
    wav = write_voice(tmp_path / "a.wav", 120)
    row = {"ID": "a", "duration": 2.0, "wav": wav, "start": 0, "stop": 32000}
    (tmp_path / "data").mkdir()
    write_manifest(tmp_path / "data/test.csv", pd.DataFrame([row | {"spk_id": "s"}]))
    return tmp_path / "data"


@pytest.fixture
def run(data, tmp_path):
    def run_program(name, folder, *options):
        commands = {
            "extract_embeddings": [folder, data / "test.csv", "--out", tmp_path / "e"],
            "compute_features": [data, "--model", folder, "--out", tmp_path / "f"],
        }
        return subprocess.run(
            [sys.executable, "-m", f"local.{name}", *commands[name], *options],
            cwd=ROOT, capture_output=True, text=True,
        )  # fmt: skip

    return run_program


@pytest.mark.parametrize(
    ("program", "file"),
    [("extract_embeddings", file) for file in FILES]
    + [("compute_features", "front_end.yaml")],
)
def test_a_command_in_a_folder_is_refused(program, file, run, tmp_path):
    folder, canary = write_system(tmp_path / "model"), tmp_path / "canary"
    with (folder / file).open("a") as text:
        text.write(f'evil: !apply:os.system ["touch {canary}"]\n')
    n_lines = len((folder / file).read_text().splitlines())
    result = run(program, folder)
    assert result.returncode == 1
    assert f"{file}:{n_lines}: !apply:os.system is not built" in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert not canary.exists()


def test_a_sound_folder_is_used(run, tmp_path):
    folder = write_system(tmp_path / "model")
    assert run("compute_features", folder).returncode == 0
    stored = run("extract_embeddings", folder, "--features", tmp_path / "f")
    assert stored.returncode == 0, stored.stderr
    first = (tmp_path / "e.npy").read_bytes()
    assert run("extract_embeddings", folder).returncode == 0
    assert (tmp_path / "e.npy").read_bytes() == first


def test_a_folder_of_ones_own_can_be_trusted(run, tmp_path):
    folder = write_system(tmp_path / "model")
    with (folder / "front_end.yaml").open("a") as text:
        text.write("mine: !new:collections.OrderedDict\n")
    assert run("extract_embeddings", folder).returncode == 1
    assert run("extract_embeddings", folder, "--trust").returncode == 0
