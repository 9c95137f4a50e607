"""Pauses that a network fills, found by their level."""

import numpy as np
import pytest

from utils.diarization.pauses import LEAST_DB, PauseRule, depth, frame_levels
from utils.diarization.segmentation import FRAME_S


def test_levels_are_those_of_a_tone_after_pre_emphasis():
    rate_hz, step, first, n = 16000, 270, 495, 100
    t = np.arange(40000) / rate_hz
    windows = np.stack([0.5 * np.sin(2 * np.pi * hz * t) for hz in (100.0, 4000.0)])
    w = 2 * np.pi * np.array([100.0, 4000.0]) / rate_hz
    gain = np.abs(1 - 0.97 * np.exp(-1j * w)) ** 2
    expected_db = 10 * np.log10(gain * 0.5**2 / 2)
    found_db = frame_levels(windows.astype(np.float32), first, step, n)
    assert found_db.shape == (2, n)
    np.testing.assert_allclose(found_db.mean(axis=1), expected_db, atol=0.2)
    np.testing.assert_allclose(found_db[1], expected_db[1], atol=0.2)


def test_a_frame_is_where_its_sound_is():
    samples = np.zeros((1, 40000), dtype=np.float32)
    samples[0, 495 + 270 * 40] = 1.0
    assert frame_levels(samples, 495, 270, 100)[0].argmax() == 40
    assert frame_levels(samples, 495, 270, 100)[0, 0] == pytest.approx(LEAST_DB)


def test_depth_is_under_the_loudest_of_two_seconds():
    rng = np.random.default_rng(0)
    levels_db = rng.uniform(-70, -10, 900)
    smooth = np.array(
        [np.pad(levels_db, 2, mode="symmetric")[i : i + 5].mean() for i in range(900)]
    )
    far, near = round(1.0 / FRAME_S), 4
    for frame in range(100, 800, 37):
        loudest = smooth[frame - far : frame + far + 1].max()
        own = smooth[frame - near : frame + near + 1].max()
        assert depth(levels_db)[frame] == pytest.approx(loudest - own)


@pytest.mark.parametrize("gain_db", [-40.0, 0.0, 15.0])
def test_the_gain_of_a_recording_changes_nothing(gain_db):
    rng = np.random.default_rng(1)
    shares = rng.dirichlet([0.4, 1.0, 0.3], 600)
    levels_db = rng.uniform(-50, -20, 600)
    rule = PauseRule(16.0, 0.075)
    np.testing.assert_array_equal(
        rule.is_speech(shares, levels_db), rule.is_speech(shares, levels_db + gain_db)
    )


def test_without_slope_the_network_decides():
    rng = np.random.default_rng(2)
    shares = rng.dirichlet([1.0, 1.0, 1.0], 600)
    found = PauseRule(16.0, 0.0).is_speech(shares, rng.uniform(-90, 0, 600))
    np.testing.assert_array_equal(found, shares[:, 0] < 0.5)


def test_the_lower_the_surer_must_the_network_be():
    levels_db = np.full(600, -20.0)
    levels_db[300:400] = -60.0  # 40 dB under: log-odds of 0.075 * (40 - 16) = 1.8
    sure = 1 / (1 + np.exp(-1.8))
    for share, is_speech in ((sure - 0.01, False), (sure + 0.01, True)):
        shares = np.tile([1 - share, share / 2, share / 2], (600, 1))
        found = PauseRule(16.0, 0.075).is_speech(shares, levels_db)
        assert found[:290].all() and found[350] == is_speech


def test_sound_that_stays_is_no_pause():
    shares = np.tile([0.3, 0.7, 0.0], (600, 1))
    assert PauseRule(16.0, 0.075).is_speech(shares, np.full(600, LEAST_DB)).all()
