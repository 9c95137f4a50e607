"""A loop over partials, one at a time, is the oracle."""

import pytest
import torch
from torch.nn.functional import normalize, pad, relu

from utils.models.ge2e import PartialsLSTM


@pytest.fixture
def encoder():
    torch.manual_seed(0)
    return PartialsLSTM(n_mels=6, n_units=8, n_layers=2, embedding_dim=5).eval()


def slices_of(n_samples):
    """Return the partials of an utterance as the paper's public code chooses them."""
    n_frames = -(-(n_samples + 1) // 160)
    starts = [*range(0, max(1, n_frames - 160 + 77 + 1), 77)]
    coverage = (n_samples - 160 * starts[-1]) / (160 * 160)
    return starts[:-1] if coverage < 0.75 and len(starts) > 1 else starts


@torch.inference_mode()
@pytest.mark.parametrize(
    "n_samples", [1, 8000, 25599, 25600, 31519, 31520, 31521, 43839, 43840, 99999]
)
def test_embeddings_are_means_over_partials(encoder, n_samples):
    feats = torch.rand(1, n_samples // 160 + 2, 6)  # one frame beyond the end
    partials = []
    for start in slices_of(n_samples):
        part = feats[:, start : start + 160]
        part = pad(part, (0, 0, 0, 160 - part.shape[1]))
        last = encoder.lstm(part)[1][0][-1]
        partials.append(normalize(relu(encoder.linear(last)), dim=1))
    expected = normalize(torch.cat(partials).mean(dim=0, keepdim=True), dim=1)
    torch.testing.assert_close(encoder(feats), expected, atol=1e-6, rtol=0)


def test_the_public_encoder_has_as_many_parameters():
    encoder = PartialsLSTM(n_mels=40, n_units=256, n_layers=3, embedding_dim=256)
    assert sum(weights.numel() for weights in encoder.parameters()) == 1_423_616
