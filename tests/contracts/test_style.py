"""Sizes that keep the code readable, and text that belongs in no file."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = (".ci", ".github", "hparams", "local", "recipes", "tests", "utils")
FILES = [
    path
    for path in [*ROOT.iterdir(), *(p for f in FOLDERS for p in (ROOT / f).rglob("*"))]
    if path.is_file() and path.name != ".git" and "__pycache__" not in path.parts
]
SOURCES = sorted(path for path in FILES if path.suffix == ".py")
SCRIPTS = sorted(p for p in FILES if p.suffix == ".sh" or p.parent.name == ".ci")
TEXTS = sorted(
    path
    for path in FILES
    if path.suffix
    in {
        "",
        ".cff",
        ".cfg",
        ".csv",
        ".md",
        ".py",
        ".sh",
        ".toml",
        ".txt",
        ".yaml",
        ".yml",
    }
)
MAX_FUNCTION, MAX_MAIN, MAX_FILE, MAX_RUN = 60, 30, 400, 125  # lines

# written in pieces, so that this file does not hold what it looks for
REGISTRIES = ["pypi|org", "pythonhosted|org", "pytorch|org/whl", "anaconda|org"]
FOLDERS_OF_A_MACHINE = ["home", "root", "Users", "work", "opt", "mnt"]
FORBIDDEN = [name.replace("|", r"\.") for name in REGISTRIES] + [
    rf"(?<![\w.$}})/-])/{name}/\w" for name in FOLDERS_OF_A_MACHINE
]

# "Of the scores ..." at the beginning of a docstring, or of what a parameter is
HEADLESS = re.compile(r'"{3}Of |^ *[\w*, ]+ : .*\n +Of ', re.MULTILINE)


def name_of(path):
    return path.relative_to(ROOT).as_posix()


def functions_of(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return [node for node in ast.walk(tree) if isinstance(node, kinds)]


def count_lines(function):
    """Return the number of lines, without the docstring's and the imports'."""
    left_out = [n for n in function.body if isinstance(n, (ast.Import, ast.ImportFrom))]
    if ast.get_docstring(function) is not None:
        left_out.append(function.body[0])
    n_lines = function.end_lineno - function.lineno + 1
    return n_lines - sum(node.end_lineno - node.lineno + 1 for node in left_out)


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_functions_and_files_are_short(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= MAX_FILE
    is_program = path.parent.name == "local"
    for function in functions_of(path):
        is_main = is_program and function.name == "main"
        most = MAX_MAIN if is_main else MAX_FUNCTION
        assert count_lines(function) <= most, f"{path.name}: {function.name}"


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_docstrings_name_the_noun(path):
    found = HEADLESS.search(path.read_text(encoding="utf-8"))
    assert not found, found[0]


def test_a_docstring_without_its_noun_is_found():
    assert HEADLESS.search("    scores : ndarray of shape (N,)\n        Of each trial.")
    assert HEADLESS.search('"' * 3 + "Of each trial.")
    assert not HEADLESS.search("    scores : ndarray\n        Those of each trial.")


def test_run_sh_reads_as_the_experiment():
    assert len((ROOT / "run.sh").read_text().splitlines()) <= MAX_RUN


@pytest.mark.parametrize("path", SCRIPTS, ids=name_of)
def test_scripts_can_be_executed_or_are_sourced(path):
    is_program = path.read_text().startswith("#!/usr/bin/env bash\n")
    assert bool(path.stat().st_mode & 0o100) == is_program
    if is_program:
        assert "\nset -euo pipefail\n" in path.read_text()


@pytest.mark.parametrize("path", TEXTS, ids=name_of)
def test_files_name_no_registry_and_no_folder_of_a_machine(path):
    text = path.read_text(encoding="utf-8")
    for pattern in FORBIDDEN:
        found = re.search(pattern, text)
        assert not found, f"{name_of(path)}: {found and found[0]}"


def test_forbidden_text_is_found():
    for text in ("/".join(["", "home", "me"]), ".".join(["https://pypi", "org"])):
        assert any(re.search(pattern, text) for pattern in FORBIDDEN)
