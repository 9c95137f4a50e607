import numpy as np
import pytest
import torch

from utils.losses import embedding_spread, triplet_loss


def unit(*shape):
    return torch.nn.functional.normalize(torch.randn(*shape), dim=-1)


def test_triplet_loss_against_a_loop():
    torch.manual_seed(0)
    embeddings = unit(3 * 20, 8)
    losses, active = [], 0
    for n in range(20):
        anchor, positive, negative = (
            embeddings[n],
            embeddings[20 + n],
            embeddings[40 + n],
        )
        loss = max(0.0, float(anchor @ negative - anchor @ positive) + 0.1)
        losses.append(loss)
        active += loss > 0
    found = triplet_loss(embeddings, margin=0.1)
    assert float(found.loss) == pytest.approx(np.mean(losses), abs=1e-6)
    assert float(found.active) == pytest.approx(active / 20)


def test_a_collapsed_model_loses_the_margin():
    embeddings = torch.ones(30, 4) / 2
    found = triplet_loss(embeddings, margin=0.1)
    assert float(found.loss) == pytest.approx(0.1)
    assert float(embedding_spread(embeddings)) == pytest.approx(0.0, abs=1e-6)


def test_spread_of_opposite_and_random_embeddings():
    assert float(embedding_spread(torch.tensor([[1.0, 0.0], [-1.0, 0.0]]))) == 1.0
    torch.manual_seed(0)
    embeddings = unit(50, 6)
    oracle = (embeddings - embeddings.mean(0)).square().sum(1).mean()
    torch.testing.assert_close(embedding_spread(embeddings), oracle)
