"""Follow a voice while it speaks: windows, what is known so far, and the end."""

from collections import deque
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from utils.audio.quality import estimate_snr_db
from utils.audio.resampling import Resampler
from utils.live.activity import BLOCK_S, SpeechActivity
from utils.speakers.gallery import Gallery, Identification
from utils.speakers.recogniser import Recogniser
from utils.verification.recordings import hear
from utils.verification.verifier import Verifier

_RECENT_S = 10.0  # of sound, that tells how noisy it is


class Pace(NamedTuple):
    """How often there is an answer, and of how much sound.

    Attributes
    ----------
    window_s : float
        Speech that the sliding window holds.
    hop_s : float
        New speech from one answer to the next.
    first_s : float
        Speech before the first answer.
    longest_s : float
        Sound that is kept, to embed all of it at the end.
    """

    window_s: float = 3.0
    hop_s: float = 2.0
    first_s: float = 2.0
    longest_s: float = 60.0


class Heard(NamedTuple):
    """An embedding (D,) of unit length, and whose voice it is."""

    embedding: np.ndarray
    found: Identification | None

    def as_dict(self) -> dict[str, object]:
        """Return whose voice it is, None for nobody's, and the nearest."""
        if self.found is None:
            return {}
        nearest = [match._asdict() for match in self.found.matches]
        return {
            "name": self.found.name,
            "threshold": self.found.threshold,
            "matches": nearest,
        }


@dataclass(frozen=True)
class Moment:
    """An answer at some time.

    Attributes
    ----------
    time_s, speech_s : float
        Sound and speech that had come.
    now : Heard or None
        The sliding window's speech; None where it is refused.
    so_far : Heard or None
        All speech since the start; None where there was none but refused.
    refused : str
        Why the window is not judged; empty where it is.
    """

    time_s: float
    speech_s: float
    now: Heard | None
    so_far: Heard | None
    refused: str = ""

    def as_dict(self) -> dict[str, object]:
        """Return what is written as JSON.

        Example
        -------
        >>> Moment(1.5, 1.0, None, None, "no speech").as_dict()["now"] is None
        True
        """
        return {
            "time_s": self.time_s,
            "speech_s": self.speech_s,
            "now": self.now and self.now.as_dict(),
            "so_far": self.so_far and self.so_far.as_dict(),
            "refused": self.refused or None,
        }


