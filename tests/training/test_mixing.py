import numpy as np
import pytest
import torch

from utils.training.mixing import Mixture, VoiceMixing


@pytest.fixture
def crops():
    """Eight crops of logarithms of power."""
    return torch.randn(8, 30, 5, generator=torch.Generator().manual_seed(0))


def test_powers_add_up(crops):
    mixed, mixture = VoiceMixing(0.5, (3.0, 9.0))(crops)
    assert int((~mixture.is_single).sum()) == 4
    for own, found, partner, share in zip(crops, mixed, *mixture, strict=True):
        if share == 0:
            assert torch.equal(found, own)
            continue
        ratio = float(share / (1 - share))
        assert -9.001 <= 10 * np.log10(ratio) <= -2.999
        sum_of_powers = own.double().exp() + ratio * crops[partner].double().exp()
        expected = sum_of_powers.log()
        expected += (own - expected).mean(dim=0)
        torch.testing.assert_close(found.double(), expected, atol=1e-5, rtol=0)
        assert not torch.equal(crops[partner], own)


def test_targets_are_mixed_like_powers():
    targets = torch.eye(3)
    mixture = Mixture(torch.tensor([0, 2, 0]), torch.tensor([0.0, 0.2, 0.5]))
    expected = [
        [1, 0, 0],
        [0, 0.8 / 0.68**0.5, 0.2 / 0.68**0.5],
        [0.5**0.5, 0, 0.5**0.5],
    ]
    torch.testing.assert_close(mixture.blend(targets), torch.tensor(expected))


def test_no_share_changes_nothing(crops):
    mixed, mixture = VoiceMixing(0.0, (0.0, 12.0))(crops)
    assert torch.equal(mixed, crops)
    assert mixture.is_single.all()
    torch.testing.assert_close(mixture.blend(torch.eye(8)), torch.eye(8))


@pytest.mark.parametrize("share", [-0.1, 1.0])
def test_a_share_out_of_range(share):
    with pytest.raises(ValueError, match="share of mixed crops is 0 to 1"):
        VoiceMixing(share, (0.0, 12.0))


@pytest.mark.parametrize("below_db", [(-1.0, 3.0), (6.0, 3.0)])
def test_levels_out_of_range(below_db):
    with pytest.raises(ValueError, match="0 dB or more below"):
        VoiceMixing(0.5, below_db)
