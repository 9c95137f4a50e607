import sys

import numpy as np
import pandas as pd
import pytest
from scipy.signal import fftconvolve

from local.list_audio import main as list_audio
from local.setup.hyperparameters import load_hyperparameters
from tests.features.corruption import corruption
from utils.data.manifest import read_manifest, write_manifest
from utils.features.augment import Noise
from utils.features.sources import AudioSources, read_sources
from utils.runtime.errors import UserError


def row(name, path, n_samples, rate_hz=16000, start=0):
    return {
        "ID": name, "duration": n_samples / rate_hz, "wav": str(path), "start": start,
        "stop": start + n_samples, "spk_id": "noise",
    }  # fmt: skip


@pytest.fixture
def lists(write_wav, tmp_path, rng):
    """Manifests of noise at 8 kHz, of a room, and of one broken file."""
    noise = 0.1 * rng.standard_normal(40000)
    response = np.zeros(800)
    response[[50, 300]] = 0.5, 0.25
    rows = {
        "noise": [row("n", write_wav("n.wav", noise, 8000), 40000, 8000),
                  row("m", "absent.wav", 40000, 8000)],
        "rooms": [row("r", write_wav("r.wav", response), 800)],
        "broken": [row("b", "absent.wav", 100)],
    }  # fmt: skip
    words = []
    for name, listed in rows.items():
        write_manifest(tmp_path / f"{name}.csv", pd.DataFrame(listed))
        words.append(f"{name}={tmp_path / name}.csv")
    return read_sources(words, 16000, None)


def test_a_part_of_a_long_recording_is_read(lists, rng):
    for _ in range(4):
        assert len(lists.draw("noise", rng, 16000)) == 16000
    assert len(lists.draw("noise", rng)) == 80000
    assert len(lists.draw("noise", rng, 200000)) == 80000


def test_nothing_can_be_read(lists, rng):
    with pytest.raises(
        UserError, match="no readable recording in the list of 'broken'"
    ):
        lists.draw("broken", rng)


def test_sources_that_are_needed_or_misnamed(lists):
    lists.check({"noise"})
    with pytest.raises(UserError, match="--source music=MANIFEST.csv"):
        lists.check({"noise", "music"})
    with pytest.raises(UserError, match="write NAME=MANIFEST.csv"):
        read_sources(["music"], 16000, None)


def test_listed_noise_at_its_ratio(lists, rng):
    speech = rng.standard_normal(16000).astype("f4")
    corrupt = corruption([Noise("noise", 1.0, (5.0, 5.0))])
    assert corrupt.sources == {"noise"}
    added = corrupt(speech, 16000, rng, lists) - speech
    ratio_db = 10 * np.log10(np.mean(speech**2) / np.mean(added**2))
    assert ratio_db == pytest.approx(5.0, abs=0.01)
    power = np.abs(np.fft.rfft(added)) ** 2
    assert power[4200:].mean() < 0.01 * power[:3800].mean()  # of an 8 kHz file


def test_recorded_rooms(lists, rng):
    speech = rng.standard_normal(16000).astype("f4")
    corrupt = corruption(reverberation_probability=1, responses="rooms")
    assert corrupt.sources == {"rooms"}
    heard = corrupt(speech, 16000, rng, lists)
    taps = np.zeros(251)
    taps[[0, 250]] = 1.0, 0.5
    expected = fftconvolve(speech, taps)[:16000]
    cosine = heard @ expected / np.linalg.norm(heard) / np.linalg.norm(expected)
    assert cosine > 0.9999


def test_each_kind_by_its_weight(rng):
    calls = []

    class Named(AudioSources):
        def draw(self, name, rng, n_samples=None):
            calls.append(name)
            return rng.standard_normal(n_samples or 100)

    noises = [Noise("a", 3.0, (0, 1)), Noise("b", 1.0, (0, 1)), Noise("c", 0.0, (0, 1))]
    corrupt = corruption(noises)
    assert corrupt.sources == {"a", "b"}
    for _ in range(400):
        corrupt(np.ones(50, "f4"), 16000, rng, Named(16000, {}))
    assert calls.count("c") == 0 and calls.count("a") / 400 == pytest.approx(
        0.75, abs=0.07
    )


def test_codecs_after_gain(rng):
    speech = (0.1 * rng.standard_normal(16000)).astype("f4")
    corrupt = corruption(gain_db=(-6, -6), codecs=["mulaw"], codec_probability=1)
    heard = corrupt(speech, 16000, rng, AudioSources(16000, {}))
    assert corrupt.sources == set() and heard.shape == speech.shape
    assert np.abs(heard).max() <= 0.6


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {"codecs": ["morse"], "codec_probability": 1},
            "no codec 'morse'; one of mulaw",
        ),
        ({"noise_probability": 1.0}, "without noises or codecs"),
        ({"codec_probability": 1.0}, "without noises or codecs"),
    ],
)
def test_wrong_settings(settings, message):
    with pytest.raises(ValueError, match=message):
        corruption(**settings)


def test_audio_of_a_folder_is_listed(write_wav, tmp_path, rng, monkeypatch, capsys):
    write_wav("music/a/one.wav", rng.uniform(-1, 1, 800), 8000)
    write_wav("music/b/two.flac", rng.uniform(-1, 1, 1600), 16000)
    (tmp_path / "music" / "notes.txt").write_text("not audio")
    words = ["list_audio", tmp_path / "music", "--out", tmp_path / "music.csv"]
    monkeypatch.setattr(sys, "argv", [str(word) for word in words])
    list_audio()
    manifest = read_manifest(tmp_path / "music.csv")
    assert manifest["ID"].tolist() == ["a-one", "b-two"]
    assert manifest["duration"].tolist() == [0.1, 0.1]
    assert "2 files" in capsys.readouterr().out
    sources = read_sources([f"music={tmp_path / 'music.csv'}"], 16000, None)
    assert len(sources.draw("music", rng)) == 1600


def test_every_augmentation_file_loads(root):
    needed = {}
    for path in root.glob("hparams/augment*.yaml"):
        needed[path.stem] = load_hyperparameters(path)["copies"].sources
    assert needed["augment"] == {"speech"} and needed["augment_speed"] == set()
    assert needed["augment_musan"] == {"speech", "noise", "music", "rooms"}
