import numpy as np
import pytest
import torch

from utils.embeddings.equal_lengths import embed_equal_lengths
from utils.features.listed import FeatureList
from utils.runtime.errors import UserError


def statistics(feats):
    return torch.cat([feats.mean(dim=1), feats.std(dim=1)], dim=1)


def test_every_utterance_is_embedded_as_if_alone(rng):
    lengths = rng.integers(2, 9, 60)
    feats = [rng.standard_normal((length, 4)).astype("f4") for length in lengths]
    store = FeatureList([f"u{n}" for n in range(60)], feats)
    rows = rng.permutation(60)[:40]
    shapes = []

    def encoder(batch):
        shapes.append(batch.shape)
        return statistics(batch)

    found = embed_equal_lengths(encoder, store, rows)
    alone = [statistics(torch.from_numpy(feats[row])[None])[0] for row in rows]
    np.testing.assert_allclose(found, np.stack(alone), atol=1e-6)
    assert len(shapes) == len(set(lengths[rows]))  # one batch of each length


def test_batches_have_an_end(rng):
    store = FeatureList(list("abcde"), [np.ones((4000, 1), "f4")] * 5)
    sizes = []

    def encoder(batch):
        sizes.append(len(batch))
        return batch.mean(dim=1)

    embed_equal_lengths(encoder, store, np.arange(5))
    assert sizes == [1] * 5  # 6000 frames at most


def test_an_embedding_that_is_no_number_is_refused():
    store = FeatureList(["good", "bad"], [np.ones((3, 2)), np.full((4, 2), np.inf)])
    with pytest.raises(UserError, match="bad: the embedding is not finite"):
        embed_equal_lengths(lambda feats: feats.sum(dim=1), store, np.arange(2))
