"""Who speaks when, while the sound is still coming."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from utils.audio.resampling import Resampler, resample
from utils.diarization.assembly import tidy
from utils.diarization.network_segmenter import FIRST_FRAME, local_activity
from utils.diarization.segmentation import FRAME_S
from utils.diarization.turns import Turn
from utils.diarization.voices import VoiceEmbedder
from utils.live.memory import NOBODY, SpeakerMemory
from utils.models.pyannet import SAMPLE_RATE_HZ, STEP_SAMPLES, WINDOW_S, PyanNet

_N_WINDOW = int(WINDOW_S / FRAME_S)  # frames
_LEAST_SAMPLES = 8000  # that the network hears at once


class OnlinePace(NamedTuple):
    """How soon it is told who speaks, and by what.

    Attributes
    ----------
    step_s : float
        Between answers.
    wait_s : float
        Sound after a moment, before it is told who spoke in it. Step and wait together
        are the latency.
    continuity : float
        What having talked before in the same window adds to a cosine.
    longest_pause_s, shortest_s : float
        See `utils.diarization.diarizer.Diarizer`.
    """

    step_s: float
    wait_s: float
    continuity: float
    longest_pause_s: float
    shortest_s: float


class Change(NamedTuple):
    """A speaker, numbered from 0, begins or ends."""

    time_s: float
    speaker: int
    begins: bool


@dataclass(frozen=True)
class OnlineModels:
    """What hears: who talks in a window, and whose voice it is."""

    network: PyanNet
    embedder: VoiceEmbedder


class ConversationListener:
    """Take sound in chunks of any size, and tell who speaks; what was told stays.

    Every step, the network hears the last 10 s, and what its speakers say alone is
    embedded; each is given to a speaker of the conversation, by voice
    (`utils.live.memory.SpeakerMemory`) and by who talked in the window before. Frames
    older than the wait are told. What is remembered is bounded.

    Parameters
    ----------
    models : OnlineModels
    memory : SpeakerMemory
        Without voices at first.
    rate_hz : int
        Rate of the sound that comes.
    pace : OnlinePace
    """

    def __init__(
        self,
        models: OnlineModels,
        memory: SpeakerMemory,
        rate_hz: int,
        pace: OnlinePace,
    ) -> None:
        self._models, self.memory, self._pace = models, memory, pace
        self._resampler = Resampler(rate_hz, SAMPLE_RATE_HZ)
        self._pending = np.zeros(0, dtype=np.float32)  # less than a step
        self._window = np.zeros(0, dtype=np.float32)
        self._n_heard = self._n_told = 0  # frames
        self._past = np.zeros((0, 0), dtype=bool)  # what was told in the window (T, K)

    @property
    def told_s(self) -> float:
        """The time up to which it was told who speaks."""
        return self._n_told * FRAME_S

    def __call__(self, chunk: np.ndarray) -> list[Change]:
        """Take samples (n,) in [-1, 1]; returns what is told now, by time."""
        self._pending = np.concatenate([self._pending, self._resampler(chunk)])
        size = round(self._pace.step_s / FRAME_S) * STEP_SAMPLES
        n_wait = round(self._pace.wait_s / FRAME_S)
        changes: list[Change] = []
        while len(self._pending) >= size:
            self._hear(self._pending[:size])
            self._pending = self._pending[size:].copy()
            changes += self._tell(self._n_heard - n_wait)
        return changes

    def finish(self) -> list[Change]:
        """Tell the rest: there comes no more."""
        rest = np.concatenate([self._pending, self._resampler.finish()])
        self._hear(np.pad(rest, (0, -len(rest) % STEP_SAMPLES)))
        changes = self._tell(self._n_heard)
        ends = [
            Change(self.told_s, int(own), False)
            for row in self._past[-1:]
            for own in np.flatnonzero(row)
        ]
        return [*changes, *ends]

    def _hear(self, samples: np.ndarray) -> None:
        """Move the window on by samples of whole frames."""
        self._window = np.concatenate([self._window, samples])
        self._window = self._window[-_N_WINDOW * STEP_SAMPLES :]
        self._n_heard += len(samples) // STEP_SAMPLES
        n_past = self._n_told - self._first
        self._past = self._past[max(len(self._past) - n_past, 0) :]

    @property
    def _first(self) -> int:
        """The first frame of the window."""
        return self._n_heard - len(self._window) // STEP_SAMPLES

    def _tell(self, until: int) -> list[Change]:
        """Decide who speaks in the frames that were not told, up to one."""
        if until <= self._n_told:
            return []
        active = self._activity()  # (T, S)
        n_past, n_new = self._n_told - self._first, until - self._n_told
        labels = self._label(active, n_past, n_new)
        new = np.zeros((n_new, len(self.memory)), dtype=bool)
        for local, speaker in labels.items():
            new[:, speaker] |= active[n_past : n_past + n_new, local]
        n_more = len(self.memory) - self._past.shape[1]
        past = np.pad(self._past, ((0, 0), (0, n_more)))
        before = past[-1:] if len(past) else np.zeros((1, len(self.memory)), bool)
        steps = np.diff(np.concatenate([before, new]).astype(np.int8), axis=0)
        changes = [
            Change((self._n_told + int(frame)) * FRAME_S, int(speaker), begins)
            for frame, speaker in np.argwhere(steps)
            for begins in (bool(steps[frame, speaker] > 0),)
        ]
        self._past, self._n_told = np.concatenate([past, new]), until
        return changes

    def _activity(self) -> np.ndarray:
        """Return who of the local speakers talks in the frames of the window (T, S)."""
        short = max(_LEAST_SAMPLES - len(self._window), 0)
        window = np.pad(self._window, (0, short))
        found = local_activity(self._models.network, window[None])[0]
        active = np.zeros((len(self._window) // STEP_SAMPLES, found.shape[1]), bool)
        for local, own in enumerate(found.T):
            for start, stop in tidy(
                own, self._pace.longest_pause_s, self._pace.shortest_s
            ):
                active[start + FIRST_FRAME : stop + FIRST_FRAME, local] = True
        return active

    def _label(self, active: np.ndarray, n_past: int, n_new: int) -> dict[int, int]:
        """Give those who talk after what was told to speakers, and learn their voices.

        Returns
        -------
        dict of int
            The speaker of each local one.
        """
        new = active[n_past : n_past + n_new]  # (n_new, S)
        is_due = np.array(new.any(axis=0))
        embedder = self._models.embedder
        rate_hz = embedder.front_end.sample_rate_hz
        samples = resample(self._window, SAMPLE_RATE_HZ, rate_hz)
        voices = embedder.of_window(samples, active, is_due)
        if not len(voices.locals):
            return {}
        bonus = self._pace.continuity * self._continuity(active[:n_past])
        labels = self.memory.assign(
            voices.embeddings, voices.clean_s, bonus[voices.locals]
        )
        fresh_s = FRAME_S * (new & (new.sum(axis=1, keepdims=True) == 1)).sum(axis=0)
        weights = fresh_s[voices.locals]
        is_first = labels >= len(self.memory)
        weights = np.where(is_first, voices.clean_s, weights)
        self.memory.update(voices.embeddings, voices.clean_s, labels, weights)
        return {
            int(local): int(label)
            for local, label in zip(voices.locals, labels, strict=True)
            if label != NOBODY
        }

    def _continuity(self, active: np.ndarray) -> np.ndarray:
        """Compare who talks in the window (T, S) with what was told of it.

        Returns
        -------
        ndarray of shape (S, K)
            From 1, where all that a local speaker said was told to be a speaker's, to
            -1, where all that was told of the speaker is another local speaker's.
        """
        together = active.T.astype(float) @ self._past  # (S, T) @ (T, K)
        mine = together / np.maximum(active.sum(axis=0), 1)[:, None]
        theirs = together / np.maximum(self._past.sum(axis=0), 1)
        rivals = [
            np.delete(theirs, own, axis=0).max(axis=0) for own in range(len(mine))
        ]
        return mine - np.array(rivals)


def join_changes(file: str, changes: Sequence[Change]) -> list[Turn]:
    """Make turns of beginnings and ends.

    Example
    -------
    >>> changes = [Change(1.0, 0, True), Change(2.5, 0, False)]
    >>> join_changes("call", changes)
    [Turn(file='call', channel='1', start_s=1.0, duration_s=1.5, speaker='speaker-1')]
    """
    began: dict[int, float] = {}
    turns = []
    for change in changes:
        if change.begins:
            began[change.speaker] = change.time_s
        else:
            start_s = began.pop(change.speaker)
            name = f"speaker-{change.speaker + 1}"
            turns.append(Turn(file, "1", start_s, change.time_s - start_s, name))
    return turns
