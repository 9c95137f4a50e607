"""Mel power spectra without a logarithm, as the first GE2E encoders were trained on."""

import torch
from torch import Tensor, nn


class PowerMel(nn.Module):
    """Power in Slaney's mel bands, of the utterance at a level of its own.

    As librosa's ``melspectrogram`` computes it: frames are centred, with zeros beyond
    the ends of the utterance, and have a Hann window; bands are of equal area. A frame
    more than librosa's holds what the last samples leave in the zeros after them.

    Parameters
    ----------
    sample_rate_hz : int
    n_mels : int
    window_ms, hop_ms : float
    least_level_db : float
        Root mean square, in dB below full scale, that quieter utterances are
        amplified to; louder ones stay as they are.

    Example
    -------
    >>> PowerMel(16000, 40, 25, 10, -30)(torch.randn(2, 16000)).shape
    torch.Size([2, 102, 40])
    """

    window: Tensor
    bands: Tensor

    def __init__(
        self,
        sample_rate_hz: int,
        n_mels: int,
        window_ms: float,
        hop_ms: float,
        least_level_db: float,
    ) -> None:
        from torchaudio.functional import melscale_fbanks

        super().__init__()
        self.n_window = int(sample_rate_hz * window_ms / 1000)
        self.n_hop = int(sample_rate_hz * hop_ms / 1000)
        self.least_rms = 10 ** (least_level_db / 20)
        bands = melscale_fbanks(
            self.n_window // 2 + 1, 0.0, sample_rate_hz / 2, n_mels, sample_rate_hz,
            norm="slaney", mel_scale="slaney",
        )  # fmt: skip
        self.register_buffer(
            "window", torch.hann_window(self.n_window), persistent=False
        )
        self.register_buffer("bands", bands, persistent=False)

    def forward(self, samples: Tensor) -> Tensor:
        """Map samples (B, n_samples) in [-1, 1] to powers (B, T, F)."""
        rms = samples.square().mean(dim=1, keepdim=True).sqrt()
        samples = samples * (self.least_rms / rms).clamp(min=1.0)
        samples = nn.functional.pad(samples, (0, self.n_hop))
        spectrum = torch.stft(
            samples, self.n_window, self.n_hop, window=self.window, center=True,
            pad_mode="constant", return_complex=True,
        )  # fmt: skip
        power = spectrum.real.square() + spectrum.imag.square()  # (B, n_bins, T)
        return power.transpose(1, 2) @ self.bands
