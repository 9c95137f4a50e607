"""The mean of two models: of their weights, and no more than that."""

import json
import shutil

import pytest
import torch

from local import average_models
from tests.systems.folders import write_calibrated
from utils.models.experiment import read_weights, save_weights
from utils.runtime.errors import UserError
from utils.runtime.fingerprint import hash_file
from utils.systems.system import open_system


def write_changed(folder, other, change):
    """Copy a model's folder with its weights changed."""
    shutil.copytree(folder, other)
    weights = read_weights(folder / "encoder.pt")
    save_weights(other / "encoder.pt", change(weights))
    record = json.loads((folder / "experiment.json").read_text())
    record["valid_eer"] = 0.1
    record["encoder_sha256"] = hash_file(other / "encoder.pt")
    (other / "experiment.json").write_text(json.dumps(record))
    return other


def scaled(weights):
    return {
        name: 3 * value if value.is_floating_point() else value + 2
        for name, value in weights.items()
    }


@pytest.fixture(scope="module")
def first(tmp_path_factory):
    folder = write_calibrated(tmp_path_factory.mktemp("systems") / "first")
    (folder / "ledger.tsv").write_text("anna\tdata/a\n")
    return folder


@pytest.fixture
def average(run_here, tmp_path):
    def call(*folders):
        run_here(average_models, *folders, "--out", tmp_path / "mean")
        return tmp_path / "mean"

    return call


def test_weights_are_averaged(average, first, tmp_path):
    other = write_changed(first, tmp_path / "other", scaled)
    (other / "ledger.tsv").write_text("bo\tdata/b\n")
    mean = average(other, first)
    own, found = (read_weights(folder / "encoder.pt") for folder in (first, mean))
    for name, value in own.items():
        expected = 2 * value if value.is_floating_point() else value + 2
        torch.testing.assert_close(found[name], expected)
    assert (mean / "ledger.tsv").read_text() == "anna\tdata/a\nbo\tdata/b\n"
    assert not (mean / "decisions.json").exists()
    open_system(mean)  # its record is of its weights
    facts = json.loads((mean / "experiment.json").read_text())
    assert facts["averaged"] == [str(other), str(first)]
    assert "valid_eer" not in facts  # the first model's is not the mean's


def test_the_mean_of_a_model_and_itself_is_the_model(average, first):
    own, found = (
        read_weights(f / "encoder.pt") for f in (first, average(first, first))
    )
    for name, value in own.items():
        assert torch.equal(found[name], value)


def test_other_architectures_are_refused(average, first, tmp_path):
    def narrower(weights):
        return {
            name: value[:1] if value.ndim == 4 else value
            for name, value in weights.items()
        }

    other = write_changed(first, tmp_path / "other", narrower)
    with pytest.raises(UserError, match="another architecture than .* is [(]1, "):
        average(first, other)


def test_other_front_ends_are_refused(average, first, tmp_path):
    other = write_changed(first, tmp_path / "other", scaled)
    front_end = other / "front_end.yaml"
    text = front_end.read_text(encoding="utf-8")
    front_end.write_text(text.replace("normalisation: mean", "normalisation: none"))
    with pytest.raises(UserError, match="another front-end than"):
        average(first, other)
