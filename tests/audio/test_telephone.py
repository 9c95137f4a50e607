import numpy as np
import pytest

from local.setup.hyperparameters import load_hyperparameters, resolved_text
from utils.audio.telephone import Telephone


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
