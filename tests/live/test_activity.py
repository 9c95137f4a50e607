"""Speech and pauses, block by block."""

import numpy as np

from utils.live.activity import SpeechActivity, _quantiles


def activity_of(samples):
    activity = SpeechActivity()
    return np.array([activity(block) for block in samples.reshape(-1, 1600)])


def test_bursts_in_noise_are_found(rng):
    is_loud = np.arange(200) // 20 % 2 == 1  # 2 s of noise, 2 s of more, ...
    gain = np.where(is_loud, 0.1, 0.001).repeat(1600)
    found = activity_of(gain * rng.standard_normal(len(gain)))
    assert found[is_loud].all()
    pauses = ~is_loud
    pauses[is_loud.nonzero()[0][-1] + 1 :] = False
    assert found[20:][pauses[20:]].mean() < 0.2  # but for what hangs over
    assert not found[30:40][~is_loud[30:40]].any()


def test_silence_and_an_offset_are_no_speech(rng):
    assert not activity_of(np.zeros(16000)).any()
    assert not activity_of(np.full(16000, 0.5)).any()
    assert not activity_of(1e-4 * rng.standard_normal(16000)).any()


def test_levels_follow_a_room_that_gets_louder(rng):
    """After ten seconds, noise of before a change has no part in the threshold."""
    noise = rng.standard_normal(16000 * 40)
    gain = np.where(np.arange(len(noise)) < 16000 * 10, 0.001, 0.02)
    gain[np.arange(len(gain)) // 16000 % 4 == 3] *= 20  # a second of speech in four
    found = activity_of(gain * noise)
    seconds = found[250:].reshape(-1, 10)  # from 25 s on
    is_loud = np.arange(25, 40) % 4 == 3
    assert seconds[is_loud].all()
    assert seconds[~is_loud].mean() < 0.25


def test_levels_are_quantiles(rng):
    for n_frames in (1, 5, 499):
        levels = rng.standard_normal(n_frames)
        np.testing.assert_allclose(_quantiles(levels), np.quantile(levels, [0.1, 0.95]))
