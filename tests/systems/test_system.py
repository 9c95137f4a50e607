import json
import shutil

import numpy as np
import pytest
import soundfile
import torch

from tests.systems.folders import write_system, write_voice
from utils.backend.backend import Backend
from utils.backend.files import save_backend
from utils.runtime.errors import UserError
from utils.systems.folder import have_same_front_end
from utils.systems.system import open_system

VOICES_HZ = (110, 190, 140)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_system(tmp_path_factory.mktemp("systems") / "triplet")


@pytest.fixture
def broken(folder, tmp_path):
    """A copy to spoil."""
    return shutil.copytree(folder, tmp_path / "copy")


@pytest.fixture
def wavs(tmp_path):
    return [write_voice(tmp_path / f"{hz}.wav", hz) for hz in VOICES_HZ]


def test_files_and_samples_have_the_same_embeddings(folder, wavs):
    system = open_system(folder)
    by_file = system.embed(wavs)
    by_samples = system.embed([soundfile.read(wav, dtype="float32")[0] for wav in wavs])
    np.testing.assert_array_equal(by_file, by_samples)
    np.testing.assert_allclose(np.linalg.norm(by_file, axis=1), 1, rtol=1e-5)
    alone = np.concatenate([system.embed([wav]) for wav in wavs])
    np.testing.assert_allclose(alone, by_file, atol=1e-5)


def test_embeddings_are_the_encoders_of_the_features(folder, wavs):
    system = open_system(folder)
    for wav, embedding in zip(wavs, system.embed(wavs), strict=True):
        features = system.front_end(soundfile.read(wav, dtype="float32")[0]).features
        with torch.inference_mode():
            feats = torch.from_numpy(features.astype("f4"))[None]
            expected = system.encoder(feats, torch.tensor([feats.shape[1]]))[0]
        np.testing.assert_allclose(embedding, expected.numpy(), atol=1e-5)


def test_other_rates_are_resampled(folder, tmp_path):
    wide = write_voice(tmp_path / "wide.wav", 110)
    wider = write_voice(tmp_path / "wider.wav", 110, 48000)
    first, second = open_system(folder).embed([wide, wider])
    assert first @ second > 0.99


def test_cosines_of_one_and_of_several_utterances(folder, wavs):
    system = open_system(folder, "cosine")
    embeddings = system.embed(wavs)
    models = system.enrol([embeddings[:1], embeddings[1:]])
    scores = system.score(models, embeddings)
    assert scores.llrs is None and scores.decisions is None
    mean = embeddings[1:].sum(axis=0)
    expected = np.stack([embeddings[0], mean / np.linalg.norm(mean)]) @ embeddings.T
    np.testing.assert_allclose(scores.scores, expected, atol=1e-6)


def test_ratios_are_those_of_the_calibration(folder, wavs):
    system = open_system(folder, "cosine+cal")
    embeddings = system.embed(wavs)
    scores = system.score(system.enrol(embeddings[:, None]), embeddings)
    stored = json.loads((folder / "backends/cosine+cal/backend.json").read_text())
    fusion = stored["calibration"]
    expected = fusion["weights"][0] * scores.scores + fusion["offset"]
    np.testing.assert_allclose(scores.llrs, expected, rtol=1e-6)
    prior = fusion["prior"]
    bayes = np.log((1 - prior) / prior)
    np.testing.assert_array_equal(scores.decisions, scores.llrs >= bayes)


def test_the_back_end_of_the_folder_is_the_default(broken):
    assert open_system(broken).backend.calibration is None  # the cosine
    shutil.move(broken / "backends/cosine+cal", broken / "backend")
    assert open_system(broken).backend.calibration is not None
    assert open_system(broken, "cosine").backend.calibration is None


def test_a_folder_of_an_earlier_version_is_the_same_system(folder, broken, wavs):
    (broken / "encoder.yaml").unlink()
    front_end = broken / "front_end.yaml"
    text = front_end.read_text()
    for package in ("features.front_end", "features.vad"):
        old = package.split(".")[1]
        assert f"!new:utils.{package}." in text
        text = text.replace(f"!new:utils.{package}.", f"!new:utils.{old}.")
    front_end.write_text("# of before\n" + text)
    assert have_same_front_end(folder, broken)
    expected = open_system(folder).embed(wavs)
    np.testing.assert_array_equal(open_system(broken).embed(wavs), expected)


def test_features_of_another_front_end_are_refused(folder, broken, tmp_path):
    system = open_system(folder)
    system.check_features(broken)
    path = broken / "front_end.yaml"
    path.write_text(
        path.read_text().replace("sample_rate_hz: 16000", "sample_rate_hz: 8")
    )
    with pytest.raises(UserError, match="another front-end than"):
        system.check_features(broken)
    with pytest.raises(UserError, match="no such features; run stage 2"):
        system.check_features(tmp_path)


def spoil_weights(folder):
    path = folder / "encoder.pt"
    weights = torch.load(path, weights_only=True)
    torch.save({name: value + 1 for name, value in weights.items()}, path)


def write_others_backend(folder):
    save_backend(folder / "backend", Backend(), "of another model", {})


FAULTS = {
    "other weights": (spoil_weights, "other weights than experiment.json"),
    "no weights": (lambda f: (f / "encoder.pt").unlink(), "no trained model there"),
    "no facts": (lambda f: (f / "experiment.json").unlink(), "missing or broken"),
    "facts cut": (
        lambda f: (f / "experiment.json").write_text('{"a"'),
        "missing or broken",
    ),
    "facts of another kind": (
        lambda f: (f / "experiment.json").write_text("[]"),
        "missing or broken",
    ),
    "no front-end": (lambda f: (f / "front_end.yaml").unlink(), "no such file"),
    "back-end of another model": (write_others_backend, "of another model than"),
    "a command in the record": (
        lambda f: (f / "hyperparams.yaml").write_text("a: !apply:os.getcwd []"),
        "hyperparams.yaml:1: !apply:os.getcwd is not built",
    ),
    "weights cut": (
        lambda f: (f / "encoder.pt").write_bytes((f / "encoder.pt").read_bytes()[:99]),
        "holds no weights",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_broken_folders_are_refused_in_one_line(fault, broken):
    spoil, message = FAULTS[fault]
    spoil(broken)
    with pytest.raises(UserError, match=message) as caught:
        open_system(broken)
    assert "\n" not in str(caught.value)


def test_unknown_back_ends_and_bad_samples_are_refused(folder, tmp_path):
    with pytest.raises(UserError, match="plda: no such back-end"):
        open_system(folder, "plda")
    system = open_system(folder)
    for samples in (np.zeros(8000), np.full(8000, np.nan), np.ones((2, 8000))):
        with pytest.raises(UserError, match="samples 0: one channel of finite samples"):
            system.embed([samples])
    with pytest.raises(UserError, match="absent.wav: no such file"):
        system.embed([tmp_path / "absent.wav"])
