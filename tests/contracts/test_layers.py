"""The architecture: what may import what, and that every program explains itself."""

import ast
import re
import subprocess
import sys
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MODULES = {
    path.relative_to(ROOT).as_posix(): ast.parse(path.read_text(encoding="utf-8"))
    for layer in ("utils", "local", "recipes")
    for path in sorted((ROOT / layer).rglob("*.py"))
}
PACKAGES = (  # of utils: each imports only itself and those before it
    "runtime", "audio", "trials", "metrics", "models", "data", "validation", "features",
    "embeddings", "backend", "training", "report", "systems", "verification",
    "speakers", "diarization", "live", "attributes", "forensic",
)  # fmt: skip
FORBIDDEN = {
    "utils": {"local", "recipes", "argparse", "hyperpyyaml", "ruamel", "yaml"},
    "local": {"recipes"},
    "recipes": {"local"},
}
ALLOWED = {
    "utils/systems/description.py": {"hyperpyyaml", "ruamel"},
    "utils/systems/nodes.py": {"ruamel"},
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
    found = imported_packages(MODULES[module]) & FORBIDDEN[layer]
    assert found <= ALLOWED.get(module, set())


def imported_modules(tree):
    """Return the whole names of all imported modules."""
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add(node.module)
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def upward_imports(package, names):
    later = [f"utils.{name}" for name in PACKAGES[PACKAGES.index(package) + 1 :]]
    return [name for name in names if ".".join(name.split(".")[:2]) in later]


@pytest.mark.parametrize(
    "module", [m for m in MODULES if m.startswith("utils/") and m.count("/") > 1]
)
def test_packages_import_only_those_before_them(module):
    package = module.split("/")[1]
    assert not upward_imports(package, imported_modules(MODULES[module]))


def test_an_upward_import_is_found():
    tree = ast.parse("def late():\n    from utils.report import page")
    assert upward_imports("trials", imported_modules(tree))
    assert not upward_imports("report", imported_modules(tree))


def test_there_is_no_circle():
    """Modules can be put in an order in which each imports only those before it."""
    graph = {}
    for path, tree in MODULES.items():
        name = path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        graph[name] = imported_modules(tree) - {name}
    TopologicalSorter(graph).prepare()  # raises on a circle


def packages_imported_by(package):
    """Return the other packages that a package's modules import, in their order."""
    folder = f"utils/{package}/"
    names = {
        name.split(".")[1]
        for module, tree in MODULES.items()
        if module.startswith(folder)
        for name in imported_modules(tree)
        if name.startswith("utils.")
    }
    return [name for name in PACKAGES if name in names and name != package]


def test_the_map_of_packages_shows_the_imports():
    text = (ROOT / "utils/README.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+)` \| .*\? \|(.*)\|$", text, re.MULTILINE)
    assert [package for package, _ in rows] == list(PACKAGES)
    for package, imports in rows:
        shown = [name.strip() for name in imports.split(",") if name.strip()]
        assert shown == packages_imported_by(package), package


def test_every_package_is_a_known_room():
    folders = {path.parent.name for path in (ROOT / "utils").glob("*/__init__.py")}
    assert folders == set(PACKAGES)
    loose = {path.name for path in (ROOT / "utils").glob("*.py")}
    assert loose == {"__init__.py", "torchaudio_cpu.py"}


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
