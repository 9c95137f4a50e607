"""How long speech is, whatever of a recording the system embeds."""

import numpy as np
import pytest
import soundfile

from local.setup.hyperparameters import load_hyperparameters
from utils.audio.speech_frames import LONGEST_S
from utils.systems.exported import WholeSamples
from utils.verification import recordings
from utils.verification.recordings import hear

RATE_HZ = 16000


@pytest.fixture(params=["graph", "features", "features_kaldi"])
def front_end(request, root):
    """Give those that find pauses and those that do not."""
    if request.param == "graph":
        return WholeSamples(RATE_HZ)
    return load_hyperparameters(root / f"hparams/{request.param}.yaml")["front_end"]


def hear_in_silence(front_end, rng, silence_s):
    """Hear two seconds of a tone, and the same with silence before and after."""
    times_s = np.arange(2 * RATE_HZ) / RATE_HZ
    speech = sum(np.sin(2 * np.pi * 120 * n * times_s) / n for n in range(1, 30))
    quiet = 1e-4 * np.std(speech) * rng.standard_normal(silence_s * RATE_HZ)
    return [
        hear(samples.astype(np.float32), RATE_HZ, front_end, "a")
        for samples in (speech, np.concatenate([quiet, speech, quiet]))
    ]


def test_silence_around_speech_is_no_speech(front_end, rng):
    alone, padded = hear_in_silence(front_end, rng, silence_s=9)
    assert padded.speech_s == pytest.approx(alone.speech_s, abs=0.1)
    assert alone.speech_s == pytest.approx(2.0, abs=0.3)


def test_silence_is_not_embedded(front_end, rng):
    alone, padded = hear_in_silence(front_end, rng, silence_s=30)
    assert len(alone.features) <= len(padded.features) < 1.3 * len(alone.features)


def test_the_first_minutes_of_a_long_recording_are_heard(rng):
    samples = 0.1 * rng.standard_normal(round((LONGEST_S + 60) * 8000))
    long = hear(samples.astype(np.float32), 8000, WholeSamples(8000), "long")
    assert len(long.features) == LONGEST_S * 8000
    told = "its first 5 minutes of sound are heard, of 30 minutes at most"
    assert long.remarks == [told]
    short = hear(samples[:80000].astype(np.float32), 8000, WholeSamples(8000), "short")
    assert len(short.features) == 80000 and not short.remarks


def test_the_first_half_hour_of_a_file_is_read(tmp_path, monkeypatch):
    monkeypatch.setattr(recordings, "LONGEST_READ_S", 3)
    heard = []
    for name, n_samples in (("short", 24000), ("long", 24001)):
        samples = 0.1 * np.random.default_rng(0).standard_normal(n_samples)
        soundfile.write(tmp_path / f"{name}.wav", samples, 8000)
        path, front_end = tmp_path / f"{name}.wav", WholeSamples(8000)
        heard.append(recordings.read_recording(path, front_end))
    np.testing.assert_array_equal(heard[0].features, heard[1].features)
    assert [recording.is_cut for recording in heard] == [False, True]
