"""Listening: chunks of any size, the end as offline, memory that does not grow."""

import tracemalloc

import numpy as np
import pytest
import soundfile

from tests.systems.folders import write_system
from tests.verification.voices import speak
from utils.live.listener import Listener, Pace
from utils.speakers.gallery import Gallery
from utils.verification import recordings
from utils.verification.verifier import open_verifier

FORMANTS_HZ = (500.0, 1500.0, 2500.0, 3500.0)
NAMES = ["anna", "bo", "cid"]


@pytest.fixture(scope="module")
def verifier(tmp_path_factory):
    return open_verifier(write_system(tmp_path_factory.mktemp("x") / "system"))


@pytest.fixture(autouse=True)
def sounds_are_speech(monkeypatch):
    monkeypatch.setattr(recordings, "speech_likelihood", lambda *_: 1.0)


@pytest.fixture
def voice(rng):
    return speak(rng, np.array(FORMANTS_HZ), 9.37).astype("f4")


@pytest.fixture
def gallery(verifier, rng):
    embeddings = rng.standard_normal((3, 16)).astype("f4")
    return Gallery(verifier.system, NAMES, embeddings)


def hear_all(listener, chunks):
    moments = [moment for chunk in chunks for moment in listener(chunk)]
    return [*moments, listener.finish()]


@pytest.mark.parametrize("rate_hz", [16000, 8000, 44100])
def test_answers_do_not_depend_on_the_chunks(rng, verifier, gallery, voice, rate_hz):
    def listen(chunks):
        return hear_all(Listener(verifier, gallery, rate_hz, 0.5), chunks)

    expected = listen([voice])
    for places in (range(1, 90), np.sort(rng.integers(0, len(voice), 40)), [5, 5, 6]):
        found = listen(np.split(voice, places))
        assert [own.time_s for own in found] == [own.time_s for own in expected]
        for ours, theirs in zip(found, expected, strict=True):
            assert ours.speech_s == theirs.speech_s
            for one, other in ((ours.now, theirs.now), (ours.so_far, theirs.so_far)):
                assert (one is None) == (other is None)
                if one and other:
                    assert one.embedding @ other.embedding > 1 - 1e-5
                    assert one.found.name == other.found.name


@pytest.mark.parametrize("rate_hz", [16000, 8000])
def test_the_end_is_the_offline_embedding(tmp_path, verifier, voice, rate_hz):
    path = tmp_path / "a.wav"
    soundfile.write(path, voice, rate_hz, subtype="FLOAT")
    (offline,) = verifier.system.embed([path])
    end = hear_all(Listener(verifier, None, rate_hz), np.split(voice, 50 * [7000]))[-1]
    assert end.so_far.embedding @ offline >= 0.9999
    assert end.now is None and not end.refused


def test_windows_hold_the_newest_speech_and_their_sum_is_known(verifier, voice):
    listener = Listener(verifier, None, 16000, pace=Pace(1.0, 1.0, 1.0, longest_s=2.0))
    *moments, end = hear_all(listener, [voice])
    assert len(moments) >= 4
    assert [own.speech_s for own in moments] == list(range(1, len(moments) + 1))
    windows = np.stack([own.now.embedding for own in moments])
    mean = windows.mean(axis=0, dtype=np.float64)
    np.testing.assert_allclose(
        end.so_far.embedding, mean / np.linalg.norm(mean), atol=1e-6
    )  # longer than is kept: the mean of the windows
    speech = voice[: 16000 * 1]
    assert windows[0] @ verifier.system.embed([speech])[0] > 0.9


def test_the_people_are_ranked_against_the_threshold(verifier, gallery, voice):
    scores = []
    for threshold in (-2.0, 2.0):
        *_, end = hear_all(Listener(verifier, gallery, 16000, threshold), [voice])
        best = end.so_far.found.matches[0]
        assert end.so_far.found.name == (best.name if threshold < 0 else None)
        scores.append(best.llr)
    assert scores[0] == scores[1] == gallery.score(end.so_far.embedding).max()
    assert set(end.as_dict()) == {"time_s", "speech_s", "now", "so_far", "refused"}


def test_what_is_no_speech_is_refused(monkeypatch, verifier, gallery, voice):
    monkeypatch.setattr(recordings, "speech_likelihood", lambda *_: 0.1)
    for moment in hear_all(Listener(verifier, gallery, 16000), [voice]):
        assert "no speech" in moment.refused
        assert moment.now is None and moment.so_far is None
    end = Listener(verifier, gallery, 16000).finish()
    assert end.refused == "no sound" and end.as_dict()["so_far"] is None


def test_memory_does_not_grow(verifier, voice):
    listener = Listener(verifier, None, 16000, pace=Pace(1.0, 5.0, 5.0, longest_s=10.0))
    sizes = []
    tracemalloc.start()
    for _ in range(8):
        for _ in range(4):
            listener(voice)
        sizes.append(tracemalloc.get_traced_memory()[0])
    tracemalloc.stop()
    assert listener.time_s > 290
    one_second = 16000 * 4  # bytes, of the 220 that were heard between
    assert sizes[-1] - sizes[1] < one_second
