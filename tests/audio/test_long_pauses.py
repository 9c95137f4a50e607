"""Long pauses are taken out of what is embedded, short ones stay."""

import numpy as np
import pytest

from utils.audio.long_pauses import LONGEST_S, shorten_pauses

RATE_HZ = 16000


@pytest.fixture
def tone():
    return np.sin(np.arange(2 * RATE_HZ) * 2 * np.pi * 300 / RATE_HZ)


def silence(length_s, level_db, rng):
    return 10 ** (level_db / 20) * rng.standard_normal(round(length_s * RATE_HZ))


@pytest.mark.parametrize("gain", [1.0, 1e-3])
def test_what_is_left_of_a_long_pause_lies_beside_the_sound(tone, gain, rng):
    parts = [silence(5.0, -60, rng), tone, silence(3.0, -60, rng), tone]
    found = shorten_pauses(gain * np.concatenate(parts), RATE_HZ)
    margin = round(0.26 * RATE_HZ)
    expected = [parts[0][-margin:], tone, parts[2][:margin], parts[2][-margin:], tone]
    np.testing.assert_array_equal(found, gain * np.concatenate(expected))


@pytest.mark.parametrize(
    ("length_s", "level_db"), [(0.9 * LONGEST_S, -60), (5.0, -25), (5.0, -10)]
)
def test_short_pauses_and_noise_stay(tone, length_s, level_db, rng):
    samples = np.concatenate([tone, silence(length_s, level_db, rng), tone])
    assert shorten_pauses(samples, RATE_HZ) is samples


def test_an_offset_is_no_sound(tone, rng):
    samples = np.concatenate([tone, silence(4.0, -60, rng)])
    assert len(shorten_pauses(samples + 0.5, RATE_HZ)) < 2.5 * RATE_HZ


@pytest.mark.parametrize("n", [0, 1, 319, 16000, 16001])
def test_brief_and_silent_recordings_stay(n):
    samples = np.zeros(n)
    assert shorten_pauses(samples, RATE_HZ) is samples


def test_the_end_is_kept_with_the_frame_before(tone):
    samples = np.concatenate([np.zeros(3 * RATE_HZ), tone, np.full(100, 0.5)])
    found = shorten_pauses(samples, RATE_HZ)
    np.testing.assert_array_equal(found[-2100:], samples[-2100:])
