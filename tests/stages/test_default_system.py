"""The model that comes with the repository, which answers where none is named."""

import logging

import pytest

from local.setup.systems import OWN, find_system, find_system_with_heads
from tests.systems.folders import write_calibrated, write_system
from utils.models.experiment import model_hash
from utils.runtime.errors import UserError
from utils.systems.exported import open_exported
from utils.verification.verifier import open_verifier


def test_it_answers_where_nothing_is_named(tmp_path, monkeypatch, caplog):
    monkeypatch.chdir(tmp_path)
    with caplog.at_level(logging.WARNING):
        assert find_system("") == OWN
    assert "python -m local.get_model campplus gets a better one" in caplog.text


def test_one_in_models_comes_before_it(tmp_path, monkeypatch, caplog):
    write_system(tmp_path / "models" / "campplus")
    monkeypatch.chdir(tmp_path)
    assert find_system("").resolve() == tmp_path / "models" / "campplus"
    assert not caplog.text


def test_one_that_was_measured_here_comes_before_published_ones(tmp_path, monkeypatch):
    write_system(tmp_path / "models" / "campplus")
    write_calibrated(tmp_path / "models" / "campplus_robust")
    ours = write_calibrated(tmp_path / "ours")
    monkeypatch.chdir(tmp_path)
    assert find_system("").name == "campplus"
    ours.rename(tmp_path / "models" / "ours")
    assert find_system("").name == "ours"


def test_its_heads_answer_where_the_one_in_models_has_none(
    tmp_path, monkeypatch, caplog
):
    system = write_system(tmp_path / "models" / "campplus")
    monkeypatch.chdir(tmp_path)
    with caplog.at_level(logging.WARNING):
        assert find_system_with_heads("") == OWN
    assert "no heads of labels" in caplog.text
    assert find_system_with_heads("campplus").resolve() == system
    head = system / "attributes" / "gender" / "head.json"
    head.parent.mkdir(parents=True)
    head.touch()
    assert find_system_with_heads("").resolve() == system


def test_a_name_that_is_not_there_is_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match="no trained system there"):
        find_system("campplus")


def test_it_is_whole_and_small():
    verifier = open_verifier(OWN)
    assert {own.far for own in verifier.decisions.thresholds} >= {0.05, 0.01}
    assert (OWN / "encoder.pt").stat().st_size < 4e6
    n_bytes = sum(path.stat().st_size for path in OWN.rglob("*") if path.is_file())
    assert n_bytes < 9e6  # weights, and the graph of the same


def test_its_graph_is_of_its_weights():
    pytest.importorskip("onnxruntime")
    assert open_exported(OWN).model_sha256 == model_hash(OWN)
