"""The fused form beside the layers one by one, whose norms have any statistics."""

import pytest
import torch

from utils.models.campplus import CAMPlusPlus
from utils.models.campplus_fused import FusedCAMPlusPlus
from utils.models.fast_encoder import fast_encoder
from utils.models.rescnn import ResCNN
from utils.models.unpadded import Unpadded


@pytest.fixture(scope="module")
def model():
    torch.manual_seed(0)
    model = CAMPlusPlus(24, 4, 16, n_layers=[2, 3], growth=4, embedding_dim=12).eval()
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm1d | torch.nn.BatchNorm2d):
            module.running_mean.normal_()
            module.running_var.uniform_(0.5, 2)
            if module.affine:
                torch.nn.init.normal_(module.weight)  # of both signs
                torch.nn.init.normal_(module.bias)
    return model.requires_grad_(False)


@pytest.mark.parametrize("n_frames", [30, 200, 201, 330])
def test_the_function_is_the_same(model, n_frames):
    feats = torch.randn(3, n_frames, 24)
    expected = model(feats)
    before = {name: own.clone() for name, own in model.state_dict().items()}
    torch.testing.assert_close(
        FusedCAMPlusPlus(model)(feats), expected, atol=1e-4, rtol=1e-4
    )
    reduced = FusedCAMPlusPlus(model, torch.bfloat16)(feats)
    assert reduced.dtype == torch.float32
    assert torch.cosine_similarity(reduced, expected).min() > 0.99
    torch.testing.assert_close(model.state_dict(), before)


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
@pytest.mark.parametrize("normalise_input", [False, True])
def test_an_encoder_stays_what_it_is_around_its_model(
    model, precision, normalise_input
):
    encoder = Unpadded(model, min_frames=50, normalise_input=normalise_input, n_mels=24)
    if normalise_input:
        encoder.input_norm.running_mean.normal_()
    encoder.eval()
    for n_frames in (7, 120):
        feats = torch.randn(2, n_frames, 24)
        found = fast_encoder(encoder, precision)(feats)
        torch.testing.assert_close(found.norm(dim=1), torch.ones(2))
        assert torch.cosine_similarity(found, encoder(feats)).min() > 0.99
    assert encoder.model is model


def test_encoders_without_a_faster_form_are_themselves():
    encoder = ResCNN(n_mels=16, width=4, n_blocks=1, embedding_dim=8).eval()
    assert fast_encoder(encoder, "bf16") is encoder
