"""The files that tell others of the repository, and how it is checked."""

import re
import shlex
import subprocess
from pathlib import Path

import pytest
import yaml

try:
    import tomllib
except ImportError:  # Python 3.10
    from pip._vendor import tomli as tomllib

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def load(name):
    return yaml.safe_load((ROOT / name).read_text(encoding="utf-8"))


def test_the_citation_has_what_its_format_asks_for():
    citation = load("CITATION.cff")
    assert {"cff-version", "message", "title", "authors"} <= set(citation)
    assert citation["cff-version"] == "1.2.0"
    assert citation["authors"] and all(set(a) == {"name"} for a in citation["authors"])
    assert str(citation["version"]) == PROJECT["version"]
    assert citation["license"] == PROJECT["license"]


def test_the_changes_begin_with_this_version():
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    versions = re.findall(r"^## (.*)$", text, re.MULTILINE)
    assert versions[0] == PROJECT["version"]
    entry = text.partition(f"## {versions[0]}\n")[2].partition("\n## ")[0]
    assert entry.count("\n- ") >= 1


def options_of_run_sh():
    result = subprocess.run(
        [ROOT / "tests/run.sh", "--help"], capture_output=True, text=True, check=True
    )
    return set(re.findall(r"--[\w-]+", result.stdout))


HOOKS = load(".pre-commit-config.yaml")["repos"][0]["hooks"]
STEPS = load(".github/workflows/tests.yml")["jobs"]["tests"]["steps"]
CI = (ROOT / ".ci/run").read_text(encoding="utf-8")
CHECKS = [
    *(hook["entry"] for hook in HOOKS),
    *(step["run"] for step in STEPS if "run" in step),
    *re.findall(r"^exec (.*)$", CI, re.MULTILINE),
]


@pytest.mark.parametrize("command", CHECKS)
def test_others_check_by_the_one_script(command):
    program, *options = shlex.split(command)
    assert program == "tests/run.sh" and set(options) <= options_of_run_sh()


def test_each_place_that_checks_is_there():
    assert len(CHECKS) == 3


def test_the_workflow_tries_the_oldest_python_that_is_promised():
    job = load(".github/workflows/tests.yml")["jobs"]["tests"]
    oldest = PROJECT["requires-python"].removeprefix(">=")
    assert oldest in job["strategy"]["matrix"]["python"]
