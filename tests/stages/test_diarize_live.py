"""local.diarize_live with a network and a system that learnt nothing."""

import json
import subprocess
import sys

import pytest
import torch

from local import diarize_live
from tests.conftest import ROOT
from tests.systems.folders import write_system, write_voice
from utils.diarization.network import save_network
from utils.diarization.turns import read_rttm
from utils.models.pyannet import PyanNet
from utils.runtime.program import run_program


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """The folders of a system, and of a network that hears the first speaker talk."""
    folder = tmp_path_factory.mktemp("models")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(ROOT)
        write_system(folder / "system")
    weights = PyanNet().state_dict()
    weights["classifier.weight"] *= 0
    weights["classifier.bias"] = torch.eye(7)[1]
    save_network(folder / "network", weights, {}, "a test")
    return folder


@pytest.fixture
def run(monkeypatch, capsys, models):
    def run(*words, network="network"):
        fixed = "--system", models / "system", "--segmentation", models / network
        monkeypatch.setattr("sys.argv", ["", *map(str, [*words, *fixed])])
        try:
            run_program(diarize_live.main)
        except SystemExit as ended:
            assert ended.code == 1
            return capsys.readouterr().err
        return capsys.readouterr().out

    return run


def test_a_file_is_told_and_written(run, tmp_path):
    file = write_voice(tmp_path / "a b.wav", 120)
    rttm, lines = tmp_path / "a.rttm", tmp_path / "a.jsonl"
    said = run(file, "--fast", "--rttm", rttm, "--json", lines).splitlines()
    assert said[-1] == "1 speaker, 1 turn" and said[-2].endswith("- speaker-1")
    (turn,) = read_rttm(rttm)
    assert turn.file == "a_b" and turn.stop_s == pytest.approx(2.0, abs=0.1)
    first, last = map(json.loads, lines.read_text().splitlines())
    assert first["begins"] and not last["begins"]
    assert last["time_s"] == pytest.approx(turn.stop_s, abs=0.001)


def test_mistakes_are_told_in_a_line(run, tmp_path):
    file = write_voice(tmp_path / "a.wav", 120)
    assert "local.get_model segmentation" in run(file, "--fast", network="none")
    told = run(tmp_path / "none.wav", "--fast")
    assert told.startswith("error: ") and told.count("\n") == 1


@pytest.mark.parametrize(
    ("words", "message"),
    [([], "or --microphone"), (["a.wav", "--max-speakers", "0"], "1 or more")],
)
def test_wrong_usage(words, message):
    result = subprocess.run(
        [sys.executable, "-m", "local.diarize_live", *words],
        cwd=ROOT, capture_output=True, text=True,
    )  # fmt: skip
    assert result.returncode == 2 and message in result.stderr
