import json
import subprocess
import sys
import time

import numpy as np
import pytest

from utils.audio.speech_likeness import (
    COEFFICIENTS,
    read_coefficients,
    score_features,
    speech_likelihood,
    standardise,
)


def test_silence_is_no_speech():
    assert speech_likelihood(np.zeros(16000), 16000) == 0
    assert speech_likelihood(np.full(16000, 0.25), 16000) == 0
    assert speech_likelihood(np.zeros(0), 16000) == 0


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
