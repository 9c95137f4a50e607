"""Blocks of a file are, joined, what is read at once."""

import numpy as np
import pytest

from utils.audio.decoding import read_audio
from utils.audio.streaming import cut_windows, read_blocks, resampled_length
from utils.runtime.errors import UserError


@pytest.mark.parametrize("rate_hz", [8000, 16000, 22050, 44100, 48000])
@pytest.mark.parametrize("channel", [None, 1])
def test_joined_blocks_are_the_whole(rate_hz, channel, rng, write_wav):
    samples = 0.1 * rng.standard_normal((int(2.345 * rate_hz), 2))
    path = write_wav("two.wav", samples, rate_hz, subtype="FLOAT")
    whole = read_audio(path, 16000, channel=channel)
    assert resampled_length(path, 16000) == len(whole)
    for block_s in (0.3, 60.0):
        blocks = list(read_blocks(path, 16000, channel, block_s))
        assert (len(blocks) > 5) == (block_s < 1)
        np.testing.assert_allclose(np.concatenate(blocks), whole, atol=2e-5)


def test_silence_is_read(write_wav):
    path = write_wav("silence.wav", np.zeros(1600))
    assert not np.concatenate(list(read_blocks(path, 16000))).any()


def test_bad_files_are_told(write_wav, tmp_path):
    path = write_wav("one.wav", np.ones(1600) / 2)
    with pytest.raises(UserError, match="no channel 1: it has 1"):
        next(read_blocks(path, 16000, channel=1))
    with pytest.raises(UserError, match="no such file"):
        next(read_blocks(tmp_path / "absent.wav", 16000))
    empty = write_wav("empty.wav", np.zeros(0))
    with pytest.raises(UserError, match="no samples"):
        next(read_blocks(empty, 16000))
    broken = write_wav("nan.wav", np.array([0.1, np.nan]), subtype="FLOAT")
    with pytest.raises(UserError, match="NaN or infinite"):
        next(read_blocks(broken, 16000))


@pytest.mark.parametrize("size", [1, 7, 100])
def test_windows_are_slices(size, rng):
    samples = rng.standard_normal(53)
    starts = np.array([0, 5, 5, 30, 52])
    blocks = iter(np.split(samples, range(size, 53, size)))
    padded = np.pad(samples, (0, 20))
    found = list(cut_windows(blocks, starts, 20))
    expected = [padded[start : start + 20] for start in starts]
    np.testing.assert_array_equal(found, expected)
