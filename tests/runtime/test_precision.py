import logging

import numpy as np
import pytest
import torch

from utils.embeddings.extraction import UtteranceBatches, embed_batches
from utils.features.store import FeatureStore, FeatureWriter
from utils.models.rescnn import ResCNN
from utils.runtime.errors import UserError
from utils.runtime.precision import Checked, embeddings_agree, training_agrees
from utils.training.brain import SpeakerBrain
from utils.training.crop_embedding import CropEmbedder
from utils.training.crops import CropDataset, CropPicker
from utils.training.sampler import EpochDivision, SpeakerSampler

FAULTS = {
    "right": lambda x: x,
    "nan": lambda x: torch.where(torch.arange(x.shape[1]) == 3, torch.nan, x),
    "huge": lambda x: x * torch.tensor([1e36, 1.0, 1.0, 1.0]).repeat(x.shape[1] // 4),
    "plausible": lambda x: x.flip(1),
    "random": lambda x: torch.randn_like(x),
}


class Faulty(torch.nn.Module):
    """An encoder whose kernels of reduced precision are wrong after a while."""

    def __init__(self, fault, n_right=0):
        super().__init__()
        torch.manual_seed(0)
        self.inner = ResCNN(n_mels=16, width=4, n_blocks=1, embedding_dim=8)
        self.fault, self.n_right = fault, n_right

    def forward(self, feats, lengths=None):
        embeddings = self.inner(feats, lengths)
        if torch.is_autocast_enabled("cpu"):
            self.n_right -= 1
            if self.n_right < 0:
                return self.fault(embeddings)
        return embeddings


class FaultyGradient(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x.clone()

    @staticmethod
    def backward(ctx, gradient):
        return torch.randn_like(gradient) * 1e3


@pytest.fixture
def feats():
    return torch.randn(6, 64, 16, generator=torch.Generator().manual_seed(1))


@pytest.fixture
def store(tmp_path, rng):
    (tmp_path / "features").mkdir()
    with FeatureWriter(tmp_path / "features") as writer:
        for n, n_frames in enumerate([40, 60, 100, 120, 300]):
            feats = rng.standard_normal((n_frames, 16))
            writer.add({"ID": f"u{n}", "spk_id": "s"}, feats.astype("f2"))
    return FeatureStore(tmp_path / "features")


def embed(encoder, store, dtype):
    batches = UtteranceBatches(store, frames_per_batch=256)
    embedded = dict.fromkeys(range(len(store)))
    for rows, embeddings in embed_batches(encoder, batches, dtype=dtype):
        embedded |= dict(zip(rows.tolist(), embeddings, strict=True))
    return np.stack(list(embedded.values()))


@pytest.mark.parametrize("fault", FAULTS)
def test_faults_are_found(fault, feats):
    encoder = Faulty(FAULTS[fault])
    lengths = torch.full((6,), 64)
    is_right = fault == "right"
    assert embeddings_agree(encoder.eval(), feats, lengths, torch.bfloat16) == is_right
    assert training_agrees(encoder, feats, torch.bfloat16) == is_right


def test_wrong_gradients_are_found(feats):
    def spoil(embeddings):
        return FaultyGradient.apply(embeddings)

    assert not training_agrees(Faulty(spoil), feats, torch.bfloat16)


def test_a_missing_kernel_is_a_disagreement(feats):
    def fail(embeddings):
        raise RuntimeError("could not create a primitive")

    lengths = torch.full((6,), 64)
    assert not embeddings_agree(Faulty(fail).eval(), feats, lengths, torch.bfloat16)
    assert not training_agrees(Faulty(fail), feats, torch.bfloat16)


def test_a_comparison_leaves_no_trace(feats):
    encoder = Faulty(FAULTS["right"])
    before = {name: value.clone() for name, value in encoder.state_dict().items()}
    state = torch.random.get_rng_state()
    training_agrees(encoder, feats, torch.bfloat16)
    assert torch.equal(torch.random.get_rng_state(), state)
    for name, value in encoder.state_dict().items():
        assert torch.equal(value, before[name])
    assert all(weights.grad is None for weights in encoder.parameters())


@pytest.mark.parametrize("n_right", [0, 1, 2])
def test_extraction_falls_back_to_float32(n_right, store, caplog):
    """Whichever of the three shapes of batch is the wrong one."""
    encoder = Faulty(FAULTS["plausible"], n_right)
    exact = embed(encoder, store, torch.float32)
    with caplog.at_level(logging.WARNING):
        embedded = embed(encoder, store, torch.bfloat16)
    np.testing.assert_array_equal(embedded, exact)
    assert caplog.text.count("float32 is used") == 1


def test_embeddings_that_are_not_finite_stop_with_the_name(store):
    encoder = Faulty(FAULTS["right"])
    with torch.no_grad():
        encoder.inner.affine.weight[0, 0] = torch.nan
    with pytest.raises(UserError, match="^u0: the embedding is not finite"):
        embed(encoder, store, torch.float32)


@pytest.fixture
def make_brain(store):
    def make(fault, n_right=0):
        brain = SpeakerBrain(
            {"encoder": Faulty(FAULTS[fault], n_right)},
            hparams={"epochs": 1, "patience": 0, "ema_decay": 0.0},
            run_opts={"device": "cpu", "precision": "bf16"},
        )
        labels = np.zeros(len(store), int)
        brain.crop_dataset = CropDataset(store, labels, crop_frames=32)
        picker = CropPicker(labels, store.index["n_frames"].to_numpy(), 32)
        plan, people = EpochDivision(epoch_crops=8, seed=0), np.array(["s"])
        brain.batches = SpeakerSampler(picker, people, plan, batch_size=4, balance=1.0)
        return brain

    return make


@pytest.mark.parametrize("fault", ["right", "plausible"])
def test_training_falls_back_to_float32(fault, make_brain, caplog):
    brain = make_brain(fault)
    with caplog.at_level(logging.WARNING):
        brain.check_precision()
    is_right = fault == "right"
    assert brain.precision == ("bf16" if is_right else "fp32")
    assert ("float32 is used" in caplog.text) != is_right
    with brain.training_ctx:
        assert torch.is_autocast_enabled("cpu") == is_right


@pytest.mark.parametrize(
    ("fault", "n_right", "wrong"),
    [
        ("right", 0, []),
        ("plausible", 0, [(4, 32, 16), (2, 32, 16)]),
        ("nan", 0, [(4, 32, 16), (2, 32, 16)]),
        # right for the comparison on the first shape and its two batches
        ("random", 3, [(2, 32, 16)]),
    ],
)
def test_embedded_crops_fall_back_to_float32(fault, n_right, wrong, make_brain, caplog):
    """The history of mined triplets; ten crops are batches of 4, 4 and 2."""
    brain = make_brain(fault, n_right)
    brain.batches.set_epoch(1)
    crops = [crop for batch in brain.batches for crop in batch]
    crops = (crops * 2)[:10]
    encoder = brain.final_encoder.eval()
    feats = brain.crop_dataset.collate([brain.crop_dataset[crop] for crop in crops])
    with torch.inference_mode():
        exact = encoder(feats.feats)
    with caplog.at_level(logging.WARNING):
        embed = CropEmbedder(brain.crop_dataset, "cpu", "bf16")
        found = embed(encoder, crops, batch_size=4)
    cosine = torch.nn.functional.cosine_similarity(exact, found, dim=1)
    assert (cosine > 0.99).all()
    if fault != "right" and not n_right:
        torch.testing.assert_close(found, exact)
    told = [f"on batches of {shape}: float32 is used" for shape in wrong]
    warned = [m.partition("here ")[2] for m in caplog.messages if "float32" in m]
    assert warned == told
    caplog.clear()
    embed(encoder, crops, batch_size=4)
    assert not caplog.messages  # each shape is compared once


@pytest.mark.parametrize("name", FAULTS)
def test_a_function_is_exact_where_its_reduced_form_is_wrong(name, caplog):
    torch.manual_seed(0)
    batch = torch.randn(3, 5, 4)
    checked = Checked(lambda x: x.sum(dim=1), lambda x: FAULTS[name](1.001 * x.sum(1)))
    is_right = name == "right"
    expected = batch.sum(dim=1) * (1.001 if is_right else 1.0)
    for _ in range(2):
        torch.testing.assert_close(checked(batch), expected)
    assert caplog.text.count("disagrees") == (not is_right)


def test_each_length_is_checked_and_every_number_is_finite():
    def reduced(x):
        found = x.sum(dim=1)
        found[1:] *= torch.nan if x.shape[1] == 5 else 1  # not in the row compared
        return -found if x.shape[1] == 6 else found

    checked = Checked(lambda x: x.sum(dim=1), reduced)
    for length in (4, 5, 6):
        batch = torch.randn(3, length, 4)
        torch.testing.assert_close(checked(batch), batch.sum(dim=1))
