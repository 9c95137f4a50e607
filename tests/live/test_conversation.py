"""Turns while the sound comes, with a network and an embedder that see the truth.

The sample's value says who talks: 0.1 one, 0.2 the other, 0.3 both.
"""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from utils.diarization.agglomerative import Agglomerative
from utils.diarization.segmentation import FRAME_S
from utils.diarization.voices import Voices
from utils.live.conversation import (
    ConversationListener,
    OnlineModels,
    OnlinePace,
    join_changes,
)
from utils.live.memory import MemoryRules, SpeakerMemory
from utils.models.pyannet import FIELD_SAMPLES, STEP_SAMPLES, powerset

PACE = OnlinePace(0.5, 0.49, 0.3, longest_pause_s=0.1, shortest_s=0.1)
TALKERS = {0: (), 1: (0,), 2: (1,), 3: (0, 1)}


def talkers(samples):
    return np.rint(10 * samples).astype(int)


def see(windows):
    """Stand for the network; who is which local speaker changes with the window."""
    samples = windows[0].numpy()
    n_frames = (len(samples) - FIELD_SAMPLES) // STEP_SAMPLES + 1
    centres = np.arange(n_frames) * STEP_SAMPLES + FIELD_SAMPLES // 2
    places = np.roll(np.arange(3), int(1000 * abs(samples).sum()) % 3)
    members = np.zeros((n_frames, 3))
    for frame, who in enumerate(talkers(samples[centres])):
        members[frame, places[list(TALKERS[who])]] = 1
    same = (members[:, None] == powerset().numpy()).all(axis=2)  # (T, 7)
    return torch.from_numpy(np.where(same, 0.0, -9.0))[None]


class Embedder:
    """Embeds a local speaker by whose samples they are."""

    front_end = SimpleNamespace(sample_rate_hz=16000)

    def of_window(self, samples, active, wanted):
        starts = np.arange(len(active)) * STEP_SAMPLES + STEP_SAMPLES // 2
        who = talkers(samples[starts])
        found = []
        for local in np.flatnonzero(wanted):
            alone = active[:, local] & (active.sum(axis=1) == 1)
            if alone.sum() * FRAME_S >= 0.25:
                speaker = np.bincount(who[alone], minlength=3)[1:3].argmax()
                found.append((local, alone.sum() * FRAME_S, np.eye(2)[speaker]))
        if not found:
            return Voices(
                np.zeros(0, int), np.zeros(0, int), np.zeros(0), np.zeros((0, 0))
            )
        locals_, clean_s, vectors = (np.array(c) for c in zip(*found, strict=True))
        return Voices(np.zeros(len(found), int), locals_, clean_s, vectors)


def make(*parts):
    return np.concatenate(
        [np.full(round(16000 * s), 0.1 * who, np.float32) for s, who in parts]
    )


def listen(samples, size=1600):
    """Return the listener, and of each chunk the time heard and the changes."""
    memory = SpeakerMemory(Agglomerative(0.5), MemoryRules(threshold=0.5, new_s=0.4))
    listener = ConversationListener(OnlineModels(see, Embedder()), memory, 16000, PACE)
    heard = []
    for start in range(0, len(samples), size):
        changes = listener(samples[start : start + size])
        heard.append((min(start + size, len(samples)) / 16000, changes))
        assert listener.told_s > heard[-1][0] - 1.0 - size / 16000
    return listener, [*heard, (len(samples) / 16000, listener.finish())]


CALL = make((1, 0), (6, 1), (0.5, 0), (5, 2), (1, 3), (4, 1), (9, 0), (3, 2), (1.3, 0))
TRUTH = [(1, 7, 0), (7.5, 13.5, 1), (12.5, 17.5, 0), (26.5, 29.5, 1)]


def test_turns_are_those_that_were_spoken():
    _, heard = listen(CALL)
    turns = join_changes("a", [change for _, own in heard for change in own])
    found = sorted((own.start_s, own.stop_s, own.speaker) for own in turns)
    for (start, stop, speaker), truth in zip(found, TRUTH, strict=True):
        assert (start, stop) == pytest.approx(truth[:2], abs=0.05)
        assert speaker == f"speaker-{truth[2] + 1}"


def test_what_is_told_is_told_within_a_second_and_in_order():
    _, heard = listen(CALL, size=800)
    times = [change.time_s for _, own in heard for change in own]
    assert times == sorted(times)
    for now_s, changes in heard:
        for change in changes:
            assert now_s - change.time_s <= 1.0 + 800 / 16000


@pytest.mark.parametrize("size", [333, 16000, 10**6])
def test_chunks_of_any_size_tell_the_same(size):
    expected = [change for _, own in listen(CALL)[1] for change in own]
    assert [change for _, own in listen(CALL, size)[1] for change in own] == expected


def test_a_speaker_who_talks_at_the_end_ends_with_the_sound():
    _, heard = listen(make((0.2, 0), (3, 1)))
    last = heard[-1][1][-1]
    assert not last.begins and last.time_s == pytest.approx(3.2, abs=0.06)


@pytest.mark.parametrize("samples", [make((5, 0)), make((0.01, 1)), np.zeros(0, "f4")])
def test_no_speech_and_next_to_nothing(samples):
    listener, heard = listen(samples)
    assert not any(changes for _, changes in heard) and len(listener.memory) == 0


def test_memory_is_that_of_a_window():
    listener, _ = listen(np.tile(CALL, 4), size=16000)
    assert len(listener._window) <= 160000 and len(listener._past) <= 600
