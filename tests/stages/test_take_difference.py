"""A difference makes of the model before the model after it, and of no other."""

import json
import shutil

import pytest
import torch

from local import take_difference
from local.setup.differences import write_tuned
from tests.stages.test_average_models import write_changed
from tests.systems.folders import write_calibrated
from utils.models.experiment import read_weights
from utils.runtime.errors import UserError
from utils.systems.system import open_system
from utils.verification.decisions import read_decisions


def moved(weights):
    """Move weights a little, kernels by changes of rank 1."""
    torch.manual_seed(0)
    changed = {}
    for name, value in weights.items():
        if value.ndim > 1:
            change = torch.randn(len(value), 1) @ torch.randn(1, value[0].numel())
            changed[name] = value + 0.1 * change.view_as(value)
        else:
            changed[name] = value + 1
    return changed


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    return write_calibrated(tmp_path_factory.mktemp("systems") / "base")


@pytest.fixture
def tuned(base, tmp_path):
    folder = write_changed(base, tmp_path / "tuned", moved)
    (folder / "ledger.tsv").write_text("anna\tdata/a\n")
    return folder


@pytest.fixture
def difference(run_here, base, tuned, tmp_path):
    run_here(take_difference, base, tuned, "--rank", 1, "--out", tmp_path / "diff")
    return tmp_path / "diff"


def test_the_model_comes_again(base, tuned, difference, tmp_path):
    write_tuned(base, difference, tmp_path / "again")
    expected, found = (
        read_weights(folder / "encoder.pt") for folder in (tuned, tmp_path / "again")
    )
    for name, value in expected.items():
        torch.testing.assert_close(found[name], value, atol=0.002, rtol=0.001)
    assert open_system(tmp_path / "again", "cosine").encoder
    assert (tmp_path / "again" / "ledger.tsv").read_text() == "anna\tdata/a\n"
    assert not (tmp_path / "again" / "decisions.json").exists()  # those of the base
    size = (difference / "difference.pt").stat().st_size
    assert size < 0.7 * (tuned / "encoder.pt").stat().st_size


def test_a_calibration_that_was_added_is_the_models(base, difference, tmp_path):
    calibrated = tmp_path / "calibrated"
    stored = "0" * 64  # the hash of the weights as another version of torch stores them
    shutil.copytree(base / "backend", difference / "backend")
    shutil.copy(base / "decisions.json", difference)
    for name in ("experiment.json", "decisions.json", "backend/backend.json"):
        path = difference / name
        facts = json.loads(path.read_text(encoding="utf-8"))
        key = "encoder_sha256" if name == "experiment.json" else "model_sha256"
        path.write_text(json.dumps(facts | {key: stored}), encoding="utf-8")
    write_tuned(base, difference, calibrated)
    system = open_system(calibrated)
    assert system.backend is not None
    assert read_decisions(calibrated, system.model_sha256)


def test_a_difference_from_another_model_is_refused(tuned, difference, tmp_path):
    with pytest.raises(UserError, match="the difference from another model than"):
        write_tuned(tuned, difference, tmp_path / "again")


def test_a_folder_without_a_difference_is_refused(base, tuned, tmp_path):
    with pytest.raises(UserError, match="no folder of local.take_difference"):
        write_tuned(base, tuned, tmp_path / "again")


def test_a_changed_difference_is_refused(base, difference, tmp_path):
    path = difference / "difference.pt"
    torch.save({name: 2 * v for name, v in read_weights(path).items()}, path)
    with pytest.raises(UserError, match="not what was written there"):
        write_tuned(base, difference, tmp_path / "again")


def test_a_model_and_itself_have_none(run_here, base, tmp_path):
    with pytest.raises(UserError, match="has the weights of"):
        run_here(take_difference, base, base, "--out", tmp_path / "diff")


def test_a_rank_below_one_is_wrong_usage(run_here, base, tmp_path, capsys):
    with pytest.raises(SystemExit, match="2"):
        run_here(take_difference, base, base, "--rank", 0, "--out", tmp_path / "diff")
    assert "--rank: 1 or more" in capsys.readouterr().err
