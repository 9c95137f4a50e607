"""How long speech is, whatever of a recording the system embeds."""

import numpy as np
import pytest

from local.setup.hyperparameters import load_hyperparameters
from utils.audio.speech_frames import LONGEST_S
from utils.systems.exported import WholeSamples
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
    assert long.remarks == ["its first 5 minutes of sound are heard"]
    short = hear(samples[:80000].astype(np.float32), 8000, WholeSamples(8000), "short")
    assert len(short.features) == 80000 and not short.remarks
