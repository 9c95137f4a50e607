import pytest

import utils.verification.recordings


@pytest.fixture(autouse=True)
def sounds_are_speech(monkeypatch):
    """Take the generated voices for speech, but no steady sound."""

    def likelihood(samples, rate_hz, *_):
        frames = samples[: len(samples) // 400 * 400].reshape(-1, 400)
        return float((frames**2).mean(axis=1).min() < 0.5 * (samples**2).mean())

    monkeypatch.setattr(utils.verification.recordings, "speech_likelihood", likelihood)
