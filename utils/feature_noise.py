"""Stationary noise added to filterbanks: background noise without audio."""

import torch
from torch import Tensor, nn

_TILT_DB = 12.0  # most, at either end of the channels
_BUMPS, _BUMP_DB = 3, 10.0
_SMOOTHNESS = (1.5, 6.0)  # of a frame's power, in the lowest and highest channel


class FilterbankNoise(nn.Module):
    """Add noise of a random spectrum to some of the filterbanks in a batch.

    In the power domain noise adds to speech: 10 log10(10^(x/10) + 10^(n/10)). The
    noise has a random tilt and bumps over the channels, and every frame's power is
    gamma distributed about it, the more narrowly the wider a channel is. The level
    is normalised anew, so features must be those of ``normalisation: level``.

    Parameters
    ----------
    probability : float
        Of a crop to get noise.
    low_snr_db, high_snr_db : float
        Range of the ratio of the crop's mean power to the noise's.

    Example
    -------
    >>> feats = 20 * torch.randn(2, 160, 64)
    >>> FilterbankNoise(0.5)(feats).shape
    torch.Size([2, 160, 64])
    """

    def __init__(
        self, probability: float, low_snr_db: float = 5.0, high_snr_db: float = 30.0
    ) -> None:
        super().__init__()
        if not 0 <= probability <= 1 or low_snr_db > high_snr_db:
            raise ValueError("probability must lie in [0, 1], the SNRs rise")
        self.probability = probability
        self.snr_db = (low_snr_db, high_snr_db)

    def forward(self, feats: Tensor) -> Tensor:
        """Map filterbanks in dB (B, T, F) to the same shape."""
        if self.probability == 0:
            return feats
        power = 10 ** (feats / 10)
        snr_db = feats.new_empty(len(feats), 1, 1).uniform_(*self.snr_db)
        level = power.mean(dim=(1, 2), keepdim=True) * 10 ** (-snr_db / 10)
        noisy = 10 * torch.log10(power + level * self._noise(feats))
        noisy = noisy - noisy.mean(dim=(1, 2), keepdim=True)
        is_noisy = torch.rand(len(feats), 1, 1, device=feats.device) < self.probability
        return torch.where(is_noisy, noisy, feats)

    def _noise(self, feats: Tensor) -> Tensor:
        """Draw noise power of mean 1, shape (B, T, F)."""
        n_crops, n_frames, n_mels = feats.shape
        place = torch.linspace(-1, 1, n_mels, device=feats.device)

        def draw(low: float, high: float) -> Tensor:
            return feats.new_empty(n_crops, 1).uniform_(low, high)

        spectrum_db = draw(-_TILT_DB, _TILT_DB) * place
        for _ in range(_BUMPS):
            centre, width = draw(-1, 1), draw(0.1, 0.5)
            bump = torch.exp(-0.5 * ((place - centre) / width) ** 2)
            spectrum_db = spectrum_db + draw(-_BUMP_DB, _BUMP_DB) * bump
        spectrum = 10 ** (spectrum_db / 10)
        spectrum = spectrum / spectrum.mean(dim=1, keepdim=True)
        shape = torch.linspace(*_SMOOTHNESS, n_mels, device=feats.device)
        shape = shape.expand(n_crops, n_frames, n_mels)
        return spectrum[:, None] * torch.distributions.Gamma(shape, shape).sample()
