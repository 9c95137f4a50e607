"""One process stands for several; test_brain.py starts several for real."""

import copy

import pytest
import torch
from torch import nn

from utils.training import distributed
from utils.training.distributed import GlobalBatchNorm, share_of, synchronise_batch_norm


@pytest.mark.parametrize(
    ("norm", "shape"),
    [
        (nn.BatchNorm1d(3), (8, 3)),
        (nn.BatchNorm1d(3), (8, 3, 5)),
        (nn.BatchNorm2d(3), (4, 3, 5, 2)),
        (nn.BatchNorm1d(3, affine=False), (8, 3, 5)),
    ],
)
def test_batch_norm_of_one_process_is_that_of_torch(norm, shape):
    torch.manual_seed(0)
    ours = GlobalBatchNorm(copy.deepcopy(norm))
    assert ours.state_dict().keys() == norm.state_dict().keys()
    for _ in range(3):
        x = (2 * torch.randn(shape) + 1).requires_grad_()
        y = x.detach().clone().requires_grad_()
        weights = torch.randn(shape)
        torch.testing.assert_close(ours(x), norm(y))
        (ours(x) * weights).sum().backward()
        (norm(y) * weights).sum().backward()
        torch.testing.assert_close(x.grad, y.grad, rtol=1e-4, atol=1e-5)
    for name, value in norm.state_dict().items():
        torch.testing.assert_close(ours.state_dict()[name], value)
    x = torch.randn(shape)
    torch.testing.assert_close(ours.eval()(x), norm.eval()(x))


def test_all_batch_norms_are_replaced():
    module = nn.Sequential(nn.Conv1d(2, 2, 1), nn.Sequential(nn.BatchNorm1d(2)))
    names = list(module.state_dict())
    synchronise_batch_norm(module)
    assert isinstance(module[1][0], GlobalBatchNorm)
    assert list(module.state_dict()) == names


@pytest.mark.parametrize(("n_items", "n_processes"), [(10, 3), (2, 4), (0, 2)])
def test_shares_make_the_list(monkeypatch, n_items, n_processes):
    items, parts = list(range(n_items)), []
    monkeypatch.setattr(distributed, "n_processes", lambda: n_processes)
    for rank in range(n_processes):
        monkeypatch.setattr(distributed, "rank", lambda rank=rank: rank)
        parts.append(share_of(items))
    assert sum(parts, []) == items
    assert max(map(len, parts)) - min(map(len, parts)) <= 1
