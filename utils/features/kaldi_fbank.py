"""Kaldi's log-mel filterbanks, computed in torch."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

_PREEMPHASIS = 0.97
_FLOOR = torch.finfo(torch.float32).eps  # of a band's energy, before the logarithm


class KaldiFbank(nn.Module):
    """Log-mel filterbanks as ``compute-fbank-feats`` makes them without dither.

    Frames lie within the utterance (snip edges). Of each the mean is taken off, then
    it is pre-emphasised and given Povey's window, a Hann window to the power of 0.85;
    mel bands are triangles on the scale 1127 ln(1 + f / 700) over the power spectrum.
    Definitions: ``feature-window.cc`` and ``mel-computations.cc`` of Kaldi.

    Parameters
    ----------
    sample_rate_hz : int
    n_mels : int
    window_ms, hop_ms : float
    range_hz : (float, float)
        Ends of the lowest and the highest band; the second is counted from half the
        sampling rate where it is 0 or less.
    scale : float
        Samples are multiplied by it. Kaldi's are 16-bit integers; some tools that
        follow it leave samples in [-1, 1], where the floor is reached far earlier.

    Example
    -------
    >>> KaldiFbank(sample_rate_hz=16000, n_mels=80)(torch.randn(2, 16000)).shape
    torch.Size([2, 98, 80])
    """

    window: Tensor
    bands: Tensor

    def __init__(
        self,
        sample_rate_hz: int,
        n_mels: int,
        window_ms: float = 25.0,
        hop_ms: float = 10.0,
        range_hz: Sequence[float] = (20.0, 0.0),
        scale: float = 32768.0,
    ) -> None:
        super().__init__()
        self.n_window = int(sample_rate_hz * window_ms / 1000)
        self.n_hop = int(sample_rate_hz * hop_ms / 1000)
        self.n_fft = 1 << (self.n_window - 1).bit_length()
        self.scale = scale
        low_hz, high_hz = range_hz
        high_hz = high_hz if high_hz > 0 else sample_rate_hz / 2 + high_hz
        window = torch.hann_window(self.n_window, periodic=False, dtype=torch.float64)
        bands = mel_triangles(n_mels, self.n_fft, sample_rate_hz, (low_hz, high_hz))
        self.register_buffer("window", window.pow(0.85).float(), persistent=False)
        self.register_buffer("bands", bands.float(), persistent=False)

    def forward(self, samples: Tensor) -> Tensor:
        """Compute filterbanks.

        Parameters
        ----------
        samples : Tensor of shape (B, n_samples)
            In [-1, 1]. What is shorter than a window gets zeros at its end.

        Returns
        -------
        Tensor of float32, shape (B, T, F)
            Natural logarithms of the bands' energies.
        """
        lacking = max(0, self.n_window - samples.shape[1])
        samples = nn.functional.pad(samples, (0, lacking))
        frames = samples.unfold(1, self.n_window, self.n_hop)  # (B, T, n_window)
        spectrum = torch.fft.rfft(self.shape(frames), self.n_fft)
        return self.log_bands(spectrum.real.square() + spectrum.imag.square())

    def shape(self, frames: Tensor) -> Tensor:
        """Prepare frames (..., n_window) for the transform: a linear map of each."""
        frames = self.scale * (frames - frames.mean(dim=-1, keepdim=True))
        before = torch.cat([frames[..., :1], frames[..., :-1]], dim=-1)
        return self.window * (frames - _PREEMPHASIS * before)

    def log_bands(self, power: Tensor) -> Tensor:
        """Map power spectra (..., n_fft / 2 + 1) to logarithms of the bands."""
        return (power @ self.bands).clamp(min=_FLOOR).log()


def mel_triangles(
    n_mels: int, n_fft: int, sample_rate_hz: int, range_hz: tuple[float, float]
) -> Tensor:
    """Return the weights of the bins of a spectrum in Kaldi's mel bands.

    Parameters
    ----------
    n_mels : int
    n_fft : int
    sample_rate_hz : int
    range_hz : (float, float)
        Ends of the lowest and the highest band.

    Returns
    -------
    Tensor of float64, shape (n_fft / 2 + 1, n_mels)
        Triangles of height 1 on the mel scale; the last bin has no part in them.

    Raises
    ------
    ValueError
        The range is not one below half the sampling rate, or a band holds no bin.

    Example
    -------
    >>> mel_triangles(2, 8, 8000, (0.0, 4000.0)).argmax(dim=0)
    tensor([1, 2])
    """
    low_hz, high_hz = range_hz
    if not 0 <= low_hz < high_hz <= sample_rate_hz / 2:
        raise ValueError(
            f"bands from {low_hz} to {high_hz} Hz do not lie below half of "
            f"{sample_rate_hz} Hz"
        )
    edges = torch.linspace(_mel(low_hz), _mel(high_hz), n_mels + 2, dtype=torch.float64)
    left, centre, right = edges[:-2], edges[1:-1], edges[2:]
    bins_hz = torch.arange(n_fft // 2 + 1, dtype=torch.float64) * sample_rate_hz / n_fft
    mels = (1127.0 * torch.log1p(bins_hz / 700.0))[:, None]
    rising, falling = (mels - left) / (centre - left), (right - mels) / (right - centre)
    weights = torch.minimum(rising, falling).clamp(min=0.0)
    weights[-1] = 0.0
    if not weights.any(dim=0).all():
        raise ValueError(f"{n_mels} bands are too many for a spectrum of {n_fft} bins")
    return weights


def _mel(frequency_hz: float) -> float:
    return 1127.0 * math.log1p(frequency_hz / 700.0)
