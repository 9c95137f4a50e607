"""Every command in a README names options and files that exist."""

import importlib
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from recipes.own_data import own_data
from recipes.preparation import make_parser
from tests.conftest import ROOT

READMES = [ROOT / "README.md", *sorted(ROOT.glob("recipes/*/README.md"))]
BLOCK = re.compile(r"```bash\n(.*?)```", re.DOTALL)
COMMANDS = sorted(
    {
        line
        for path in READMES
        for block in BLOCK.findall(path.read_text(encoding="utf-8"))
        for line in block.splitlines()
        if not line.startswith("git ")
    }
)


def help_of(words):
    """Ask the program of a command for its help."""
    if words[0] == "python":
        command = [sys.executable, "-m", words[2], "--help"]
    else:
        command = [ROOT / words[0], "--help"]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    return result.stdout


def prepare_help(corpus):
    """Return the help of a recipe's prepare; of espeak's for run.sh by itself."""
    corpus = corpus or "espeak"
    module = importlib.import_module(f"recipes.{corpus}.prepare")
    recipe = getattr(module, "RECIPE", None) or own_data(
        module.find, getattr(module, "add_options", None)
    )
    return make_parser(module.__doc__, recipe).format_help()


@pytest.mark.parametrize("command", COMMANDS)
def test_commands_can_be_given(command):
    words = shlex.split(command)
    assert words[0] == "python" or (ROOT / words[0]).is_file()
    text = help_of(words)
    if "--prepare-options" in words:
        place = words.index("--prepare-options") + 1
        options = words.pop(place).split()
        named = "--corpus" in words and words[words.index("--corpus") + 1]
        known = prepare_help(named or Path(words[0]).parent.name)
        assert all(word in known for word in options if word.startswith("--"))
    for word in words[1:]:
        if word.startswith("--") and " " not in word and word != "--help":
            name = word[2:].replace("-", "_")
            assert word in text or f"\n{name}=" in text, f"{words[0]} has no {word}"


def names_a_module(name):
    """Whether a dotted name is a module's or that of something in a module."""
    *package, last = name.split(".")
    folder = ROOT.joinpath(*package)
    return any(
        path.is_file() for path in (folder / f"{last}.py", folder.with_suffix(".py"))
    )


@pytest.mark.parametrize("path", READMES, ids=lambda p: p.parent.name)
def test_named_files_exist(path):
    text = path.read_text(encoding="utf-8")
    for name in re.findall(r"`((?:hparams|utils|local|tests|recipes)/[\w./-]+)`", text):
        assert (ROOT / name).exists(), name
    for name in re.findall(r"`((?:local|utils)\.[a-z_.]+)", text):
        assert names_a_module(name), name
    for link in re.findall(r"\]\(([^)#]+)\)", text):
        assert (path.parent / link).exists(), link


def test_every_hyper_parameter_file_loads():
    from local.setup.hyperparameters import load_hyperparameters

    sizes = "{n_mels: 64, n_speakers: 3}"
    for path in ROOT.glob("hparams/train_*.yaml"):
        hparams = load_hyperparameters(path, sizes)
        assert hparams["net"]["encoder"] and hparams["pretrain"]["heads"]["classifier"]
        assert hparams["triplet"]["margin"] == 0.1
    for path in ROOT.glob("hparams/features*.yaml"):
        assert load_hyperparameters(path)["front_end"]


def test_the_first_run_is_near_the_top():
    lines = (ROOT / "README.md").read_text(encoding="utf-8").splitlines()
    assert lines.index("./run.sh") < 25
