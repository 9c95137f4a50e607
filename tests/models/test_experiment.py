import pytest
import torch
from torch import nn

from utils.models.experiment import (
    fill_weights,
    load_weights,
    open_experiment,
    read_weights,
    save_model,
    save_weights,
)
from utils.runtime.errors import UserError


def test_every_earlier_training_is_kept(tmp_path):
    folder = tmp_path / "pretrain"
    for number in range(4):
        kept = open_experiment(folder, f"settings {number}")
        assert (kept is None) == (number == 0)
        (folder / "encoder.pt").write_text(f"model {number}")
        assert open_experiment(folder, f"settings {number}") is None  # goes on
    models = {path.parent.name: path.read_text() for path in tmp_path.glob("*/enc*")}
    assert models == {
        "pretrain.previous": "model 0",
        "pretrain.previous2": "model 1",
        "pretrain.previous3": "model 2",
        "pretrain": "model 3",
    }


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_weights_that_are_not_finite_are_refused(tmp_path, value):
    encoder = nn.Linear(2, 3)
    with torch.no_grad():
        encoder.bias[1] = value
    save_model(tmp_path, encoder, {})
    with pytest.raises(UserError, match="encoder.pt: bias is not finite everywhere"):
        load_weights(tmp_path, nn.Linear(2, 3))


def named(n_layers, prefix=""):
    return {f"{prefix}layer{n}.weight": torch.ones(2) for n in range(n_layers)}


class Layers(nn.Module):
    def __init__(self, n_layers):
        super().__init__()
        for number in range(n_layers):
            self.add_module(f"layer{number}", nn.Linear(2, 1, bias=False))


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        (
            named(500, "module."),
            "lacks layer0.weight and 399 more; has module.layer0.weight and 499 more; "
            "names begin with 'module.', of DataParallel: take it off them",
        ),
        (named(400), r"layer0.weight is \(2,\), not \(1, 2\)"),
        (named(399), "lacks layer399.weight; layer0.weight is"),
    ],
)
def test_weights_of_another_tool_are_told_in_short(tmp_path, weights, message):
    with pytest.raises(UserError, match=message) as caught:
        fill_weights(Layers(400), weights, tmp_path / "theirs.pt")
    assert len(str(caught.value)) < 400 and "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"epoch": 3, "state_dict": named(2)}, "'epoch', one of 2 entries, holds int"),
        ({"model": named(2)}, "'model', one of 1 entries, holds dict, not a weight"),
        ([torch.ones(1)], "holds no weights"),
    ],
)
def test_files_that_hold_more_or_less_than_weights(tmp_path, content, message):
    torch.save(content, tmp_path / "theirs.pt")
    with pytest.raises(UserError, match=message):
        read_weights(tmp_path / "theirs.pt")


def test_equal_weights_are_equal_files(tmp_path):
    for name in ("one.pt", "another.pt"):
        save_weights(tmp_path / name, {"a": torch.arange(3.0)})
    assert (tmp_path / "one.pt").read_bytes() == (tmp_path / "another.pt").read_bytes()
    save_weights(tmp_path / "one.pt", {"a": torch.arange(4.0)})
    assert (tmp_path / "one.pt").read_bytes() != (tmp_path / "another.pt").read_bytes()
