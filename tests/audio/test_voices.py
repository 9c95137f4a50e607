import numpy as np
import pytest
from scipy.signal import lfilter

from utils.audio.voices import FORMANTS_HZ, RandomVoices, Voice, move_formants

RATE_HZ, PITCH_HZ = 16000, 125


def vowel(formants_hz, n_samples=16000, bandwidth_hz=250.0):
    """Pulses of one pitch through a resonance at each formant."""
    sound = np.zeros(n_samples)
    sound[:: RATE_HZ // PITCH_HZ] = 1.0
    radius = np.exp(-np.pi * bandwidth_hz / RATE_HZ)
    for formant_hz in formants_hz:
        angle = 2 * np.pi * formant_hz / RATE_HZ
        sound = lfilter([1.0], [1, -2 * radius * np.cos(angle), radius**2], sound)
    return (0.1 * sound / np.abs(sound).max()).astype(np.float32)


def strongest_hz(sound, around_hz, width_hz=300):
    power = np.abs(np.fft.rfft(sound)) ** 2
    smooth = np.convolve(power, np.hanning(2 * PITCH_HZ), "same")
    hz = np.fft.rfftfreq(len(sound), 1 / RATE_HZ)
    near = np.abs(hz - around_hz) < width_hz
    return hz[near][smooth[near].argmax()]


@pytest.mark.parametrize("factor", [0.85, 1.0, 1.2])
def test_formants_move_and_the_pitch_stays(factor):
    sound = vowel(FORMANTS_HZ)
    moved = move_formants(sound, RATE_HZ, (factor,) * 4)
    for formant_hz in FORMANTS_HZ[:3]:  # the fourth is a fiftieth as loud
        found = strongest_hz(moved, factor * formant_hz)
        assert found == pytest.approx(factor * formant_hz, abs=PITCH_HZ)
    spectrum = np.abs(np.fft.rfft(moved))
    lines = spectrum[PITCH_HZ::PITCH_HZ].sum()
    assert lines > 0.5 * spectrum.sum()  # harmonics of the same pitch


def test_one_formant_moves_alone():
    moved = move_formants(vowel(FORMANTS_HZ), RATE_HZ, (1.0, 1.15, 1.0, 1.0))
    expected = [500, 1.15 * 1500, 2500, 4000]
    found = [strongest_hz(moved, hz) for hz in expected]
    np.testing.assert_allclose(found, expected, atol=PITCH_HZ)


def test_unmoved_is_unchanged(rng):
    noise = (0.1 * rng.standard_normal(5000)).astype(np.float32)
    same = move_formants(noise, RATE_HZ, (1.0,) * 4)
    np.testing.assert_allclose(same, noise, atol=1e-5)
    np.testing.assert_array_equal(Voice()(noise, RATE_HZ), noise)
    assert len(Voice(speed=1.25)(noise, RATE_HZ)) == 4000
    assert not move_formants(np.zeros(4000, np.float32), RATE_HZ, (1.1,) * 4).any()


def test_voices_are_those_of_the_speaker(rng):
    voices = RandomVoices(50, (0.8, 1.2), (0.9, 1.1), 0.05)
    drawn = voices(np.random.default_rng(3))
    assert drawn == voices(np.random.default_rng(3)) != voices(np.random.default_rng(4))
    assert all(0.8 <= voice.speed <= 1.2 for voice in drawn)
    factors = np.array([voice.formants for voice in drawn])
    assert 0.85 <= factors.min() < 0.9 and 1.1 < factors.max() <= 1.16
    assert (np.diff(factors * FORMANTS_HZ) > 0).all()
    assert len({voice.suffix for voice in drawn}) == 50


def test_formants_never_change_places():
    with pytest.raises(ValueError, match="deviation of formants is 0 to 0.2, not 0.4"):
        RandomVoices(1, (0.8, 1.2), (0.9, 1.1), 0.4)
