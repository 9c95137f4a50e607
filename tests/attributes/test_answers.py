"""What recordings are told, and when nothing is."""

import sys

import numpy as np
import pytest
import soundfile

from tests.systems.folders import write_system, write_voice
from utils.attributes.answers import Answers, AttributeTeller, as_json, find_heads
from utils.attributes.files import StoredHead, load_head, save_head
from utils.attributes.fitting import FittedHead
from utils.attributes.heads import Calibration, Head, Layer
from utils.attributes.inputs import BOTH, EMBEDDING
from utils.attributes.inputs import PITCH as PITCH_ALONE
from utils.attributes.labels import CLASSES, NUMBER, Task
from utils.attributes.typicality import Typicality
from utils.models.experiment import model_hash
from utils.runtime.errors import UserError
from utils.verification import recordings
from utils.verification.verifier import open_verifier

DIM, N_VOICE = 16, 34


def make_head(weights, task, limit=np.inf, calibration=None, errors=()):
    layer = Layer(weights, np.zeros(weights.shape[1]))
    n_dims = len(weights)
    head = Head((layer,), n_classes=len(task.classes), lowest=6.0, highest=80.0)
    typicality = Typicality(np.zeros(n_dims), np.eye(n_dims), limit)
    return FittedHead(head, calibration, typicality, np.array(errors), 0.0, 0.0)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_system(tmp_path_factory.mktemp("system") / "model")


@pytest.fixture
def voice(tmp_path, monkeypatch):
    """A harmonic sound of 130 Hz, which counts as speech."""
    monkeypatch.setattr(recordings, "speech_likelihood", lambda *_: 1.0)
    return write_voice(tmp_path / "voice.wav", 130)


@pytest.fixture
def tell(folder):
    def tell_by(fitted, task, path, inputs=EMBEDDING, least=0.6):
        facts = {"inputs": inputs}
        head = StoredHead(fitted, task, model_hash(folder), facts)
        return AttributeTeller(open_verifier(folder), [head], least)(path).attributes[0]

    return tell_by


GENDER = Task("gender", CLASSES, ("f", "m"))
PITCH = np.zeros((DIM + N_VOICE, 2))
PITCH[DIM + 2] = 1, -1  # the median pitch in semitones: 130 Hz are 84.3
LOW = Calibration(0.5, np.array([-88.0, 0.0]))  # even at 88 semitones, 161 Hz


def test_measures_of_the_voice_tell_with_probabilities(tell, voice):
    told = tell(make_head(PITCH, GENDER, calibration=LOW), GENDER, voice, BOTH)
    assert told.value == "m" and not told.reason
    assert sum(told.probabilities.values()) == pytest.approx(1)
    gap = 88 - 12 * np.log2(130)
    expected = 1 / (1 + np.exp(-gap))
    assert told.probabilities["m"] == pytest.approx(expected, abs=0.02)
    assert told.text == "gender: m (m 0.98, f 0.02)"


def test_the_median_pitch_alone_tells(tell, voice):
    fitted = make_head(PITCH[[DIM + 2]], GENDER, calibration=LOW)
    told = tell(fitted, GENDER, voice, PITCH_ALONE)
    assert told.text == "gender: m (m 0.98, f 0.02)"


def test_the_probability_decides_whether_a_class_is_told(tell, voice):
    task = Task("gender", CLASSES, ("f", "m"), where=("age>=16",))
    told = tell(make_head(np.zeros((DIM, 2)), task), task, voice)
    assert told.value == "" and told.probabilities == {"f": 0.5, "m": 0.5}
    assert told.text == (
        "gender (age>=16): cannot tell: no class has a probability of 0.6 "
        "(f 0.50, m 0.50)"
    )
    assert (
        tell(make_head(np.zeros((DIM, 2)), task), task, voice, least=0.5).value == "f"
    )


def test_what_lies_elsewhere_cannot_be_told(tell, voice):
    fitted = make_head(np.zeros((DIM, 2)), GENDER, limit=0.0)
    told = tell(fitted, GENDER, voice, least=0.0)
    assert told.reason == "unlike the voices it was learnt on" and not told.value
    assert as_json(voice, Answers([told], ""))["attributes"][0]["value"] is None


