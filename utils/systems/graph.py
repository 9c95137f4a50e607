"""A trained system as one graph, from samples to an embedding, in the ONNX format."""

import warnings
from collections.abc import Callable
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from utils.features.front_end import FrontEnd
from utils.features.kaldi_fbank import KaldiFbank
from utils.models.ge2e import PartialsLSTM
from utils.runtime.errors import UserError
from utils.systems.exported import INPUT, OUTPUT, open_session
from utils.systems.graph_halves import halve_graph
from utils.systems.system import System

LEAST_COSINE = 0.9999  # of the graph's embedding and the system's
_OPSET = 17
_TRACED_S, _CHECKED_S = 3.0, (0.7, 2.0, 5.3)


class PowerSpectrum(nn.Module):
    """Power spectra of frames as one convolution, which every runtime has.

    Parameters
    ----------
    shaping : Tensor of float64, shape (n_window, n)
        What the front-end makes of a frame with a single one in it, for each place.
    n_fft, n_hop : int
    n_padded : int
        Zeros before and after the samples.
    """

    kernel: Tensor

    def __init__(self, shaping: Tensor, n_fft: int, n_hop: int, n_padded: int) -> None:
        super().__init__()
        spectrum = torch.fft.rfft(shaping, n_fft)  # (n_window, n_bins)
        kernel = torch.cat([spectrum.real, spectrum.imag], dim=1).T.float()
        self.register_buffer("kernel", kernel.unsqueeze(1))
        self.n_hop, self.n_padded = n_hop, n_padded

    def forward(self, samples: Tensor) -> Tensor:
        """Map samples (B, n_samples) to power spectra (B, T, n_bins)."""
        parts = nn.functional.conv1d(
            samples.unsqueeze(1), self.kernel, stride=self.n_hop, padding=self.n_padded
        )
        real, imaginary = parts.chunk(2, dim=1)
        return (real.square() + imaginary.square()).transpose(1, 2)


def split_fbank(fbank: nn.Module) -> tuple[PowerSpectrum, Callable[[Tensor], Tensor]]:
    """Split a filterbank into its power spectrum and what it makes of that.

    Raises
    ------
    UserError
        It is of a kind that is not known here.
    """
    from speechbrain.lobes.features import Fbank

    if isinstance(fbank, KaldiFbank):
        shaping = fbank.shape(torch.eye(fbank.n_window, dtype=torch.float64))
        return PowerSpectrum(shaping, fbank.n_fft, fbank.n_hop, 0), fbank.log_bands
    if isinstance(fbank, Fbank) and not (fbank.deltas or fbank.context):
        stft = fbank.compute_STFT
        before = (stft.n_fft - stft.win_length) // 2
        after = stft.n_fft - stft.win_length - before
        window = nn.functional.pad(stft.window.double(), (before, after))
        spectrum = PowerSpectrum(
            window.diag(), stft.n_fft, stft.hop_length, stft.n_fft // 2
        )
        return spectrum, fbank.compute_fbanks
    raise UserError(f"{type(fbank).__name__}: no filterbank that can be exported")


def normalised(features: Tensor, kind: str) -> Tensor:
    """Normalise features (B, T, F) as `utils.features.front_end.normalise` does."""
    if kind == "none":
        return features
    if kind == "level":
        return features - features.mean(dim=(1, 2), keepdim=True)
    axis = 2 if kind == "frame" else 1
    centred = features - features.mean(dim=axis, keepdim=True)
    if kind == "mean":
        return centred
    deviation = centred.square().mean(dim=axis, keepdim=True).sqrt()
    return centred / deviation.clamp(min=1e-3)


def without_offset(samples: Tensor, largest: float) -> Tensor:
    """Take the mean off as `utils.features.front_end.remove_offset` does."""
    mean, deviation = samples.mean(), samples.std(correction=0)
    is_large = (mean.abs() > largest * deviation) & (deviation > 0)
    return torch.where(is_large, samples - mean, samples)


