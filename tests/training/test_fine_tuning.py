import pytest
import torch
from torch import nn

from utils.models.experiment import load_weights, read_weights, save_model
from utils.runtime.errors import UserError
from utils.training.fine_tuning import fill_head, start_from


class Encoder(nn.Module):
    def __init__(self, width=4):
        super().__init__()
        self.affine = nn.Linear(3, width)


def modules(n_speakers, width=4):
    head = nn.Sequential(nn.Linear(width, 5), nn.Linear(5, n_speakers))
    return {"encoder": Encoder(width), "classifier": head}


@pytest.fixture
def trained(tmp_path):
    """A trained model of the speakers a, b and c, and its modules."""
    parts = modules(3)
    heads = nn.ModuleDict({"classifier": parts["classifier"]}).state_dict()
    save_model(tmp_path, parts["encoder"], {}, heads)
    (tmp_path / "speakers.txt").write_text("a\nb\nc\n")
    return tmp_path, parts


def test_same_speakers_load_whole(trained):
    folder, old = trained
    new = modules(3)
    assert start_from(folder, new, ["a", "b", "c"]) == []
    for name in old:
        for ours, theirs in zip(
            new[name].parameters(), old[name].parameters(), strict=True
        ):
            assert torch.equal(ours, theirs)


def test_rows_go_by_the_speakers_names(trained):
    folder, old = trained
    new = modules(4)
    fresh = new["classifier"][1].weight.detach().clone()
    lines = start_from(folder, new, ["c", "x", "a", "y"])
    weight, theirs = new["classifier"][1].weight, old["classifier"][1].weight
    assert torch.equal(weight[[0, 2]], theirs[[2, 0]])
    assert torch.equal(weight[[1, 3]], fresh[[1, 3]])
    assert torch.equal(new["classifier"][0].weight, old["classifier"][0].weight)
    assert lines == [
        f"classifier.1.{name}: 2 of 4 speakers loaded, the rest is new"
        for name in ("weight (4, 5)", "bias (4,)")
    ]


def test_heads_that_do_not_fit_are_listed(trained):
    folder, _ = trained
    new = {"encoder": Encoder(), "scale": nn.Linear(1, 1, bias=False)}
    lines = start_from(folder, new, ["a", "b", "c"])
    assert lines[0] == "scale.weight (1, 1): new"
    assert "classifier.0.weight: the new training has no such weights" in lines
    head = nn.Linear(7, 3, bias=False)
    assert fill_head(head, {"weight": torch.ones(3, 5)}, torch.arange(3), 3) == [
        "weight (3, 7): new"
    ]


def test_another_architecture_is_refused(trained):
    folder, _ = trained
    with pytest.raises(UserError, match="another architecture .*affine.weight"):
        start_from(folder, modules(3, width=8), ["a", "b", "c"])
    with pytest.raises(UserError, match="another architecture"):
        load_weights(folder, Encoder(8))


def test_start_from_the_best_checkpoint_of_a_training(trained):
    folder, old = trained
    (folder / "encoder.pt").unlink()
    for name, eer in (("CKPT+1", 0.3), ("CKPT+2", 0.1), ("CKPT+3", None)):
        checkpoint = folder / "checkpoints" / name
        checkpoint.mkdir(parents=True)
        meta = "end-of-epoch: true\n" + (f"eer: {eer}\n" if eer else "")
        (checkpoint / "CKPT.yaml").write_text(meta)
        parts = old if eer == 0.1 else modules(3)
        torch.save(nn.ModuleDict(parts).state_dict(), checkpoint / "modules.ckpt")
    new = modules(3)
    assert start_from(folder, new, ["a", "b", "c"]) == []
    assert torch.equal(new["encoder"].affine.weight, old["encoder"].affine.weight)
    file = folder / "checkpoints" / "CKPT+2" / "modules.ckpt"
    assert start_from(file, modules(3), ["a", "b", "c"]) == []


def test_heads_of_unknown_speakers_are_new(trained):
    folder, _ = trained
    (folder / "speakers.txt").unlink()
    lines = start_from(folder / "encoder.pt", modules(3), ["a", "b", "c"])
    assert len(lines) == 4 and all(line.endswith(": new") for line in lines)


def test_not_a_model(tmp_path):
    with pytest.raises(UserError, match="no trained model there"):
        start_from(tmp_path, modules(2), ["a", "b"])
    for junk in (b"not weights", b"junk", b"", b"\x80\2c"):
        (tmp_path / "encoder.pt").write_bytes(junk)
        with pytest.raises(UserError, match="holds no weights"):
            read_weights(tmp_path / "encoder.pt")
