"""Stage 2 as a program."""

import json
import subprocess
import sys

import pandas as pd
import pytest

from utils.data.durations import measure
from utils.data.left_out import read_skipped
from utils.data.manifest import write_manifest
from utils.features.store import FeatureStore
from utils.features.summary import read_silent

LEVELS_DB = {"loud": -20, "quiet": -55, "faint": -62, "fainter": -69}


@pytest.fixture
def data(tmp_path, write_wav, rng):
    rows = [
        {"ID": name, "spk_id": name, "wav": str(write_wav(
            f"{name}.wav", 10 ** (level_db / 20) * rng.standard_normal(8000),
            subtype="FLOAT",
        ))}
        for name, level_db in LEVELS_DB.items()
    ]  # fmt: skip
    write_manifest(tmp_path / "data/test.csv", measure(pd.DataFrame(rows), 1))
    return tmp_path / "data"


@pytest.fixture
def compute(root, data):
    def compute(*options):
        command = [sys.executable, "-m", "local.compute_features", data, "--out",
                   data / "features", *options]  # fmt: skip
        return subprocess.run(command, cwd=root, capture_output=True, text=True)

    return compute


def test_nearly_silent_files_are_told_and_used(compute, data):
    result = compute()
    assert result.returncode == 0, result.stderr
    assert (
        "2 utterances of test are nearly silent (below -60 dB), such as faint; --sk"
        in (result.stdout)
    )
    assert len(FeatureStore(data / "features/test")) == 4
    assert read_silent(data / "features") == ["faint", "fainter"]


def test_nearly_silent_files_are_left_out(compute, data):
    result = compute("--skip-silent")
    assert result.returncode == 0, result.stderr
    assert "left out: fainter: nearly silent (-69 dB)" in result.stdout
    assert "left out in all: 0 unreadable, 2 nearly silent" in result.stdout
    assert set(FeatureStore(data / "features/test").index["ID"]) == {"loud", "quiet"}
    assert read_skipped(data / "features") == {"faint", "fainter"}
    assert read_silent(data / "features") == []
    statistics = json.loads((data / "features/statistics.json").read_text())
    assert statistics["test"]["utterances"] == 2
