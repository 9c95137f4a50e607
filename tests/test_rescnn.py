import pytest
import torch

from utils.models.rescnn import ResCNN


@pytest.fixture(params=[False, True], ids=["plain", "normalised"])
def encoder(request):
    torch.manual_seed(0)
    model = ResCNN(64, 8, 2, embedding_dim=32, normalise_input=request.param)
    model(torch.randn(8, 64, 64))  # move the batch norm statistics
    return model.eval()


def test_the_papers_parameter_count():
    parameters = [p.numel() for p in ResCNN(n_mels=64).parameters() if p.requires_grad]
    assert sum(parameters) == 24_172_288


def test_normalised_input_makes_scales_and_offsets_irrelevant():
    torch.manual_seed(0)
    encoder = ResCNN(16, 4, 1, embedding_dim=8, normalise_input=True)
    feats, scale, offset = torch.randn(6, 50, 16), torch.rand(16) + 0.5, torch.randn(16)
    torch.testing.assert_close(
        encoder(feats), encoder(20 * scale * feats + 30 * offset), atol=1e-4, rtol=0
    )
    assert sum(p.numel() for p in encoder.input_norm.parameters()) == 0


@pytest.mark.parametrize("n_frames", [1, 2, 15, 16, 17, 160, 301])
def test_any_length_gives_unit_embeddings(encoder, n_frames):
    embeddings = encoder(torch.randn(3, n_frames, 64))
    assert embeddings.shape == (3, 32)
    torch.testing.assert_close(embeddings.norm(dim=1), torch.ones(3))


@pytest.mark.parametrize("n_frames", [1, 31, 100, 137])
def test_padding_does_not_change_an_embedding(encoder, n_frames):
    feats = torch.randn(1, n_frames, 64)
    padded = torch.cat([feats, 50 * torch.randn(1, 200 - n_frames, 64)], dim=1)
    lengths = torch.tensor([n_frames])
    torch.testing.assert_close(
        encoder(padded, lengths), encoder(feats), atol=1e-6, rtol=0
    )


def test_the_batch_does_not_change_an_embedding(encoder):
    feats = torch.randn(5, 90, 64)
    lengths = torch.tensor([90, 40, 77, 3, 90])
    together = encoder(feats, lengths)
    for row in range(5):
        alone = encoder(feats[row : row + 1, : lengths[row]])
        torch.testing.assert_close(alone[0], together[row], atol=1e-6, rtol=0)


def test_the_gradient_reaches_every_weight(encoder):
    encoder.train()
    embeddings = encoder(torch.randn(4, 160, 64))
    (embeddings * torch.randn_like(embeddings)).sum().backward()
    for name, weights in encoder.named_parameters():
        assert weights.grad is not None and weights.grad.abs().sum() > 0, name


def test_activations_are_clipped(encoder):
    outputs = []
    for stage in encoder.stages:
        stage.register_forward_hook(lambda _, __, out: outputs.append(out[0]))
    encoder(1000 * torch.randn(2, 160, 64))
    for output in outputs:
        assert output.min() >= 0 and output.max() <= 20


def test_other_shapes_of_the_filterbank():
    encoder = ResCNN(n_mels=80, width=4, n_blocks=1, embedding_dim=16)
    assert encoder(torch.randn(2, 50, 80)).shape == (2, 16)
