"""PyanNet: samples to who of a few local speakers talks, by SincNet and an LSTM.

A. Plaquet and H. Bredin, "Powerset multi-class cross entropy loss for neural speaker
diarization", Interspeech 2023; its filters are those of M. Ravanelli and Y. Bengio,
"Speaker recognition from raw waveform with SincNet", SLT 2018, in pairs of cosine and
sine. The sizes are those of the release pyannote/segmentation-3.0, whose weights
`renamed_weights` takes.
"""

import itertools
import math

import torch
from torch import Tensor, nn
from torch.nn.functional import leaky_relu

SAMPLE_RATE_HZ = 16000
WINDOW_S = 10.0
STEP_SAMPLES = 270  # between frames: the strides 10, 3, 3 and 3
FIELD_SAMPLES = 991  # that a frame sees
N_SPEAKERS = 3  # of a window
N_AT_ONCE = 2
_LEAST_HZ = 50.0  # lowest edge of a band, and its narrowest width
_N_TAPS = 251


def powerset() -> Tensor:
    """Return the speakers of each class: nobody, one of three, two of three.

    Returns
    -------
    Tensor of float32, shape (7, 3)

    Example
    -------
    >>> powerset()[[0, 1, 4]]
    tensor([[0., 0., 0.],
            [1., 0., 0.],
            [1., 1., 0.]])
    """
    sets = [
        speakers
        for size in range(N_AT_ONCE + 1)
        for speakers in itertools.combinations(range(N_SPEAKERS), size)
    ]
    members = torch.zeros(len(sets), N_SPEAKERS)
    for row, speakers in enumerate(sets):
        members[row, list(speakers)] = 1
    return members


class SincFilters(nn.Module):
    """Band-pass filters that are given by their edges: pairs of cosine and sine.

    Parameters
    ----------
    n_bands : int
        Half as many as filters.
    stride : int
    """

    def __init__(self, n_bands: int, stride: int) -> None:
        super().__init__()
        self.stride = stride
        self.low_hz = nn.Parameter(torch.zeros(n_bands, 1))
        self.band_hz = nn.Parameter(torch.zeros(n_bands, 1))

    def filters(self) -> Tensor:
        """Return the impulse responses: shape (2 * n_bands, 1, 251)."""
        low = _LEAST_HZ + self.low_hz.abs()
        high = (low + _LEAST_HZ + self.band_hz.abs()).clamp(max=SAMPLE_RATE_HZ / 2)
        half = _N_TAPS // 2
        taps = torch.arange(-half, 0, device=low.device)[
            None
        ]  # those before the middle
        phase = 2 * math.pi / SAMPLE_RATE_HZ * taps
        window = torch.hamming_window(_N_TAPS, periodic=False, device=low.device)[:half]
        scale = window / (phase / 2) / (2 * (high - low))  # (n_bands, half)
        even = (torch.sin(high * phase) - torch.sin(low * phase)) * scale
        odd = (torch.cos(low * phase) - torch.cos(high * phase)) * scale
        middle = torch.ones_like(low)
        cosines = torch.cat([even, middle, even.flip(1)], dim=1)
        sines = torch.cat([odd, 0 * middle, -odd.flip(1)], dim=1)
        return torch.cat([cosines, sines])[:, None]

    def forward(self, samples: Tensor) -> Tensor:
        """Map (B, 1, n_samples) to (B, 2 * n_bands, T), magnitudes."""
        return nn.functional.conv1d(samples, self.filters(), stride=self.stride).abs()


class SincNet(nn.Module):
    """Three layers over time, each a convolution, a maximum of three and a norm."""

    def __init__(self) -> None:
        super().__init__()
        self.input_norm = nn.InstanceNorm1d(1, affine=True)
        self.convolutions = nn.ModuleList(
            [SincFilters(40, stride=10), nn.Conv1d(80, 60, 5), nn.Conv1d(60, 60, 5)]
        )
        self.norms = nn.ModuleList(
            [nn.InstanceNorm1d(n, affine=True) for n in (80, 60, 60)]
        )

    def forward(self, samples: Tensor) -> Tensor:
        """Map (B, 1, n_samples) to (B, 60, T)."""
        x = self.input_norm(samples)
        for convolution, norm in zip(self.convolutions, self.norms, strict=True):
            x = leaky_relu(norm(nn.functional.max_pool1d(convolution(x), 3)))
        return x


class PyanNet(nn.Module):
    """Which of at most three speakers talk in each frame of a window of 10 s.

    Example
    -------
    >>> PyanNet().eval()(torch.randn(2, 160000)).shape
    torch.Size([2, 589, 7])
    """

    def __init__(self) -> None:
        super().__init__()
        self.sincnet = SincNet()
        self.lstm = nn.LSTM(60, 128, 4, batch_first=True, bidirectional=True)
        self.linear = nn.ModuleList([nn.Linear(256, 128), nn.Linear(128, 128)])
        self.classifier = nn.Linear(128, len(powerset()))

    def forward(self, samples: Tensor) -> Tensor:
        """Classify frames.

        Parameters
        ----------
        samples : Tensor of shape (B, n_samples)
            At 16 kHz, in [-1, 1]; the network learnt windows of 10 s.

        Returns
        -------
        Tensor of shape (B, T, 7)
            Log-probabilities of the classes of `powerset`.
        """
        # window by window, as the first layer takes 5 MB for each; then all at once, as
        # an LSTM takes as long for a few as for one
        x = torch.cat([self.sincnet(window[None, None]) for window in samples])
        x = x.transpose(1, 2)  # (B, T, 60)
        x, _ = self.lstm(x)  # (B, T, 256)
        for layer in self.linear:
            x = leaky_relu(layer(x))
        return self.classifier(x).log_softmax(dim=-1)


_NAMES = (  # of the release, and what stands for them here
    ("sincnet.wav_norm1d", "sincnet.input_norm"),
    ("sincnet.conv1d.0.filterbank.low_hz_", "sincnet.convolutions.0.low_hz"),
    ("sincnet.conv1d.0.filterbank.band_hz_", "sincnet.convolutions.0.band_hz"),
    ("sincnet.conv1d", "sincnet.convolutions"),
    ("sincnet.norm1d", "sincnet.norms"),
)


def renamed_weights(theirs: dict[str, Tensor]) -> dict[str, Tensor]:
    """Give weights of segmentation-3.0 the names that they have in `PyanNet`.

    Its window and time axis are left out, as they follow from the sizes.

    Example
    -------
    >>> list(renamed_weights({"sincnet.norm1d.2.bias": torch.ones(60)}))
    ['sincnet.norms.2.bias']
    """
    ours = {}
    for name, weights in theirs.items():
        if name.endswith(("filterbank.window_", "filterbank.n_")):
            continue
        for prefix, own in _NAMES:
            if name.startswith(prefix):
                name = own + name.removeprefix(prefix)
                break
        ours[name] = weights
    return ours
