"""What READMEs say exists: commands, options, files, functions, links, lists."""

import ast
import importlib
import re
import shlex
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from recipes.preparation import make_parser
from tests.conftest import ROOT

FOLDERS = ("hparams", "local", "recipes", "tests", "utils")
READMES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "CHANGELOG.md",
    *(path for name in FOLDERS for path in sorted((ROOT / name).rglob("README.md"))),
]
TEXTS = {path: path.read_text(encoding="utf-8") for path in READMES}
EXAMPLE = "recipes/towns"  # made of its text, and run, by test_add_a_corpus.py

BLOCK = re.compile(r"```bash\n(.*?)```", re.DOTALL)
INLINE = re.compile(r"`((?:python -m|\S*/run\.sh)\b[^`\n]*)`")
FENCED = re.compile(r"```.*?```", re.DOTALL)
LINK = re.compile(r"\]\(([^)#\s]*)#?([^)\s]*)\)")
FUNCTION = re.compile(r"`([\w/]+\.(?:py|sh)):(\w+)`")


def name_of(path):
    return path.relative_to(ROOT).as_posix()


def prose(text):
    return FENCED.sub("", text)


def commands_in(text):
    """Return the commands of code blocks, and those within sentences and tables."""
    lines = [line for block in BLOCK.findall(text) for line in block.splitlines()]
    return [
        command
        for command in [*lines, *INLINE.findall(prose(text))]
        if command and not command.startswith(("git ", "#"))
        and EXAMPLE not in command.replace(".", "/")
    ]  # fmt: skip


COMMANDS = sorted({c for text in TEXTS.values() for c in commands_in(text)})


@cache
def help_of(program):
    """Ask a module or a script for its help."""
    script = ROOT / program
    start = [script] if script.is_file() else [sys.executable, "-m", program]
    result = subprocess.run(
        [*start, "--help"], cwd=ROOT, capture_output=True, text=True
    )
    assert result.returncode == 0, result.stderr
    return result.stdout


def prepare_help(corpus):
    """Return the help of a recipe's prepare; of espeak's for run.sh by itself."""
    module = importlib.import_module(f"recipes.{corpus or 'espeak'}.prepare")
    return make_parser(module.__doc__, module.RECIPE).format_help()


@pytest.mark.parametrize("command", COMMANDS)
def test_commands_can_be_given(command):
    words = shlex.split(command)
    text = help_of(words[2] if words[0] == "python" else words[0].removeprefix("./"))
    if "--prepare-options" in words:
        place = words.index("--prepare-options") + 1
        options = words.pop(place).split()
        named = "--corpus" in words and words[words.index("--corpus") + 1]
        known = prepare_help(named or Path(words[0]).parent.name)
        assert all(word in known for word in options if word.startswith("--"))
    if "--task-options" in words:
        options = words.pop(words.index("--task-options") + 1).split()
        known = help_of("local.prepare_task")
        assert all(word in known for word in options if word.startswith("--"))
    for word in words[1:]:
        if word.startswith("--") and " " not in word and word != "--help":
            name = word[2:].replace("-", "_")
            assert word in text or f"\n{name}=" in text, f"{words[0]} has no {word}"
        if re.match(rf"({'|'.join(FOLDERS)})/[\w./]+$", word):
            assert (ROOT / word).exists(), word


def test_commands_within_sentences_are_found():
    text = "| `./run.sh --stage 5` | `local.train` |\n```bash\n# a\npython -m x.y\n```"
    assert commands_in(text) == ["python -m x.y", "./run.sh --stage 5"]


def names_a_module(name):
    """Whether a dotted name is a module's or that of something in a module."""
    *package, last = name.split(".")
    folder = ROOT.joinpath(*package)
    return any(
        path.is_file() for path in (folder / f"{last}.py", folder.with_suffix(".py"))
    )


@pytest.mark.parametrize("path", READMES, ids=name_of)
def test_named_files_exist(path):
    text = TEXTS[path]
    for name in re.findall(rf"`((?:{'|'.join(FOLDERS)})/[\w./-]+)`", text):
        assert (ROOT / name).exists() or name.startswith(EXAMPLE), name
    for name in re.findall(r"`((?:local|utils)\.[a-z_.]+)", text):
        assert names_a_module(name), name


def defined_in(path):
    """Return the names of all functions and classes of a file."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".sh":
        return set(re.findall(r"^(\w+)\(\)", text, re.MULTILINE))
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    return {node.name for node in ast.walk(ast.parse(text)) if isinstance(node, kinds)}


@pytest.mark.parametrize("path", READMES, ids=name_of)
def test_named_functions_exist(path):
    for file, name in FUNCTION.findall(TEXTS[path]):
        assert name in defined_in(ROOT / file), f"{file}:{name}"


def anchors(text):
    """Return what a page's headings are called in links to them."""
    headings = re.findall(r"^#+ (.*)$", prose(text), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", h.lower()).replace(" ", "-") for h in headings}


@pytest.mark.parametrize("path", READMES, ids=name_of)
def test_links_lead_somewhere(path):
    for file, anchor in LINK.findall(prose(TEXTS[path])):
        if file.startswith("http"):
            continue
        target = (path.parent / file).resolve() if file else path
        target = target / "README.md" if target.is_dir() else target
        assert target.is_file(), file
        if anchor:
            assert anchor in anchors(target.read_text(encoding="utf-8")), anchor


def test_anchors_are_made_as_on_the_page():
    assert anchors("# One: two, three\n```\n# no\n```\n## `a` b") == {
        "one-two-three", "a-b"
    }  # fmt: skip


def section(path, title):
    """Return the text below a heading, up to the next one of its level."""
    return TEXTS[path].partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def programs_in(text):
    return set(re.findall(r"-m local\.(\w+)", text))


def test_every_program_is_listed_as_a_stage_or_as_a_tool():
    scripts = [ROOT / "run.sh", *(ROOT / "utils").glob("*.sh")]
    staged = programs_in("".join(script.read_text() for script in scripts))
    stages = programs_in(section(ROOT / "local/README.md", "Stages"))
    tools = programs_in(section(ROOT / "local/README.md", "Tools"))
    known = {p.stem for p in (ROOT / "local").glob("*.py")} - {"__init__"}
    assert stages == staged
    assert tools - staged == known - staged


def test_every_folder_of_tests_has_a_row():
    rows = re.findall(r"^\| `(\w+)` \|", TEXTS[ROOT / "tests/README.md"], re.MULTILINE)
    assert rows == sorted({path.parent.name for path in ROOT.glob("tests/*/test_*.py")})


def test_every_hyper_parameter_file_loads():
    from local.setup.hyperparameters import load_hyperparameters
    from local.setup.settings import read_settings

    sizes = {"n_mels": 64, "n_speakers": 3}
    paths = [*ROOT.glob("hparams/train_*.yaml"), *ROOT.glob("hparams/sizes/*.yaml")]
    assert len(paths) == 20
    for path in paths:
        hparams = read_settings(path, [], {}, sizes).build()
        assert hparams["net"]["encoder"] and hparams["pretrain"]["heads"]["classifier"]
        assert hparams["triplet"]["margin"] == 0.1
    for path in ROOT.glob("hparams/features*.yaml"):
        assert load_hyperparameters(path)["front_end"]


def test_the_first_page_is_short_and_begins_with_a_run():
    lines = TEXTS[ROOT / "README.md"].splitlines()
    assert lines.index("./run.sh") < 25
    assert len(lines) <= 160
