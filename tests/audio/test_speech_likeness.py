import json
import subprocess
import sys
import time

import numpy as np
import pytest
import soundfile

from tests.audio.other_sounds import RATE_HZ, SOUNDS
from utils.audio.acoustics import add_noise, reverberate, room_response, transmit
from utils.audio.speech_likeness import (
    COEFFICIENTS,
    read_coefficients,
    score_features,
    speech_likelihood,
    standardise,
)

LENGTHS_S = (1.0, 2.0, 3.5, 6.0, 10.0)


def test_sounds_are_no_speech():
    accepted = [
        (sound.__name__, length_s)
        for sound in SOUNDS
        for seed, length_s in enumerate(LENGTHS_S)
        if speech_likelihood(
            sound(np.random.default_rng(seed), int(length_s * RATE_HZ)), RATE_HZ
        )
        >= 0.5
    ]
    assert len(accepted) <= 0.005 * len(SOUNDS) * len(LENGTHS_S), accepted


def test_silence_is_no_speech():
    assert speech_likelihood(np.zeros(16000), 16000) == 0
    assert speech_likelihood(np.full(16000, 0.25), 16000) == 0
    assert speech_likelihood(np.zeros(0), 16000) == 0


def utterances(corpora, pattern, step):
    """Read every so many files of a pattern that are a second long or longer."""
    found = map(soundfile.read, sorted(corpora.glob(pattern))[::step])
    return [(x, rate_hz) for x, rate_hz in found if len(x) >= rate_hz]


def refused(read):
    """Return the share that is not taken for speech."""
    return np.mean([speech_likelihood(*one) < 0.5 for one in read])


READ = "librispeech/LibriSpeech/test-other/*/*/*.flac"


@pytest.mark.parametrize(
    ("pattern", "step"),
    [(READ, 1), ("wuw/test/*/*/*.wav", 2)],
)
def test_speech_of_new_speakers_is_speech(corpora, pattern, step):
    assert refused(utterances(corpora, pattern, step)) <= 0.01


def test_speech_of_learners_and_children_is_speech(corpora):
    folder = corpora / "speechocean762"
    lines = (folder / "test/wav.scp").read_text().splitlines()[::7]
    stems = [line.split()[1].removesuffix(".WAV") for line in lines]
    read = [utterances(folder, f"{stem}.*", 1) for stem in stems]
    assert refused(sum(read, [])) <= 0.015  # a few among hundreds


def test_worse_recordings_are_speech_still(corpora, rng):
    def in_a_room(x, rate_hz):
        return reverberate(x, room_response(0.5, rate_hz, rng)), rate_hz

    def in_noise(x, rate_hz):
        return add_noise(x, rng.standard_normal(len(x)), 20), rate_hz

    def by_telephone(x, rate_hz):
        return transmit(x.astype("f4"), rate_hz, "gsm"), rate_hz

    def in_a_long_silence(x, rate_hz):
        return np.pad(x, 4 * rate_hz) + 1e-5 * rng.standard_normal(
            len(x) + 8 * rate_hz
        ), rate_hz

    read = utterances(corpora, READ, 4)
    for spoil in (in_a_room, in_noise, by_telephone, in_a_long_silence):
        assert refused(spoil(*one) for one in read) <= 0.08, spoil.__name__


def test_level_and_offset_change_nothing(corpora):
    for x, rate_hz in utterances(corpora, READ, 25):
        expected = speech_likelihood(x, rate_hz)
        found = speech_likelihood(0.003 * x + 0.1, rate_hz)
        assert found == pytest.approx(expected, abs=1e-3)


def test_five_seconds_take_30_ms(rng):
    samples = rng.standard_normal(80000)
    taken = []
    for _ in range(10):
        start = time.thread_time()
        speech_likelihood(samples, 16000)
        taken.append(time.thread_time() - start)
    assert min(taken) < 0.03


def test_numpy_is_enough():
    program = (
        "import sys, numpy; from utils.audio.speech_likeness import speech_likelihood;"
        "speech_likelihood(numpy.arange(9000) % 70, 8000); print(*sys.modules)"
    )
    result = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    heavy = {"torch", "torchaudio", "scipy", "sklearn", "pandas", "soundfile"}
    assert not heavy & set(result.stdout.split())


def test_likelihoods_follow_the_formula(rng):
    """A logistic function of measures, squares and Mahalanobis's distance."""
    model = {
        "mean": np.array([1.0, 2.0]), "deviation": np.array([2.0, 1.0]),
        "precision": np.array([[1.0, 0.5], [0.5, 1.0]]),
        "weight": np.array([0.1, 0.2, 0.3, 0.4, 0.5]), "bias": -1.0,
    }  # fmt: skip
    features = np.array([[3.0, 4.0], [100.0, 2.0]])
    z = np.array([[1.0, 2.0], [5.0, 0.0]])  # the second is clipped
    distance = np.log([(1 + 2 + 4) / 2 + 0.2, 25 / 2 + 0.2])
    np.testing.assert_allclose(
        standardise(features, model), np.column_stack([z, z**2, distance])
    )
    log_odds = [
        0.1 + 0.4 + 0.3 + 1.6 + 0.5 * distance[0] - 1,
        0.5 + 7.5 + 0.5 * distance[1] - 1,
    ]
    np.testing.assert_allclose(
        score_features(features, model), 1 / (1 + np.exp(-np.array(log_odds)))
    )


def test_coefficients_of_other_measures_are_told(tmp_path):
    stored = json.loads(COEFFICIENTS.read_text())
    stored["features"].pop("beat")
    path = tmp_path / "old.json"
    path.write_text(json.dumps(stored))
    with pytest.raises(ValueError, match=r"old\.json: other features.*make it anew"):
        read_coefficients(path)
