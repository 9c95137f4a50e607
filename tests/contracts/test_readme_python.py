"""The lines of Python in local/README.md, executed one after another."""

import re
import shutil

import pytest

from tests.conftest import ROOT
from tests.stages.conftest import calibrated_on  # noqa: F401 - a fixture
from tests.verification.voices import write_speakers

TEXT = (ROOT / "local" / "README.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"```python\n(.*?)```", re.DOTALL)
FILES = ("a1", "a2", "b", "anna1", "anna2", "somebody", "call")


@pytest.fixture
def folder(tmp_path, monkeypatch, calibrated_on):  # noqa: F811
    """A folder with a calibrated system and the files that are named."""
    voices = write_speakers(tmp_path / "voices", 8, 3, duration_s=8.0)
    system = calibrated_on(voices, 0.1, 0.05, 0.01)
    shutil.copytree(system, tmp_path / "models/ours")
    for number, name in enumerate(FILES):
        shutil.copy(
            voices / f"s{number // 4}/{number % 3}.wav", f"{tmp_path}/{name}.wav"
        )
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_verbs_in_python(folder, capsys):
    blocks = BLOCK.findall(TEXT)
    assert len(blocks) == 5
    names = {}
    for block in blocks:
        # the tiny system is measured on too few voices for a rate of 1 %
        exec(block.replace("far=0.01", "far=0.1"), names)
    verified, identified, listened, exported = capsys.readouterr().out.splitlines()[-4:]
    assert re.match(r"(same|different) -?\d", verified)
    assert "needs" in identified and "needs" in listened
    assert float(exported) > 0.9999
    assert names["answers"] and (folder / "ours.onnx").is_file()