def test_a_number_has_an_interval_within_what_was_learnt(tell, voice):
    task = Task("age", NUMBER)
    fitted = make_head(np.zeros((DIM, 1)), task, errors=[3.0, 8.0])
    told = tell(fitted, task, voice)
    assert told.interval == (6.0, 14.0)  # 6 is the least that was learnt
    assert told.text == "age: 6 (90 %: 6 to 14)"
    assert as_json(voice, Answers([told], ""))["attributes"][0]["interval_90"] == [
        6.0,
        14.0,
    ]


@pytest.mark.parametrize("kind", ["silence", "noise", "music"])
def test_what_is_no_speech_cannot_be_told(tell, tmp_path, kind):
    rng, time_s = np.random.default_rng(0), np.arange(48000) / 16000
    chord = sum(np.sin(2 * np.pi * hz * time_s) for hz in (262, 330, 392))
    samples = {
        "silence": 1e-4 * rng.standard_normal(48000),
        "noise": 0.1 * rng.standard_normal(48000),
        "music": 0.1 * chord,
    }[kind]
    path = tmp_path / f"{kind}.wav"
    soundfile.write(path, samples, 16000)
    told = tell(make_head(np.zeros((DIM, 2)), GENDER), GENDER, path, least=0.0)
    assert told.reason == "no speech in it: silence, music or noise"


def test_another_system_s_heads_are_refused(folder):
    head = StoredHead(make_head(PITCH, GENDER), GENDER, "b" * 64, {"model": "theirs"})
    with pytest.raises(UserError, match=r"belongs to another model .* theirs; name"):
        AttributeTeller(open_verifier(folder), [head], 0.6)


def test_heads_are_found_beside_the_system(folder):
    with pytest.raises(UserError, match=r"no heads; learn one with \./run\.sh"):
        list(find_heads([], folder))
    stored = StoredHead(make_head(PITCH, GENDER), GENDER, model_hash(folder), {})
    save_head(folder / "attributes/gender", stored)
    assert list(find_heads([], folder)) == [folder / "attributes/gender"]


def test_the_heads_of_the_shipped_model_tell_a_pitch(root):
    """They belong to it, and tell low and high voices, but none beyond all people's."""
    model = root / "recipes/general/model"
    heads = [load_head(folder) for folder in find_heads([], model)]
    assert {head.model_sha256 for head in heads} == {model_hash(model)}
    gender = next(head for head in heads if head.task.column == "gender")
    assert gender.inputs == PITCH_ALONE and gender.task.where == ("age>=16",)
    pitch_st = 12 * np.log2(np.array([[110.0], [220.0], [30.0]]))
    told = gender.fitted(pitch_st).argmax(axis=1)
    assert [gender.task.classes[place] for place in told[:2]] == ["m", "f"]
    typical = gender.fitted.typicality.is_typical(pitch_st)
    assert typical.tolist() == [True, True, False]


def test_the_program_answers(folder, voice, tmp_path, monkeypatch, capsys):
    from local import attributes

    fitted = make_head(PITCH, GENDER, calibration=LOW)
    facts = {"inputs": BOTH, "model": str(folder)}
    stored = StoredHead(fitted, GENDER, model_hash(folder), facts)
    save_head(tmp_path / "head", stored)
    words = [voice, "--heads", tmp_path / "head", "--json", tmp_path / "told.json"]
    monkeypatch.setattr(sys, "argv", ["", *map(str, words)])
    attributes.main()
    said = capsys.readouterr().out.splitlines()
    assert said[0] == str(voice) and said[1].startswith("  gender: m")
    assert '"value": "m"' in (tmp_path / "told.json").read_text()


def test_channels_that_are_mixed_are_remarked_on(folder, voice, tmp_path):
    samples, rate_hz = soundfile.read(voice)
    both = tmp_path / "both.wav"
    soundfile.write(both, np.stack([samples, samples[::-1]], axis=1), rate_hz)
    tell = AttributeTeller(open_verifier(folder), [], 0.6)
    answers = tell(both)
    assert "the mean of its 2 channels is heard" in answers.remark
    assert as_json(both, answers)["remark"] == answers.remark
    assert tell(both, channel=0).remark == tell(voice).remark == ""
