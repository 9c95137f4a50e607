import numpy as np
import pytest
import torch

from utils.embeddings.extraction import UtteranceBatches, embed_batches, length_buckets
from utils.features.store import FeatureStore, FeatureWriter
from utils.models.experiment import load_weights, open_experiment, save_model
from utils.models.rescnn import ResCNN
from utils.runtime.errors import UserError


@pytest.fixture
def encoder():
    torch.manual_seed(0)
    return ResCNN(n_mels=16, width=4, n_blocks=1, embedding_dim=8).eval()


@pytest.fixture
def store(tmp_path, rng):
    (tmp_path / "features").mkdir()
    with FeatureWriter(tmp_path / "features") as writer:
        for n in range(30):
            feats = rng.standard_normal((rng.integers(5, 300), 16))
            writer.add({"ID": f"u{n}", "spk_id": "s"}, feats.astype("f2"))
    return FeatureStore(tmp_path / "features")


def embed_all(encoder, store, frames_per_batch):
    embeddings = np.empty((len(store), 8), dtype="f4")
    batches = UtteranceBatches(store, frames_per_batch=frames_per_batch)
    for rows, embedded in embed_batches(encoder, batches):
        embeddings[rows] = embedded
    return embeddings


def test_buckets_hold_each_utterance_once(rng):
    n_frames = rng.integers(1, 500, 200)
    rows = rng.permutation(200)[:150]
    batches = length_buckets(n_frames, rows, frames_per_batch=2000)
    assert sorted(np.concatenate(batches)) == sorted(rows)
    for batch in batches:
        assert len(batch) == 1 or len(batch) * n_frames[batch].max() <= 2000


def test_embeddings_do_not_depend_on_the_batch(encoder, store):
    alone = embed_all(encoder, store, frames_per_batch=1)
    for frames_per_batch in (500, 3000, 10**6):
        together = embed_all(encoder, store, frames_per_batch)
        np.testing.assert_allclose(together, alone, atol=1e-5, rtol=0)
    np.testing.assert_array_equal(embed_all(encoder, store, 1), alone)


def test_bfloat16_is_close(encoder, store):
    exact = embed_all(encoder, store, 2000)
    batches = UtteranceBatches(store, frames_per_batch=2000)
    for rows, embedded in embed_batches(encoder, batches, dtype=torch.bfloat16):
        assert ((exact[rows] * embedded).sum(axis=1) > 0.99).all()


def test_weights_of_another_architecture_are_refused(tmp_path, encoder):
    save_model(tmp_path, encoder, {"seed": 1})
    load_weights(tmp_path, encoder)
    other = ResCNN(n_mels=16, width=8, n_blocks=1, embedding_dim=8)
    with pytest.raises(UserError, match="another architecture"):
        load_weights(tmp_path, other)
    with pytest.raises(UserError, match="no trained model"):
        load_weights(tmp_path / "absent", encoder)


def test_other_settings_move_the_old_training_away(tmp_path):
    folder = tmp_path / "pretrain"
    assert not open_experiment(folder, "a")
    (folder / "log.jsonl").write_text("kept")
    assert not open_experiment(folder, "a")
    assert (folder / "log.jsonl").exists()
    assert open_experiment(folder, "b")
    assert not (folder / "log.jsonl").exists()
    assert (tmp_path / "pretrain.previous" / "log.jsonl").read_text() == "kept"
