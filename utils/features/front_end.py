"""The front-end: samples to normalised filterbanks of the frames with speech."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from utils.features.averages import average_features

if TYPE_CHECKING:
    import torch

    from utils.features.vad import EnergyVad

NORMALISATIONS = ("mean", "mean_std", "level", "frame", "none")


@dataclass(frozen=True)
class Frames:
    """What the front-end makes of one utterance.

    Attributes
    ----------
    features : ndarray of float16, shape (T, F)
        Normalised filterbanks of the speech frames alone.
    segments : ndarray of int, shape (n_segments, 2)
        Speech in frames of the whole utterance; empty where none was found, and
        then all frames are kept.
    n_total : int
        Frames of the whole utterance.
    averages : ndarray of float32, shape (3F,)
        Those of the same frames before normalisation: see
        `utils.features.averages.average_features`.
    """

    features: np.ndarray
    segments: np.ndarray
    n_total: int
    averages: np.ndarray


class FrontEnd:
    """Filterbank, voice activity and normalisation as one callable.

    Parameters
    ----------
    fbank : callable
        Maps a Tensor (1, n_samples) to filterbanks (1, T, F), in dB where there is a
        ``vad``.
    vad : EnergyVad or None
        Finds speech in filterbanks; None takes every frame for speech.
    sample_rate_hz : int
        Rate of the samples that the front-end takes.
    normalisation : str
        One of `NORMALISATIONS`; see `normalise`.
    channel : callable, optional
        Maps samples and their rate to what a channel makes of them, before all else;
        see `utils.audio.telephone`.
    scale_to_peak : bool
        Scale samples to a peak of 1 first, so that the level of a recording has no
        influence on its features.
    largest_offset : float, optional
        A mean of the samples that is larger, relative to their standard deviation, is
        taken off them: it would fill the lowest filters. None leaves any mean.
    """

    def __init__(  # noqa: PLR0913 - one argument per YAML value
        self,
        fbank: torch.nn.Module,
        vad: EnergyVad | None,
        sample_rate_hz: int,
        normalisation: str,
        channel: Callable[[np.ndarray, int], np.ndarray] | None = None,
        scale_to_peak: bool = True,
        largest_offset: float | None = None,
    ) -> None:
        if normalisation not in NORMALISATIONS:
            raise ValueError(f"normalisation must be one of {NORMALISATIONS}")
        self.fbank, self.vad = fbank, vad
        self.sample_rate_hz = sample_rate_hz
        self.normalisation = normalisation
        self.channel = channel
        self.scale_to_peak = scale_to_peak
        self.largest_offset = largest_offset

    @property
    def finds_pauses(self) -> bool:
        """Whether it leaves frames out; a negative margin takes all for speech."""
        return self.vad is not None and self.vad.margin_db > 0

    def __call__(
        self, samples: np.ndarray, segments: np.ndarray | None = None
    ) -> Frames:
        """Turn one utterance into features.

        Parameters
        ----------
        samples : ndarray of float32, shape (n_samples,)
            At ``sample_rate_hz``; not all zero.
        segments : ndarray of int, shape (n_segments, 2), optional
            Known speech segments in frames; None finds them.

        Returns
        -------
        Frames
        """
        fbank_db = self.filterbank(samples)
        if self.vad is None:
            segments = np.array([[0, len(fbank_db)]])
        elif segments is None:
            segments = self.vad.segments(fbank_db)
        speech = [fbank_db[start:stop] for start, stop in segments]
        kept = np.concatenate(speech) if speech else fbank_db
        features = normalise(kept, self.normalisation).astype(np.float16)
        return Frames(features, segments, len(fbank_db), average_features(kept))

    def filterbank(self, samples: np.ndarray) -> np.ndarray:
        """Compute filterbanks (T, F) of samples (n_samples,), before normalisation."""
        if self.channel is not None:
            samples = self.channel(samples, self.sample_rate_hz)
        if self.largest_offset is not None:
            samples = remove_offset(samples, self.largest_offset)
        if self.scale_to_peak:
            samples = samples / np.abs(samples).max()
        import torch

        with torch.inference_mode():
            return self.fbank(torch.from_numpy(samples)[None])[0].numpy()


def remove_offset(samples: np.ndarray, largest: float) -> np.ndarray:
    """Take the mean off samples if it is large; see `FrontEnd`.

    Example
    -------
    >>> remove_offset(np.array([0.5, 1.5]), 0.05)
    array([-0.5,  0.5])
    >>> remove_offset(np.array([1.0, 1.0]), 0.05)  # nothing would be left
    array([1., 1.])
    """
    mean, deviation = samples.mean(), samples.std()
    return samples - mean if abs(mean) > largest * deviation > 0 else samples


def normalise(features: np.ndarray, kind: str) -> np.ndarray:
    """Normalise one utterance.

    Parameters
    ----------
    features : ndarray of shape (T, F)
    kind : str
        ``mean``: zero mean over time in every channel. ``mean_std``: unit variance
        as well. ``level``: zero mean over time and channels together, which keeps
        the average spectrum of voice and recording device. ``frame``: every frame
        to zero mean and unit variance over its channels, as Deep Speaker's
        reference code does. ``none``: as it is.

    Returns
    -------
    ndarray of shape (T, F)

    Example
    -------
    >>> normalise(np.array([[1.0, 2.0], [3.0, 6.0]]), "mean")
    array([[-1., -2.], [ 1.,  2.]])
    """
    if kind == "none":
        return features
    if kind == "level":
        return features - features.mean()
    axis = 1 if kind == "frame" else 0
    centred = features - features.mean(axis, keepdims=True)
    if kind == "mean":
        return centred
    return centred / np.maximum(features.std(axis, keepdims=True), 1e-3)
