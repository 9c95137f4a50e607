import torch

from utils.models.rescnn import ResCNN


def test_the_papers_parameter_count():
    parameters = [
        p.numel() for p in ResCNN(64, 64, 3, 512).parameters() if p.requires_grad
    ]
    assert sum(parameters) == 24_172_288


def test_normalised_input_makes_scales_and_offsets_irrelevant():
    torch.manual_seed(0)
    encoder = ResCNN(16, 4, 1, embedding_dim=8, normalise_input=True)
    feats, scale, offset = torch.randn(6, 50, 16), torch.rand(16) + 0.5, torch.randn(16)
    torch.testing.assert_close(
        encoder(feats), encoder(20 * scale * feats + 30 * offset), atol=1e-4, rtol=0
    )
    assert sum(p.numel() for p in encoder.input_norm.parameters()) == 0


def test_activations_are_clipped():
    encoder, outputs = ResCNN(64, 8, 2, embedding_dim=32), []
    for stage in encoder.stages:
        stage.register_forward_hook(lambda _, __, out: outputs.append(out[0]))
    encoder(1000 * torch.randn(2, 160, 64))
    for output in outputs:
        assert output.min() >= 0 and output.max() <= 20


def test_other_shapes_of_the_filterbank():
    encoder = ResCNN(n_mels=80, width=4, n_blocks=1, embedding_dim=16)
    assert encoder(torch.randn(2, 50, 80)).shape == (2, 16)
