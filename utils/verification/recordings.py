"""A recording as a system hears it: its features, and how good it is."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from utils.audio.decoding import audio_length, decode_audio
from utils.audio.long_pauses import shorten_pauses
from utils.audio.quality import measure_quality
from utils.audio.resampling import resample
from utils.audio.speech_frames import LONGEST_S, active_s, take_frames
from utils.audio.speech_likeness import speech_likelihood
from utils.systems.opened import Hearing

LONGEST_READ_S = 1800  # of a file, pauses and all; it bounds the memory


@dataclass(frozen=True)
class Recording:
    """A recording, heard.

    Attributes
    ----------
    name : str
    features : ndarray of shape (T, F), or (n_samples,)
        What the system's encoder, or its graph, takes.
    speech_s : float
        Seconds of active sound, whatever of it the system embeds; see
        `utils.audio.speech_frames.active_s`.
    speech_likelihood : float
        In [0, 1]; see `utils.audio.speech_likeness`.
    rate_hz, snr_db, clipped_share, bandwidth_hz
        See `utils.audio.quality.Quality`.
    n_mixed : int
        Channels whose mean it is.
    is_cut : bool
        Whether its first `LONGEST_S` alone are embedded, or its first `LONGEST_READ_S`
        were read.
    """

    name: str
    features: np.ndarray
    speech_s: float
    speech_likelihood: float
    rate_hz: int
    snr_db: float
    clipped_share: float
    bandwidth_hz: float
    n_mixed: int = 1
    is_cut: bool = False

    @property
    def is_speech(self) -> bool:
        """Whether it is more likely speech than silence, music or noise."""
        return self.speech_s > 0 and self.speech_likelihood >= 0.5

    @property
    def remarks(self) -> list[str]:
        """What to mind of how it is heard."""
        found = []
        if self.n_mixed > 1:
            found.append(
                f"the mean of its {self.n_mixed} channels is heard; where each is "
                "another person's, take one (--channel)"
            )
        if self.is_cut:
            found.append(
                f"its first {LONGEST_S / 60:g} minutes of sound are heard, of "
                f"{LONGEST_READ_S / 60:g} minutes at most"
            )
        return found

    def without_features(self) -> "Recording":
        """Return it without its features, which are large."""
        return replace(self, features=np.empty(0))


def read_recording(
    path: Path | str, front_end: Hearing, channel: int | None = None
) -> Recording:
    """Read a file, or one channel of it, and hear it: the first half hour, at most.

    Raises
    ------
    UserError
        See `utils.audio.decoding.decode_audio`.
    """
    n_samples, rate_hz = audio_length(path)
    n_read = min(n_samples, LONGEST_READ_S * rate_hz)
    samples, rate_hz, n_mixed = decode_audio(path, stop=n_read, channel=channel)
    recording = hear(samples, rate_hz, front_end, str(path), n_mixed)
    return replace(recording, is_cut=recording.is_cut or n_read < n_samples)


def hear(
    samples: np.ndarray, rate_hz: int, front_end: Hearing, name: str, n_mixed: int = 1
) -> Recording:
    """Compute the features of samples and measure their quality.

    Long pauses are left out of the features, and what comes after `LONGEST_S`, which
    bounds time and memory.

    Parameters
    ----------
    samples : ndarray of float32, shape (n_samples,)
        Not all zero.
    rate_hz : int
        Theirs.
    front_end : Hearing
    name : str
    n_mixed : int
        Channels that they are the mean of.
    """
    shortened = shorten_pauses(samples, rate_hz)
    embedded = shortened[: LONGEST_S * rate_hz]
    frames = front_end(resample(embedded, rate_hz, front_end.sample_rate_hz))
    spoken = take_frames(embedded, rate_hz)
    return Recording(
        name,
        frames.features,
        active_s(spoken, len(embedded) / rate_hz),
        speech_likelihood(embedded, rate_hz, spoken),
        **measure_quality(samples, rate_hz)._asdict(),
        n_mixed=n_mixed,
        is_cut=len(embedded) < len(shortened),
    )
