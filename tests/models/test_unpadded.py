import torch
from torch import nn

from utils.models.unpadded import Unpadded


class Mean(nn.Module):
    def forward(self, feats):
        return feats.mean(dim=1, keepdim=True)


def test_an_earlier_folder_names_the_normalised_channels():
    present = Unpadded(Mean(), normalise_input=True, n_mels=4)
    earlier = Unpadded(Mean(), n_normalised=4)
    assert present.state_dict().keys() == earlier.state_dict().keys()
    feats = torch.randn(3, 50, 4) * torch.tensor([1.0, 2.0, 5.0, 9.0]) + 7
    for encoder in (present, earlier):
        encoder(feats)  # in training: sees the channels' means and variances
    torch.testing.assert_close(present.eval()(feats), earlier.eval()(feats))
    assert not Unpadded(Mean(), normalise_input=False, n_mels=4).state_dict()


def test_an_input_is_normalised_channel_by_channel():
    encoder = Unpadded(Mean(), normalise_input=True, n_mels=2)
    feats = torch.randn(2, 40, 2)
    scaled = feats * torch.tensor([3.0, 0.2]) + torch.tensor([-5.0, 8.0])
    torch.testing.assert_close(encoder(feats), encoder(scaled), rtol=1e-3, atol=1e-3)
