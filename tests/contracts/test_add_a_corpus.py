"""The worked example of recipes/README.md, executed from its text."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.trees import write_tree
from utils.data.manifest import read_manifest
from utils.trials.lists import read_trials

TEXT = (ROOT / "recipes/README.md").read_text(encoding="utf-8")
EXAMPLE = TEXT.partition("## Add a corpus")[2]


def block(kind):
    (found,) = re.findall(rf"```{kind}\n(.*?)```", EXAMPLE, re.DOTALL)
    return found


@pytest.fixture
def repository(tmp_path):
    """A copy of the code with the example's recipe and its corpus."""
    for name in ("recipes", "utils", "local"):
        skipped = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / name, tmp_path / name, ignore=skipped)
    files = dict.fromkeys(block("text").split())
    files["towns/speakers.txt"] = "hanna f\njo m\nkim m\nlou f\nmai f\nnam m\n"
    write_tree(tmp_path, files)
    write_tree(
        tmp_path,
        {"recipes/towns/prepare.py": block("python"), "recipes/towns/__init__.py": ""},
    )
    return tmp_path


def test_the_example(repository):
    environment = os.environ | {"PYTHONPATH": ""}
    python = Path(sys.executable).parent
    environment["PATH"] = f"{python}:{os.environ['PATH']}"
    result = subprocess.run(
        ["bash", "-e", "-c", block("bash")],
        cwd=repository, capture_output=True, text=True, env=environment,
    )  # fmt: skip
    assert result.returncode == 0, result.stdout + result.stderr
    data = repository / "data/towns"
    counts = {path.stem: len(read_manifest(path)) for path in data.glob("*.csv")}
    assert counts == {"train": 4, "valid": 4, "test": 4}
    names = {path.stem for path in (data / "trials").iterdir()}
    assert names == {"towns-all", "towns-cross-session"}
    trials = read_trials(data / "trials/towns-cross-session.txt")
    assert len(trials) == 4 and trials["target"].sum() == 2
    assert (data / "card.html").is_file()


def test_every_corpus_is_listed():
    for path in ROOT.glob("recipes/*/prepare.py"):
        assert f"({path.parent.name}/README.md)" in TEXT, path.parent.name
    for link in re.findall(r"\]\(([^)#]+)\)", TEXT):
        assert (ROOT / "recipes" / link).exists(), link
