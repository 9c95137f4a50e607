import copy

import pytest
import torch
from torch import nn

from utils.runtime.errors import UserError
from utils.training.trainable import (
    add_adapters,
    limit_training,
    merged_weights,
    without_adapters,
)


class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.tdnn = nn.Conv1d(3, 6, 5, bias=False)
        self.bn = nn.BatchNorm1d(6)
        self.blocks = nn.ModuleList([nn.Conv1d(6, 6, 3), nn.Conv1d(6, 6, 1)])
        self.dense = nn.Linear(6, 4)
        self.dense_bn = nn.BatchNorm1d(4, affine=False)

    def forward(self, x):
        x = self.bn(self.tdnn(x))
        for block in self.blocks:
            x = block(x).relu()
        return self.dense_bn(self.dense(x.mean(dim=2)))


@pytest.fixture
def encoder():
    torch.manual_seed(0)
    return Encoder()


def step(encoder, trainable, share=0.5):
    """Take a step of training in which only what is trainable learns."""
    frozen = limit_training(encoder, trainable, share)
    encoder.train()
    for module in frozen:
        module.eval()
    learning = [w for w in encoder.parameters() if w.requires_grad]
    optimiser = torch.optim.SGD(learning, lr=1.0)
    encoder(torch.randn(8, 3, 20)).square().mean().backward()
    optimiser.step()


def changed(before, after):
    return {name for name in before if not torch.equal(before[name], after[name])}


@pytest.mark.parametrize(
    "trainable, learnt",
    [
        ("norms", {"bn", "dense_bn"}),
        ("blocks.1+dense", {"blocks.1", "dense"}),
        ("dense_bn+dense", {"dense", "dense_bn"}),
        ("all", {"tdnn", "bn", "blocks.0", "blocks.1", "dense", "dense_bn"}),
    ],
)
def test_only_what_is_named_learns(trainable, learnt, encoder):
    before = copy.deepcopy(encoder.state_dict())
    torch.manual_seed(1)
    step(encoder, trainable)
    names = changed(before, encoder.state_dict())
    assert {name.rsplit(".", 1)[0] for name in names} == learnt


def test_adapters_change_nothing_at_first(encoder):
    x = torch.randn(2, 3, 20)
    encoder.eval()
    expected = encoder(x)
    limit_training(encoder, "lora", 0.5)
    assert torch.equal(encoder(x), expected)


def test_adapters_alone_learn_and_are_merged(encoder):
    before = copy.deepcopy(encoder.state_dict())
    step(encoder, "lora")
    for name, value in encoder.state_dict().items():
        if name.endswith("original"):
            plain = name.replace("parametrizations.weight.original", "weight")
            assert torch.equal(value, before[plain])
    x = torch.randn(2, 3, 20)
    encoder.eval()
    expected, plain = encoder(x), without_adapters(encoder)
    assert torch.equal(plain(x), expected)
    assert plain.state_dict().keys() == before.keys()
    merged = merged_weights(encoder.state_dict())
    assert merged.keys() == before.keys()
    other = Encoder().eval()
    other.load_state_dict(merged)
    torch.testing.assert_close(other(x), expected)
    layers = ("tdnn", "blocks.0", "blocks.1", "dense")
    assert changed(before, merged) == {f"{name}.weight" for name in layers}


@pytest.mark.parametrize("share", [0.3, 0.6, 1.0])
def test_adapters_have_the_highest_rank_within_their_share(share, encoder):
    n_all = sum(w.numel() for w in encoder.parameters())
    add_adapters(encoder, share)
    added = sum(w.numel() for w in encoder.parameters()) - n_all
    # tdnn 6 + 15, blocks 6 + 18 and 6 + 6, dense 4 + 6
    assert added % 67 == 0 and added <= share * n_all < added + 67


def test_what_cannot_learn_is_refused(encoder):
    with pytest.raises(UserError, match="adapter_share: no adapters are only 0.01"):
        limit_training(encoder, "lora", 0.01)
    with pytest.raises(UserError, match="has no 'conv'; write all, lora, norms"):
        limit_training(encoder, "dense+conv", 0.5)
    with pytest.raises(UserError, match="has no 'norms'"):
        limit_training(nn.Linear(2, 2), "norms", 0.5)
