import numpy as np
import pytest

from tests.systems.folders import write_system
from utils.speakers.gallery import Gallery
from utils.speakers.naming import name_voices
from utils.systems.system import open_system

SIZE = 16


@pytest.fixture(scope="module")
def gallery(tmp_path_factory):
    folder = write_system(tmp_path_factory.mktemp("systems") / "tiny")
    people = np.linalg.qr(np.random.default_rng(0).normal(size=(SIZE, SIZE)))[0][:4]
    system = open_system(folder, "cosine+cal")
    return Gallery(system, ["anna", "bo", "carl", "dora"], people.astype(np.float32))


def between(gallery, first, second, share):
    voice = (1 - share) * gallery.embeddings[first] + share * gallery.embeddings[second]
    return voice / np.linalg.norm(voice)


def threshold_at(gallery, cosine):
    voice = cosine * gallery.embeddings[0]
    voice = voice + np.sqrt(1 - cosine**2) * gallery.embeddings[1]
    return float(gallery.score(voice)[0])


def test_names_and_nobody(gallery):
    stranger = np.ones(SIZE) @ (
        np.eye(SIZE) - gallery.embeddings.T @ gallery.embeddings
    )
    voices = np.stack([gallery.embeddings[2], stranger / np.linalg.norm(stranger)])
    threshold = threshold_at(gallery, 0.5)
    known, unknown = name_voices(gallery, voices, threshold, [9.0, 9.0])
    assert known.name == "carl" and known.text.startswith("carl ")
    assert unknown.name is None and unknown.text.startswith("nearest ")
    assert f"needs {threshold:.2f}" in unknown.text


def test_two_voices_never_have_one_name(gallery):
    voices = [between(gallery, 0, 1, share) for share in (0.3, 0.1, 0.4)]
    voices += [voices[1].copy()]  # the same voice again, as in a doubled channel
    found = name_voices(
        gallery, np.stack(voices), threshold_at(gallery, 0.5), 4 * [9.0]
    )
    assert [own.name for own in found].count("anna") == 1
    assert all(own.name in ("anna", None) for own in found)
    assert (
        found[0].name is None
        and "another voice here is nearer to anna" in found[0].text
    )
    assert found[1].name == "anna" or found[3].name == "anna"


def test_little_speech_is_not_judged(gallery):
    voices = gallery.embeddings[:2]
    first, second = name_voices(gallery, voices, -99.0, [0.4, 2.0], least_speech_s=1.0)
    assert first.name is None and first.text == "0.4 s of speech, a name needs 1.0"
    assert second.name == "bo"


def test_an_unjudged_voice_takes_nothing_from_others(gallery):
    voices = np.stack([gallery.embeddings[0], between(gallery, 0, 1, 0.2)])
    _, second = name_voices(
        gallery, voices, threshold_at(gallery, 0.5), [0.1, 5.0], 1.0
    )
    assert second.name == "anna"
