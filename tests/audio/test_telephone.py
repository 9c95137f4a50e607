import numpy as np
import pytest

from local.setup.hyperparameters import load_hyperparameters, resolved_text
from utils.audio.telephone import CODECS, Telephone, code


def mulaw_by_the_standard(samples):
    """G.711, table 2a: 8 segments of 16 steps, on a scale of 14 bits."""
    decoded = []
    for value in np.round(samples * 8192).astype(int):
        magnitude = min(abs(int(value)), 8158) + 33
        segment = magnitude.bit_length() - 6
        step = (magnitude >> (segment + 1)) & 15
        level = ((2 * step + 33) << segment) - 33
        decoded.append(level if value >= 0 else -level)
    return np.array(decoded) / 8192


def test_mulaw_is_that_of_the_standard(rng):
    samples = np.concatenate(
        [rng.uniform(-1, 1, 3000), 1e-2 * rng.standard_normal(3000)]
    )
    expected = mulaw_by_the_standard(samples)
    # a sample beside the edge of a step may fall to either side
    error = np.abs(code(samples.astype("f4"), 8000, "mulaw") - expected)
    assert np.mean(error < 1e-6) > 0.98
    assert (error <= 0.04).all()


@pytest.mark.parametrize(
    ("codec", "least_db"), [("mulaw", 35), ("alaw", 35), ("g721", 20), ("gsm", 5)]
)
def test_codecs_keep_speech_like_signals(codec, least_db):
    time_s = np.arange(8001) / 8000
    samples = 0.3 * np.sin(2 * np.pi * 200 * time_s) * np.sin(2 * np.pi * 3 * time_s)
    decoded = code(samples.astype("f4"), 8000, codec)
    assert decoded.shape == samples.shape and decoded.dtype == np.float32
    noise = np.mean((decoded - samples) ** 2)
    assert 10 * np.log10(np.mean(samples**2) / noise) > least_db
    assert noise > 1e-9  # it was coded


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("n_samples", [1, 159, 8000])
def test_lengths_are_kept(codec, n_samples, rng):
    samples = 0.1 * rng.standard_normal(n_samples).astype("f4")
    assert code(samples, 8000, codec).shape == (n_samples,)


def test_loud_samples_are_clipped():
    assert np.abs(code(np.full(100, 3.0, "f4"), 8000, "alaw")).max() <= 1


@pytest.mark.parametrize(
    ("frequency_hz", "low_db", "high_db"),
    [(50, -200, -50), (1000, -0.5, 0.5), (300, -4, -2), (3400, -4, -2)],
)
def test_the_band(frequency_hz, low_db, high_db):
    time_s = np.arange(16000) / 8000
    sine = np.sin(2 * np.pi * frequency_hz * time_s).astype("f4")
    passed = Telephone((300, 3400))(sine, 8000)[8000:]
    gain_db = 10 * np.log10(np.mean(passed**2) / 0.5)
    assert low_db < gain_db < high_db


def test_unknown_codecs():
    with pytest.raises(ValueError, match="'amr': there are mulaw"):
        Telephone(codec="amr")


@pytest.mark.parametrize("name", ["features_8khz", "features_telephone"])
def test_front_ends(name, speech_like):
    settings = load_hyperparameters(f"hparams/{name}.yaml")
    front_end = settings["front_end"]
    assert front_end.sample_rate_hz == 8000
    frames = front_end(speech_like[::2])
    assert frames.features.shape[1] == 40 and len(frames.segments)
    assert np.isfinite(frames.features).all()
    # no filter lies above half the rate
    noise = np.random.default_rng(0).standard_normal(8000).astype("f4")
    assert front_end(noise).features.std(axis=0).min() > 0.5


def test_the_stored_front_end_is_the_same(tmp_path, speech_like):
    path = tmp_path / "front_end.yaml"
    path.write_text(resolved_text("hparams/features_telephone.yaml"))
    assert resolved_text(path) == path.read_text()  # of a trained model's folder
    sides = (
        load_hyperparameters(name)["front_end"](speech_like[::2]).features
        for name in ("hparams/features_telephone.yaml", path)
    )
    np.testing.assert_array_equal(*sides)
