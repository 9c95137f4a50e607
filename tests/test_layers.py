"""The architecture: what may import what, and that every program explains itself."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
MODULES = {
    path.relative_to(ROOT).as_posix(): ast.parse(path.read_text(encoding="utf-8"))
    for layer in ("utils", "local", "recipes")
    for path in sorted((ROOT / layer).rglob("*.py"))
}
FORBIDDEN = {
    "utils": {"local", "recipes", "argparse", "hyperpyyaml", "yaml"},
    "local": {"recipes"},
    "recipes": {"local"},
}
VAGUE_NAMES = {"misc", "helper", "helpers", "common", "util", "tools"}
PROGRAMS = [
    name.removesuffix(".py").replace("/", ".")
    for name, tree in MODULES.items()
    if "__main__" in ast.dump(tree)
]


def imported_packages(tree):
    """Return the first names of all imported modules, in functions as well."""
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports name the whole path"
            names.add(node.module.split(".")[0])
    return names


@pytest.mark.parametrize("module", MODULES)
def test_imports_go_one_way(module):
    layer = module.split("/")[0]
    assert not imported_packages(MODULES[module]) & FORBIDDEN[layer]


@pytest.mark.parametrize("module", MODULES)
def test_modules_are_named_by_what_they_are_about(module):
    assert not set(Path(module).with_suffix("").parts[1:]) & VAGUE_NAMES


def test_utils_has_no_programs():
    assert not [name for name in PROGRAMS if name.startswith("utils.")]


@pytest.mark.parametrize("program", PROGRAMS)
def test_programs_explain_themselves(program):
    command = [sys.executable, "-m", program]
    result = subprocess.run(
        [*command, "--help"], cwd=ROOT, capture_output=True, text=True, timeout=120
    )
    assert result.returncode == 0, result.stderr
    purpose = ast.get_docstring(MODULES[program.replace(".", "/") + ".py"])
    first_words = purpose.split()[:5]
    assert first_words == result.stdout.partition("\n\n")[2].split()[:5]