class Listener:
    """Take sound in chunks of any size; answer as soon as there is new speech.

    Sound is worked on in blocks of 0.1 s, so that answers do not depend on the chunks.
    Memory does not grow with time. There are kept: the window's speech; sound and
    levels of ten seconds; the sum of the embeddings of all windows, which is what is
    known so far; and the sound itself until it is longer than ``longest_s``, when it is
    dropped. The end of a shorter recording is the embedding of all of it, as if it had
    come in one piece; that of a longer one is the mean of its windows.

    Parameters
    ----------
    verifier : Verifier
    gallery : Gallery or None
        The people who may be speaking.
    rate_hz : int
        Rate of the sound that comes.
    threshold : float, optional
        See `Gallery.identify`.
    pace : Pace
    """

    def __init__(
        self,
        verifier: Verifier,
        gallery: Gallery | None,
        rate_hz: int,
        threshold: float | None = None,
        pace: Pace = Pace(),  # noqa: B008 - a constant
    ) -> None:
        self._verifier, self._gallery, self._pace = verifier, gallery, pace
        self._threshold = threshold
        self._rate_hz = verifier.system.front_end.sample_rate_hz
        self._resampler = Resampler(rate_hz, self._rate_hz)
        self._activity = SpeechActivity()
        self._pending = np.zeros(0, dtype=np.float32)
        self._window: deque[np.ndarray] = deque(maxlen=round(pace.window_s / BLOCK_S))
        self._recent: deque[np.ndarray] = deque(maxlen=round(_RECENT_S / BLOCK_S))
        self._whole: list[np.ndarray] | None = []
        self._sum: np.ndarray | float = 0.0
        self._n_blocks = self._n_speech = 0
        self._next_speech = round(pace.first_s / BLOCK_S)
        self.is_speech = False

    @property
    def time_s(self) -> float:
        """Sound that was worked on."""
        return self._n_blocks * BLOCK_S

    @property
    def speech_s(self) -> float:
        """Speech among it."""
        return self._n_speech * BLOCK_S

    def __call__(self, chunk: np.ndarray) -> list[Moment]:
        """Take samples (n,) in [-1, 1]; returns the answers that they led to."""
        self._pending = np.concatenate([self._pending, self._resampler(chunk)])
        size = round(BLOCK_S * self._rate_hz)
        n_whole = len(self._pending) // size
        blocks = self._pending[: n_whole * size].reshape(n_whole, size)
        self._pending = self._pending[n_whole * size :].copy()
        answers = map(self._take, blocks)
        return [moment for moment in answers if moment is not None]

    def finish(self) -> Moment:
        """Return the last answer, about the whole: there comes no more."""
        self._pending = np.concatenate([self._pending, self._resampler.finish()])
        if self._whole is None:
            return self._moment(None, self._so_far(), "")
        whole = np.concatenate([*self._whole, self._pending])
        embedding, refused = self._embed(whole, whole)
        return self._moment(None, embedding, refused)

    def _take(self, block: np.ndarray) -> Moment | None:
        """Work on a block (n,); an answer where enough new speech is together."""
        self._n_blocks += 1
        self._keep(block.copy())
        self.is_speech = self._activity(block)
        if not self.is_speech:
            return None
        self._n_speech += 1
        self._window.append(block.copy())
        if self._n_speech < self._next_speech:
            return None
        self._next_speech += round(self._pace.hop_s / BLOCK_S)
        recent = np.concatenate(self._recent)
        embedding, refused = self._embed(np.concatenate(self._window), recent)
        if embedding is not None:
            self._add(embedding)
        return self._moment(embedding, self._so_far(), refused)

    def _keep(self, block: np.ndarray) -> None:
        """Keep sound for the end, as long as that is not too much."""
        self._recent.append(block)
        if self._whole is not None:
            self._whole.append(block)
            if self.time_s > self._pace.longest_s:
                self._whole = None

    def _embed(
        self, samples: np.ndarray, around: np.ndarray
    ) -> tuple[np.ndarray | None, str]:
        """Embed sound; or None, and why not.

        Its noise is that of the sound around it, as speech alone has no pauses.
        """
        if not samples.any():
            return None, "no sound"
        recording = hear(samples, self._rate_hz, self._verifier.system.front_end, "")
        snr_db = estimate_snr_db(around, self._rate_hz)
        recording = replace(recording, snr_db=snr_db)
        refused = self._verifier.refusal(recording).removeprefix(": ")
        return (None if refused else self._verifier.embed([recording])[0]), refused

    def _add(self, embedding: np.ndarray) -> None:
        """Let a window count as much as it has new speech."""
        if self.speech_s <= self._pace.window_s:  # it holds all windows before
            self._sum = self.speech_s * embedding.astype(np.float64)
        else:
            self._sum = self._sum + self._pace.hop_s * embedding

    def _so_far(self) -> np.ndarray | None:
        if not np.any(self._sum):
            return None
        return (self._sum / np.linalg.norm(self._sum)).astype(np.float32)

    def _moment(
        self, now: np.ndarray | None, so_far: np.ndarray | None, refused: str
    ) -> Moment:
        return Moment(
            round(self.time_s, 1),
            round(self.speech_s, 1),
            self._identify(now, min(self.speech_s, self._pace.window_s)),
            self._identify(so_far, self.speech_s),
            refused,
        )

    def _identify(self, embedding: np.ndarray | None, speech_s: float) -> Heard | None:
        if embedding is None:
            return None
        if self._gallery is None:
            return Heard(embedding, None)
        found = self._gallery.identify(embedding, self._threshold, speech_s=speech_s)
        return Heard(embedding, found)


def open_listener(
    recogniser: Recogniser,
    rate_hz: int,
    fpir: float | None = 0.01,
    pace: Pace = Pace(),  # noqa: B008 - a constant
) -> Listener:
    """Listen for the people of a store.

    Parameters
    ----------
    recogniser : Recogniser
    rate_hz : int
        Rate of the sound that comes.
    fpir : float, optional
        See `Recogniser.identify`; of each answer.
    pace : Pace

    Raises
    ------
    UserError
        See `Recogniser.gallery`.
    """
    gallery, threshold = recogniser.gallery(fpir)
    return Listener(recogniser.verifier, gallery, rate_hz, threshold, pace)
