import numpy as np
import pytest

from utils.audio.speech_features import SpeechFeatures, measure
from utils.audio.speech_frames import smooth, take_frames

RATE_HZ = 8000
TIME_S = np.arange(4 * RATE_HZ) / RATE_HZ


def pulses(pitch_hz):
    """A voice's source: a buzz of this pitch, of shape () or (n_samples,)."""
    angle = 2 * np.pi * np.cumsum(np.broadcast_to(pitch_hz, TIME_S.shape)) / RATE_HZ
    return sum(np.cos(k * angle) for k in range(1, 15))


def syllables(rng, per_s=4.0):
    """A buzz and noise in turn, as loud as each other."""
    is_buzz = (TIME_S * per_s) % 1 < 0.5
    buzz = pulses(120.0)
    noise = rng.standard_normal(len(TIME_S)) * buzz.std()
    return np.where(is_buzz, buzz, noise)


@pytest.mark.parametrize("gain", [1e-4, 1.0, 300.0])
@pytest.mark.parametrize("offset", [0.0, 0.2])
def test_level_and_offset_change_nothing(rng, gain, offset):
    samples = syllables(rng)
    expected = measure(samples, RATE_HZ)
    found = measure(gain * samples + offset * gain, RATE_HZ)
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-3)


def test_silence_around_changes_little(rng):
    samples = syllables(rng)
    padded = np.pad(samples, (3 * RATE_HZ, 5 * RATE_HZ))
    expected, found = measure(samples, RATE_HZ), measure(padded, RATE_HZ)
    assert found.active_share == pytest.approx(expected.active_share, abs=0.1)
    assert found.held_voiced == pytest.approx(expected.held_voiced, abs=0.02)
    assert found.voiced_gain_db == pytest.approx(expected.voiced_gain_db, abs=1)


@pytest.mark.parametrize("rate_hz", [16000, 44100, 48000])
def test_the_rate_changes_little(rng, rate_hz):
    spectrum = np.fft.rfft(syllables(rng))
    n = 4 * rate_hz
    padded = np.zeros(n // 2 + 1, dtype=complex)
    padded[: len(spectrum)] = spectrum  # the same sound at the higher rate
    expected = measure(syllables(np.random.default_rng(0)), RATE_HZ)
    found = measure(np.fft.irfft(padded, n), rate_hz)
    np.testing.assert_allclose(found, expected, rtol=0.02, atol=0.02)


def test_the_pitch_of_a_buzz():
    for pitch_hz in (100, 150, 220, 330):
        frames = take_frames(pulses(pitch_hz), RATE_HZ)
        assert frames.is_voiced.mean() > 0.95
        found_hz = 2 ** (np.median(frames.pitch_st) / 12)
        assert found_hz == pytest.approx(pitch_hz, rel=0.02)


def test_a_glide_is_as_fast_as_it_is():
    """An octave in 4 s is 12 / 400 of a semitone every 10 ms."""
    glide = measure(pulses(100 * 2 ** (TIME_S / 4)), RATE_HZ)
    assert glide.glide_st == pytest.approx(0.03, abs=0.01)
    assert glide.pitch_range_st == pytest.approx(6, abs=0.3)
    steady = measure(pulses(100.0), RATE_HZ)
    assert steady.glide_st < 0.005 and steady.pitch_range_st < 0.1


def test_buzz_and_noise_in_turn_are_told_apart(rng):
    is_buzz = (TIME_S * 4) % 1 < 0.5
    noise = 0.1 * np.diff(rng.standard_normal(len(TIME_S) + 1))  # rises
    found = measure(np.where(is_buzz, pulses(120.0), noise), RATE_HZ)
    assert 5 < found.voiced_gain_db < 30
    assert found.unvoiced_rise_oct > 0.3
    assert found.held_voiced > 0.7 and abs(found.held_unvoiced) < 0.2


@pytest.mark.parametrize(("rate_hz", "low", "high"), [(4, 5, 9), (30, 0, 2)])
def test_syllabic_movement(rng, rate_hz, low, high):
    """A loudness that moves by 20 dB counts at 4 Hz, not at 30."""
    envelope = 10 ** (0.5 * np.sin(2 * np.pi * rate_hz * TIME_S))
    found = measure(envelope * rng.standard_normal(len(TIME_S)), RATE_HZ)
    assert low < found.syllabic_db < high


def test_bands_that_move_together_cohere(rng):
    noise = rng.standard_normal(len(TIME_S))
    together = measure((1.1 + np.sin(2 * np.pi * 4 * TIME_S)) * noise, RATE_HZ)
    apart = measure(noise, RATE_HZ)
    assert together.band_coherence > 0.8 > 0.3 > apart.band_coherence


def test_plucked_sounds_rise_faster_than_they_fall(rng):
    decay = np.exp(-8 * (TIME_S % 0.5))
    plucked = measure(decay * rng.standard_normal(len(TIME_S)), RATE_HZ)
    backwards = measure(decay[::-1] * rng.standard_normal(len(TIME_S)), RATE_HZ)
    assert plucked.attack_skew > 1 and backwards.attack_skew < -1


def test_a_beat_is_found(rng):
    regular = np.exp(-20 * (TIME_S % 0.4)) * rng.standard_normal(len(TIME_S))
    assert measure(regular, RATE_HZ).beat > 0.6
    assert measure(rng.standard_normal(len(TIME_S)), RATE_HZ).beat < 0.4


def test_smoothing_averages_neighbours(rng):
    values = rng.standard_normal((50, 2))
    expected = np.convolve(values[:, 1], np.ones(5) / 5, "valid")
    np.testing.assert_allclose(smooth(values, 5)[2:-2, 1], expected)


@pytest.mark.parametrize(
    "samples",
    [
        np.zeros(0), np.zeros(16000), np.full(16000, 0.1), np.ones(1),
        np.eye(1, 16000, 8000)[0], np.eye(1, 100)[0], np.linspace(-1, 1, 300),
    ],
)  # fmt: skip
@pytest.mark.parametrize("rate_hz", [6000, 16000])
def test_whatever_there_is_has_measures(samples, rate_hz):
    found = measure(samples, rate_hz)
    assert np.isfinite(found).all()
    assert any(found) == (len(np.unique(samples)) > 1)


def test_silence_has_none():
    assert measure(np.zeros(8000), 8000) == SpeechFeatures(*[0.0] * 22)
    assert take_frames(np.full(8000, 0.3), 8000) is None
