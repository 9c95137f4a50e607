"""A difference of low rank beside the matrices that it approximates."""

import numpy as np
import pytest
import torch

from utils.models.difference import add_difference, hash_weights, take_difference


def weights(seed):
    generator = torch.Generator().manual_seed(seed)
    return {
        "kernel": torch.randn(12, 5, 3, generator=generator),
        "bias": torch.randn(12, generator=generator),
        "count": torch.tensor(seed),
    }


def test_a_change_of_low_rank_is_kept_whole():
    base = weights(0)
    change = torch.randn(12, 2) @ torch.randn(2, 15)
    tuned = base | {"kernel": base["kernel"] + change.view(12, 5, 3)}
    difference = take_difference(base, tuned, rank=2)
    assert sorted(difference) == ["kernel.down", "kernel.up"]
    found = add_difference(base, difference)
    torch.testing.assert_close(found["kernel"], tuned["kernel"], atol=0.02, rtol=0)
    assert torch.equal(found["bias"], base["bias"])


@pytest.mark.parametrize("rank", [1, 3])
def test_no_other_matrix_of_that_rank_is_nearer(rank):
    base, tuned = weights(0), weights(1)
    found = add_difference(base, take_difference(base, tuned, rank))
    left = (tuned["kernel"] - found["kernel"]).double().square().sum().item()
    change = (tuned["kernel"] - base["kernel"]).view(12, 15).double().numpy()
    lost = np.linalg.svd(change, compute_uv=False)[rank:]
    assert left == pytest.approx((lost**2).sum(), rel=1e-3)
    assert torch.equal(found["bias"], tuned["bias"])
    assert found["count"] == 1


def test_small_or_full_matrices_are_kept_as_they_became():
    base, tuned = weights(0), weights(1)
    difference = take_difference(base, tuned, rank=7)  # 7 (12 + 15) > 12 * 15
    assert sorted(difference) == ["bias", "count", "kernel"]
    for name, value in add_difference(base, difference).items():
        assert torch.equal(value, tuned[name])


def test_the_sum_does_not_depend_on_the_order():
    base, tuned = weights(0), weights(1)
    difference = take_difference(base, tuned, rank=5)
    order = torch.tensor([3, 0, 4, 2, 1])
    turned = difference | {
        "kernel.up": difference["kernel.up"][:, order],
        "kernel.down": difference["kernel.down"][order],
    }
    one, other = (add_difference(base, d)["kernel"] for d in (difference, turned))
    assert torch.equal(one, other)


def test_the_hash_is_of_names_types_and_values():
    known = hash_weights(weights(0))
    assert known == hash_weights(dict(reversed(weights(0).items())))
    assert known != hash_weights(weights(1))
    assert known != hash_weights({name + "_": w for name, w in weights(0).items()})
    assert known != hash_weights(weights(0) | {"count": torch.tensor(0.0)})
