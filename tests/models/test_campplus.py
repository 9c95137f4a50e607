"""A few lines in the terms of the paper are the oracle of the masks."""

import pytest
import torch

from local.setup.hyperparameters import load_hyperparameters
from tests.conftest import ROOT
from utils.models.campplus import CAMPlusPlus, ContextMask, renamed_weights


@pytest.fixture(scope="module")
def model():
    path = ROOT / "hparams" / "models" / "campplus.yaml"
    return load_hyperparameters(path, "n_mels: 80")["encoder"].model


def test_the_release_has_as_many_parameters(model):
    assert sum(weights.numel() for weights in model.parameters()) == 6_848_544


@pytest.mark.parametrize("n_frames", [40, 100, 230])
def test_masks_follow_the_utterance_and_the_segment(n_frames):
    torch.manual_seed(0)
    layer, x = ContextMask(8, 4, 2), torch.randn(2, 8, n_frames)
    expected = layer.local(x)
    for start in range(0, n_frames, 100):
        segment = x[:, :, start : start + 100]
        context = x.mean(dim=2) + segment.mean(dim=2)  # (B, C)
        hidden = torch.relu(layer.squeeze(context[:, :, None]))
        expected[:, :, start : start + 100] *= torch.sigmoid(layer.expand(hidden))
    torch.testing.assert_close(layer(x), expected)


def their_name(ours):
    """Write a name as 3D-Speaker does, word by word."""
    names = {"local": "linear_local", "squeeze": "linear1", "expand": "linear2"}
    first, *rest = ours.split(".")
    norms = {"tdnn_bn": "tdnn", "out_bn": "", "dense_bn": "dense"}
    if first in norms:
        place = norms[first] and f"{norms[first]}.nonlinear" or "out_nonlinear"
        return f"xvector.{place}.batchnorm.{rest[0]}"
    if first in ("tdnn", "dense"):
        return f"xvector.{first}.linear.{rest[0]}"
    if first == "transitions":
        kind = "nonlinear.batchnorm" if rest[1] == "bn" else "linear"
        return f"xvector.transit{int(rest[0]) + 1}.{kind}.{rest[2]}"
    if first != "blocks":
        return ours
    block, layer, part, *last = rest
    inner = {"bn1": "nonlinear1.batchnorm", "bn2": "nonlinear2.batchnorm",
             "bottleneck": "linear1"}.get(part)  # fmt: skip
    if part == "masked":
        inner = f"cam_layer.{names[last.pop(0)]}"
    return f"xvector.block{int(block) + 1}.tdnnd{int(layer) + 1}.{inner}.{last[0]}"


def test_weights_of_the_release_find_their_places(model):
    ours = model.state_dict()
    theirs = {their_name(name): weights for name, weights in ours.items()}
    assert len(theirs) == len(ours) == 937  # entries in the release's file
    dense = "xvector.dense.linear.weight"
    theirs[dense] = theirs[dense].unsqueeze(2)  # a convolution of width 1 there
    renamed = renamed_weights(theirs)
    assert renamed.keys() == ours.keys()
    assert all(torch.equal(renamed[name], ours[name]) for name in ours)


def test_weights_of_another_network_keep_their_names():
    theirs = {"encoder.weight": torch.ones(2), "blocks.1": torch.ones(1)}
    assert renamed_weights(theirs) == theirs


def test_blocks_may_be_of_any_number():
    small = CAMPlusPlus(40, 4, 8, n_layers=[1, 2, 3, 1], growth=4, embedding_dim=6)
    assert small.eval()(torch.randn(2, 50, 40)).shape == (2, 6)
