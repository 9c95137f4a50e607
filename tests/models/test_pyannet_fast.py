"""PyanNet with its LSTM in bfloat16: near float32, and float32 where it is not."""

import pytest
import torch

from utils.models.pyannet import PyanNet
from utils.models.pyannet_fast import ReducedLSTM, fast_network


@pytest.fixture
def network():
    torch.manual_seed(0)
    return PyanNet().eval()


def test_float32_is_the_network_itself(network):
    assert fast_network(network, "fp32") is network


def test_bfloat16_is_near_and_leaves_the_network(network):
    before = {name: own.clone() for name, own in network.state_dict().items()}
    samples = torch.randn(3, 160000)
    with torch.inference_mode():
        exact, found = network(samples), fast_network(network, "bf16")(samples)
    assert found.dtype == torch.float32
    assert 0 < (exact.exp() - found.exp()).abs().max() < 0.02
    for name, own in network.state_dict().items():
        assert own.dtype == torch.float32 and torch.equal(own, before[name])


def test_garbage_is_replaced_by_float32(network, monkeypatch, caplog):
    def garbage(self, x):
        outputs, states = self.lstm(x.to(self.dtype))
        return 100 * torch.randn(outputs.shape), states

    monkeypatch.setattr(ReducedLSTM, "forward", garbage)
    samples = torch.randn(2, 160000)
    with torch.inference_mode():
        torch.testing.assert_close(
            fast_network(network, "bf16")(samples), network(samples)
        )
    assert "float32 is used" in caplog.text
