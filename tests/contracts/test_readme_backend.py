"""The worked example of new parts of a back-end, executed from its text."""

import json
import re
import shutil
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from tests.conftest import ROOT
from tests.stages.experiments import write_experiment

TEXT = (ROOT / "hparams" / "README.md").read_text(encoding="utf-8")
FILE = re.compile(r"```python\n# (utils/backend/\S+)\n(.*?)```", re.DOTALL)
LINES = re.compile(r"```yaml\n# (\S+), below (\w+):\n(.*?)```", re.DOTALL)
NAMES = ["median", "manhattan+mednorm", "manhattan+mednorm+cal"]


@pytest.fixture
def repository(tmp_path):
    """A copy of the repository with the example's class and lines."""
    for name in ("hparams", "local", "utils"):
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / name, tmp_path / name, ignore=ignored)
    ((name, content),) = FILE.findall(TEXT)
    assert not (tmp_path / name).exists()
    (tmp_path / name).write_text(content, encoding="utf-8")
    found = LINES.findall(TEXT)
    assert len(found) == 2
    for name, section, lines in found:
        text = (tmp_path / name).read_text(encoding="utf-8")
        assert text.count(f"\n{section}:\n") == 1
        text = text.replace(f"\n{section}:\n", f"\n{section}:\n{lines}")
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def run(repository, *arguments):
    command = [sys.executable, "-m", *map(str, arguments)]
    result = subprocess.run(command, cwd=repository, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    return result


def test_the_example_is_learnt_stored_and_scores(repository, rng):
    assert f'"{" ".join(NAMES)}"' in TEXT
    folder = write_experiment(repository / "x", rng)
    exp, data = folder / "exp", folder / "data"
    where = "--exp", exp, "--data", data
    run(repository, "local.score_lists", *where, "--backends", *NAMES)
    stored = json.loads((exp / f"backends/{NAMES[2]}/backend.json").read_text())
    assert stored["transforms"] == [{"kind": "median"}]
    assert stored["scorer"] == {"kind": "manhattan", "scale": 2.0}
    scores = pd.read_csv(exp / "scores/all.manhattan+mednorm.txt", sep=" ", header=None)
    vectors = {s: np.load(exp / f"embeddings/{s}.npy") for s in ("train", "test")}
    median = np.median(vectors["train"].astype(float), axis=0)
    unit = {s: (x - median) for s, x in vectors.items()}
    unit = {s: x / np.linalg.norm(x, axis=1, keepdims=True) for s, x in unit.items()}
    speakers = unit["train"].reshape(6, 4, -1).mean(axis=1)
    speakers /= np.linalg.norm(speakers, axis=1, keepdims=True)

    def score(a, b):
        return -2 * np.abs(a[:, None] - b).sum(axis=2)

    impostors = np.median(score(unit["test"], speakers), axis=1)
    oracle = score(unit["test"], unit["test"])
    oracle -= (impostors[:, None] + impostors) / 2
    rows = {
        n: i for i, n in enumerate((exp / "embeddings/test.ids").read_text().split())
    }
    found = oracle[scores[0].map(rows), scores[1].map(rows)]
    np.testing.assert_allclose(scores[2], found, rtol=1e-5, atol=1e-5)
    embeddings = "--enrol", exp / "embeddings/test", "--test", exp / "embeddings/test"
    backend = "--backend", exp / "backends/manhattan+mednorm"
    run(repository, "local.score_all", *backend, *embeddings, "--out", folder / "a.npy")
    np.testing.assert_allclose(np.load(folder / "a.npy"), oracle, atol=1e-4)