class WaveformEncoder(nn.Module):
    """Front-end and encoder in one, for whole utterances.

    Parameters
    ----------
    front_end : FrontEnd
        Without voice activity and without a channel.
    encoder : Module
    """

    def __init__(self, front_end: FrontEnd, encoder: nn.Module) -> None:
        super().__init__()
        self.spectrum, self.bands = split_fbank(front_end.fbank)
        self.scale_to_peak = front_end.scale_to_peak
        self.largest_offset = front_end.largest_offset
        self.normalisation = front_end.normalisation
        self.encoder = encoder

    def forward(self, samples: Tensor) -> Tensor:
        """Map samples (1, n_samples) in [-1, 1] to an embedding (1, D)."""
        if self.largest_offset is not None:
            samples = without_offset(samples, self.largest_offset)
        if self.scale_to_peak:
            samples = samples / samples.abs().amax()
        features = self.bands(self.spectrum(samples))
        features = normalised(features, self.normalisation)
        return self.encoder(features.half().float())  # as precise as stored ones


def export_graph(
    system: System,
    path: Path | str,
    keep_silence: bool = False,
    in_halves: bool = False,
) -> float:
    """Write a system's graph, and compare its embeddings with the system's.

    Parameters
    ----------
    system : System
    path : Path or str
        File to write, ``.onnx``.
    keep_silence : bool
        Leave the front-end's voice activity out, so that all frames are embedded.
    in_halves : bool
        Store the weights in 16 bits: see `utils.systems.graph_halves`.

    Returns
    -------
    float
        Lowest cosine of the two, on noise of several lengths.

    Raises
    ------
    UserError
        The front-end or the encoder cannot be exported, or the packages that are
        needed are missing.
    """
    path = Path(path)
    for package in ("onnx", "onnxruntime"):
        if not find_spec(package):
            raise UserError(f"{package} is not installed: pip install '.[export]'")
    if isinstance(system.encoder, PartialsLSTM):
        raise UserError(
            f"{system.folder}: PartialsLSTM cannot be exported: the number of partials "
            "follows the length"
        )
    front_end = system.front_end
    if front_end.channel is not None:
        raise UserError(
            f"{system.folder}: its front-end has a channel; none is exported"
        )
    if front_end.vad is not None and not keep_silence:
        raise UserError(
            f"{system.folder}: its front-end drops silence, which a graph cannot; with "
            "--keep-silence it embeds all frames that it is given"
        )
    whole = FrontEnd(
        front_end.fbank, None, front_end.sample_rate_hz, front_end.normalisation,
        scale_to_peak=front_end.scale_to_peak, largest_offset=front_end.largest_offset,
    )  # fmt: skip
    system = replace(system, front_end=whole)
    module = WaveformEncoder(whole, system.encoder).eval()
    _write(module, path, int(_TRACED_S * whole.sample_rate_hz))
    if in_halves:
        halve_graph(path)
    lowest = compare(system, path)
    if lowest < LEAST_COSINE:
        path.unlink()
        raise UserError(
            f"{system.folder}: {type(system.encoder).__name__} cannot be exported (the "
            f"graph's embeddings are others, cosine {lowest:.4f})"
        )
    return lowest


def _write(module: WaveformEncoder, path: Path, n_samples: int) -> None:
    """Trace the module; the exporter that is newer takes ten times as long."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            torch.onnx.export(
                module,
                (0.1 * torch.randn(1, n_samples),),
                str(path),
                dynamo=False,
                input_names=[INPUT],
                output_names=[OUTPUT],
                dynamic_axes={INPUT: {1: "n_samples"}},
                opset_version=_OPSET,
            )
        except RuntimeError as error:  # all of the exporter's are such
            name, reason = type(module.encoder).__name__, str(error).splitlines()[0]
            raise UserError(f"{name} cannot be exported ({reason})") from None


def compare(system: System, path: Path) -> float:
    """Return the lowest cosine of a graph's embeddings and a system's, on noise."""
    session = open_session(path)
    rng, rate_hz = np.random.default_rng(0), system.front_end.sample_rate_hz
    cosines = []
    for duration_s in _CHECKED_S:
        noise = rng.standard_normal(int(duration_s * rate_hz)).cumsum()
        noise = (0.1 * noise / np.abs(noise).max()).astype(np.float32)
        graph = session.run([OUTPUT], {INPUT: noise[None]})[0][0]
        cosines.append(float(graph @ system.embed([noise])[0]))
    return min(cosines)
