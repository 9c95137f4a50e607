import numpy as np
import pytest

from utils.audio.quality import measure_quality
from utils.forensic.degrading import degrade
from utils.forensic.material import Condition

RATE_HZ = 16000
CLEAN = Condition(speech_s=6.0, snr_db=50.0, bandwidth_hz=8000.0)


@pytest.fixture
def samples():
    """Bursts of noise with pauses, 50 dB louder than these."""
    rng, n = np.random.default_rng(0), 6 * RATE_HZ
    is_loud = np.arange(n) // (RATE_HZ // 2) % 2 == 0
    sound = np.where(is_loud, 0.1, 0.1 * 10 ** (-50 / 20)) * rng.standard_normal(n)
    return sound.astype(np.float32)


def quality(samples):
    return measure_quality(samples, RATE_HZ)


def test_what_is_as_bad_stays_as_it_is(samples):
    better = Condition(speech_s=10.0, snr_db=60.0, bandwidth_hz=8000.0)
    assert degrade(samples, RATE_HZ, CLEAN, CLEAN) is samples
    assert degrade(samples, RATE_HZ, CLEAN, better) is samples


@pytest.mark.parametrize("snr_db", [5.0, 15.0, 30.0])
def test_noise_comes_to_the_wanted_ratio(samples, snr_db):
    made = degrade(samples, RATE_HZ, CLEAN, CLEAN._replace(snr_db=snr_db))
    assert len(made) == len(samples)
    assert quality(made).snr_db == pytest.approx(snr_db, abs=2.0)


@pytest.mark.parametrize("bandwidth_hz", [3400.0, 4000.0, 6000.0])
def test_the_band_ends_where_it_is_wanted(samples, bandwidth_hz):
    wanted = CLEAN._replace(bandwidth_hz=bandwidth_hz)
    made = degrade(samples, RATE_HZ, CLEAN, wanted)
    assert len(made) == len(samples)
    assert quality(made).bandwidth_hz == pytest.approx(bandwidth_hz, abs=900)


@pytest.mark.parametrize("codec", ["gsm", "opus", "mulaw"])
def test_codecs_leave_their_own_errors(samples, codec):
    wanted = CLEAN._replace(codec=codec)
    made = degrade(samples, RATE_HZ, CLEAN, wanted)
    assert len(made) == len(samples)
    assert not np.allclose(made, samples, atol=1e-3)
    own = CLEAN._replace(codec=codec)
    assert degrade(samples, RATE_HZ, own, wanted) is samples  # passed it already


def test_speech_is_cut_and_peaks_are_clipped(samples):
    wanted = CLEAN._replace(speech_s=3.0, clipped_share=0.02)
    made = degrade(samples, RATE_HZ, CLEAN, wanted)
    assert len(made) == 3 * RATE_HZ
    assert np.mean(np.abs(made) >= 0.999) == pytest.approx(0.02, abs=0.002)
