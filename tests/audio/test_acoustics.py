import numpy as np
import pytest
from scipy.signal import correlate

from utils.audio.acoustics import (
    add_noise,
    change_gain,
    change_speed,
    coloured_noise,
    reverberate,
    room_response,
    transmit,
)
from utils.audio.codecs import CODECS


def test_noise_has_the_wanted_ratio(rng):
    clean, noise = rng.standard_normal(16000), rng.standard_normal(16000)
    for snr_db in (-5, 0, 20):
        added = add_noise(clean, noise, snr_db) - clean
        ratio_db = 10 * np.log10(np.mean(clean**2) / np.mean(added**2))
        assert ratio_db == pytest.approx(snr_db, abs=1e-3)


def test_coloured_noise_has_the_wanted_slope(rng):
    for slope in (0.0, 1.0, 2.0):
        power = np.abs(np.fft.rfft(coloured_noise(2**17, slope, rng))) ** 2
        octaves = [power[2**k : 2 ** (k + 1)].mean() for k in range(6, 15)]
        fall_per_octave = np.polyfit(range(9), np.log2(octaves), 1)[0]
        assert fall_per_octave == pytest.approx(-slope, abs=0.15)


def test_a_room_decays_by_60_db(rng):
    response = room_response(0.4, 16000, rng)
    energy = np.cumsum((response[1:] ** 2)[::-1])[::-1]  # Schroeder integral
    decay_db = 10 * np.log10(energy / energy[0])
    # 30 dB are reached at half the reverberation time
    assert np.argmax(decay_db < -30) / 16000 == pytest.approx(0.2, abs=0.03)


def test_speed_moves_the_pitch():
    tone = np.sin(2 * np.pi * 400 * np.arange(16000) / 16000).astype("f4")
    fast = change_speed(tone, 1.1)
    peak_hz = np.abs(np.fft.rfft(fast)).argmax() * 16000 / len(fast)
    assert peak_hz == pytest.approx(440, abs=2)


def test_reverberation_keeps_time_and_power(rng):
    samples = rng.standard_normal(4000).astype("f4")
    response = np.zeros(600)
    response[100], response[400] = 1.0, 0.5  # the direct path is late in the recording
    wet = reverberate(samples, response)
    assert wet.shape == samples.shape
    assert np.mean(wet**2) == pytest.approx(np.mean(samples**2), rel=1e-4)
    expected = np.convolve(samples, response[100:])[:4000]
    np.testing.assert_allclose(wet / wet[0], expected / expected[0], rtol=1e-3)


def test_gain_sets_the_peak_and_clips(rng):
    samples = rng.standard_normal(1000).astype("f4")
    assert np.abs(change_gain(samples, -20)).max() == pytest.approx(0.1)
    clipped = change_gain(samples, 12)
    assert np.abs(clipped).max() == 1.0 and np.mean(np.abs(clipped) == 1) > 0.01


def voice_like(rng, rate_hz=16000):
    """A second of pulses at irregular times through a resonance at 1 kHz."""
    pulses = np.zeros(rate_hz)
    pulses[np.cumsum(rng.integers(80, 220, 70))] = 1.0
    decay = np.exp(-np.arange(200) / 15) * np.cos(0.4 * np.arange(200))
    voice = np.convolve(pulses, decay)[:rate_hz] + 0.01 * rng.standard_normal(rate_hz)
    return (0.5 * voice / np.abs(voice).max()).astype("f4")


@pytest.mark.parametrize("codec", CODECS)
def test_codecs_keep_speech_in_time(codec, rng):
    voice = voice_like(rng)
    heard = transmit(voice, 16000, codec)
    assert heard.shape == voice.shape and heard.dtype == np.float32
    correlation = correlate(heard, voice)
    lag = int(correlation.argmax()) - (len(voice) - 1)
    assert abs(lag) <= 16  # a millisecond; the band filter delays a little
    strength = correlation.max() / np.linalg.norm(heard) / np.linalg.norm(voice)
    assert strength > 0.6


@pytest.mark.parametrize("codec", ["mulaw", "alaw", "gsm", "adpcm"])
def test_telephones_keep_their_band(codec, rng):
    noise = 0.1 * rng.standard_normal(32000).astype("f4")
    power = np.abs(np.fft.rfft(transmit(noise, 16000, codec))) ** 2
    hz = np.fft.rfftfreq(32000, 1 / 16000)
    inside = power[(hz > 500) & (hz < 3000)].mean()
    assert power[hz > 4200].mean() < 1e-3 * inside
    assert power[hz < 100].mean() < 0.1 * inside


def test_mu_law_is_quantised_as_g711_says():
    """About 37 dB remain of a loud signal, nearly as much of one 30 dB weaker."""
    time_s = np.arange(16000) / 16000
    for level in (0.9, 0.9 / 31.6):
        tone = (level * np.sin(2 * np.pi * 1000 * time_s)).astype("f4")
        heard = transmit(tone, 16000, "mulaw")[2000:-2000]
        spectrum = np.abs(np.fft.rfft(heard * np.hanning(len(heard)))) ** 2
        peak = int(spectrum.argmax())
        signal = spectrum[peak - 3 : peak + 4].sum()
        snr_db = 10 * np.log10(signal / (spectrum.sum() - signal))
        assert 30 < snr_db < 45
