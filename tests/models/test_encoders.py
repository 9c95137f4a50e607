"""What holds for every encoder, built small from its file in hparams/models."""

import pytest
import torch
import yaml
from torch.nn.functional import cross_entropy, normalize

from local.setup.hyperparameters import load_hyperparameters
from tests.conftest import ROOT
from utils.models.pooling import POOLINGS

SMALL = {
    "rescnn": {"width": 4, "n_blocks": 1},
    "gru": {"n_filters": 2, "n_units": 8, "n_layers": 2},
    "lstm": {"n_units": 8, "n_layers": 2},
    "bilstm": {"n_units": 8, "n_layers": 2},
    "rnn": {"n_units": 8},
    "ecapa": {"channels": [16, 16, 16, 16, 24]},
    "xvector": {"channels": [8, 8, 8, 8, 16]},
    "resnet": {"channels": [4, 4, 8, 8]},
    "campplus": {"n_filters": 4, "n_first": 16, "n_layers": [2, 1], "growth": 4},
    "ge2e": {"n_units": 8, "n_layers": 2, "partial_frames": 24, "hop_frames": 12},
}
CASES = [(model, {}) for model in SMALL]
CASES += [("rescnn", {"normalise_input": True})]
CASES += [
    (model, {"pooling": name})
    for model in ("rescnn", "gru", "bilstm")
    for name in POOLINGS
    if name != "mean"
]
N_MELS, DIM = 16, 12


def build(model, **options):
    torch.manual_seed(0)
    path = ROOT / "hparams" / "models" / f"{model}.yaml"
    sizes = {"n_mels": N_MELS, "embedding_dim": DIM}
    text = yaml.safe_dump(sizes | SMALL[model] | options)
    return load_hyperparameters(path, text)["encoder"]


@pytest.fixture(params=CASES, ids=str)
def encoder(request):
    """An encoder that has seen some data, in evaluation mode."""
    model = build(request.param[0], **request.param[1])
    model(5 * torch.randn(8, 40, N_MELS))  # move the batch norm statistics
    return model.eval()


def test_every_model_is_tested():
    files = {path.stem for path in (ROOT / "hparams" / "models").glob("*.yaml")}
    assert files == set(SMALL)


@pytest.mark.parametrize("n_frames", [1, 2, 16, 33, 160])
def test_any_length_gives_unit_embeddings(encoder, n_frames):
    embeddings = encoder(torch.randn(3, n_frames, N_MELS))
    assert embeddings.shape == (3, DIM) and embeddings.dtype == torch.float32
    torch.testing.assert_close(embeddings.norm(dim=1), torch.ones(3))


@torch.inference_mode()
def test_neither_padding_nor_the_batch_changes_an_embedding(encoder):
    feats = 5 * torch.randn(6, 90, N_MELS)
    lengths = torch.tensor([90, 40, 77, 3, 1, 40])
    alone = [encoder(feats[n : n + 1, : lengths[n]])[0] for n in range(6)]
    for row, length in enumerate(lengths):
        feats[row, length:] = 1000.0
    together = encoder(feats, lengths)
    torch.testing.assert_close(together, torch.stack(alone), atol=1e-5, rtol=0)
    torch.testing.assert_close(encoder(feats, lengths), together, atol=0, rtol=0)


def test_the_gradient_reaches_every_weight(encoder):
    encoder.train()
    embeddings = encoder(torch.randn(6, 64, N_MELS))
    (embeddings * torch.randn_like(embeddings)).sum().backward()
    for name, weights in encoder.named_parameters():
        assert weights.grad is not None and weights.grad.abs().sum() > 0, name


@pytest.mark.parametrize("model", SMALL)
def test_two_speakers_are_learnt_by_heart(model):
    encoder = build(model)
    voices = torch.randn(2, N_MELS)
    labels = torch.arange(16) % 2
    feats = voices[labels][:, None] + 3 * torch.randn(16, 48, N_MELS)
    weights = torch.nn.Parameter(torch.randn(2, DIM))
    optimizer = torch.optim.Adam([*encoder.parameters(), weights], lr=0.01)
    for _ in range(40):
        optimizer.zero_grad()
        embeddings = encoder(feats)
        outputs = embeddings @ normalize(weights, dim=1).T
        cross_entropy(10 * outputs, labels).backward()
        optimizer.step()
    assert (outputs.argmax(dim=1) == labels).all()
    similarity = embeddings @ embeddings.T
    same = labels[:, None] == labels[None]
    assert similarity[same].mean() > similarity[~same].mean() + 0.5


@pytest.mark.parametrize("model", ["rescnn", "gru", "lstm"])
def test_an_unknown_pooling_is_told(model):
    with pytest.raises(Exception, match="no pooling 'max'"):
        build(model, pooling="max")
