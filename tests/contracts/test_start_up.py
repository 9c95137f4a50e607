"""What a program imports before its command line is read: nothing that is slow."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PROGRAMS = sorted(
    path.stem for path in (ROOT / "local").glob("*.py") if path.stem != "__init__"
)
HEAVY = {
    "joblib", "matplotlib", "pandas", "scipy", "sklearn", "speechbrain", "torch",
    "torchaudio",
}  # fmt: skip
RUN = """
import runpy, sys
name, *sys.argv[1:] = sys.argv[1:]
try:
    runpy.run_module(name, run_name="__main__", alter_sys=True)
finally:
    print(*{module.partition(".")[0] for module in sys.modules}, file=sys.stderr)
"""


def heavy_modules(*command, cwd=ROOT):
    """Run a program; return the exit code, and the heavy packages it imported."""
    result = subprocess.run(
        [sys.executable, "-c", RUN, *map(str, command)],
        cwd=cwd, capture_output=True, text=True,
    )  # fmt: skip
    return result.returncode, HEAVY & set(result.stderr.splitlines()[-1].split())


@pytest.mark.parametrize("name", PROGRAMS)
def test_help_imports_nothing_slow(name):
    assert heavy_modules(f"local.{name}", "--help") == (0, set())


@pytest.mark.parametrize("name", ["evaluate", "train"])
def test_wrong_usage_is_told_before_anything_slow_is_imported(name):
    assert heavy_modules(f"local.{name}") == (2, set())


def test_an_evaluation_needs_pandas_alone(tmp_path):
    trials, scores = tmp_path / "trials.txt", tmp_path / "scores.txt"
    trials.write_text("a b target\na c nontarget\nb c nontarget\n")
    scores.write_text("a b 1.0\na c 0.5\nb c -1.0\n")
    assert heavy_modules("local.evaluate", trials, scores) == (0, {"pandas"})
