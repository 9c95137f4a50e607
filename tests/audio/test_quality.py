import numpy as np
import pytest
import soundfile

from utils.audio.acoustics import coloured_noise, limit_band
from utils.audio.quality import (
    estimate_snr_db,
    measure_bandwidth_hz,
    measure_clipping,
    measure_quality,
)
from utils.audio.resampling import resample


@pytest.mark.parametrize("snr_db", [0, 10, 20, 40])
@pytest.mark.parametrize("rate_hz", [8000, 16000])
def test_snr_of_speech_with_pauses(rng, snr_db, rate_hz):
    n = 10 * rate_hz
    is_speech = np.arange(n) // (rate_hz // 2) % 2 == 0
    speech = np.where(is_speech, rng.standard_normal(n), 0)
    noise = 10 ** (-snr_db / 20) * rng.standard_normal(n)
    assert estimate_snr_db(0.01 * (speech + noise), rate_hz) == pytest.approx(
        snr_db, abs=1.5
    )


def test_snr_does_not_depend_on_the_level(rng):
    samples = rng.standard_normal(16000) * np.repeat([1, 0.01], 8000)
    expected = estimate_snr_db(samples, 16000)
    assert estimate_snr_db(0.001 * samples, 16000) == pytest.approx(expected)
    assert np.isnan(estimate_snr_db(samples[:100], 16000))


def test_clipping_counts_neighbours_at_full_scale():
    tone = np.sin(2 * np.pi * 100 * np.arange(16000) / 16000)
    assert measure_clipping(0.99 * tone) == 0
    # a sine cut at half its height is above it a third of the time on either side
    clipped = measure_clipping(np.clip(2 * tone, -1, 1))
    assert clipped == pytest.approx(2 / 3, abs=0.02)
    assert measure_clipping(np.ones(1)) == 0


@pytest.mark.parametrize("top_hz", [1000, 3400, 6000])
@pytest.mark.parametrize("rate_hz", [16000, 44100])
def test_bandwidth_of_noise_in_a_band(rng, top_hz, rate_hz):
    spectrum = np.fft.rfft(rng.standard_normal(2 * rate_hz))
    spectrum[np.fft.rfftfreq(2 * rate_hz, 1 / rate_hz) > top_hz] = 0
    samples = 1e-3 * np.fft.irfft(spectrum) + 0.2  # quiet, and with an offset
    assert measure_bandwidth_hz(samples, rate_hz) == pytest.approx(top_hz, abs=250)


def test_bandwidth_of_silence_and_of_everything(rng):
    assert measure_bandwidth_hz(np.zeros(16000), 16000) == 0
    assert measure_bandwidth_hz(np.full(100, 0.5), 16000) == 0
    assert measure_bandwidth_hz(rng.standard_normal(16000), 16000) == 8000
    assert measure_bandwidth_hz(rng.standard_normal(11025), 11025) == 5500


def test_a_telephone_is_heard_in_a_wider_file(rng):
    noise = coloured_noise(16000, 2.0, rng).astype("f4")  # falls as speech does
    line = limit_band(noise, 8000, (300.0, 3400.0))
    quality = measure_quality(resample(line, 8000, 16000), 16000)
    assert quality.rate_hz == 16000 and quality.bandwidth_hz < 5000
    assert 3400 <= measure_quality(line, 8000).bandwidth_hz <= 4000


def test_quality_of_real_speech(corpora):
    """Read speech is wide and clean; a call is neither."""
    read = sorted(corpora.glob("librispeech/LibriSpeech/test-other/*/*/*.flac"))[::5]
    calls = sorted(corpora.glob("wuw/test/*/*/*.wav"))[::20]
    found = [[measure_quality(*soundfile.read(p)) for p in s] for s in (read, calls)]
    assert min(one.bandwidth_hz for one in found[0]) > 5000
    assert max(one.bandwidth_hz for one in found[1]) <= 4000
    assert all(one.clipped_share < 0.01 for one in found[0])
