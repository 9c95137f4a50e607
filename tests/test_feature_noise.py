import pytest
import torch

from utils.feature_noise import FilterbankNoise


@pytest.fixture
def feats():
    torch.manual_seed(0)
    speech = 15 * torch.randn(40, 160, 64)
    return speech - speech.mean(dim=(1, 2), keepdim=True)


def test_some_crops_get_noise_and_the_others_stay(feats):
    noisy = FilterbankNoise(0.5)(feats)
    is_same = (noisy == feats).all(dim=2).all(dim=1)
    assert 8 < is_same.sum() < 32
    assert (FilterbankNoise(0.0)(feats) == feats).all()
    assert not (FilterbankNoise(1.0)(feats) == feats).all(dim=2).any()


def test_the_level_is_normalised(feats):
    means = FilterbankNoise(1.0)(feats).mean(dim=(1, 2))
    torch.testing.assert_close(means, torch.zeros(40), atol=1e-4, rtol=0)


def test_powers_add(feats):
    """Undo the normalisation: what was added has the power that the SNR asks for."""
    noisy = FilterbankNoise(1.0, 10.0, 10.0)(feats)
    loudest = feats.flatten(1).argmax(dim=1, keepdim=True)  # noise hardly changes it
    gain = noisy.flatten(1).gather(1, loudest) - feats.flatten(1).gather(1, loudest)
    power = 10 ** (feats / 10)
    added = 10 ** ((noisy - gain[..., None]) / 10) - power
    ratio_db = 10 * torch.log10(power.mean(dim=(1, 2)) / added.mean(dim=(1, 2)))
    torch.testing.assert_close(ratio_db.median(), torch.tensor(10.0), atol=1.0, rtol=0)


def test_more_noise_fills_the_pauses(feats):
    feats[:, 60:100] -= 60.0
    quiet = [
        FilterbankNoise(1.0, snr, snr)(feats)[:, 60:100].mean() for snr in (40.0, 5.0)
    ]
    assert quiet[1] > quiet[0] + 10


def test_the_generator_decides(feats):
    outputs = []
    for _ in range(2):
        torch.manual_seed(3)
        outputs.append(FilterbankNoise(0.7)(feats))
    assert (outputs[0] == outputs[1]).all()


def test_bad_settings():
    with pytest.raises(ValueError, match="probability"):
        FilterbankNoise(1.5)
    with pytest.raises(ValueError, match="SNRs"):
        FilterbankNoise(0.5, 20.0, 10.0)
