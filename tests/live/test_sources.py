"""Where sound comes from: files, raw samples, a microphone."""

import io
import sys
import types

import numpy as np
import pytest

from utils.live import sources
from utils.live.sources import RawForm, Source
from utils.runtime.errors import UserError


def joined(source):
    return np.concatenate(list(source.chunks))


def test_a_file_comes_in_chunks_of_one_channel(write_wav, rng):
    stereo = 0.1 * rng.standard_normal((2500, 2))
    path = write_wav("a.wav", stereo, 8000, subtype="FLOAT")
    with sources.play_file(path, 0.1) as source:
        chunks = list(source.chunks)
    assert source.rate_hz == 8000
    assert [len(own) for own in chunks] == [800, 800, 800, 100]
    np.testing.assert_allclose(np.concatenate(chunks), stereo.mean(axis=1), atol=1e-7)
    with sources.play_file(path, 0.1, channel=1) as source:
        np.testing.assert_allclose(joined(source), stereo[:, 1], atol=1e-7)
    with pytest.raises(UserError, match="no channel 2"):
        with sources.play_file(path, 0.1, channel=2):
            pass


def test_a_file_with_nan_is_refused(write_wav):
    path = write_wav("a.wav", np.array([0.1, np.nan] * 100), subtype="FLOAT")
    with pytest.raises(UserError, match="NaN"), sources.play_file(path, 0.1) as source:
        joined(source)


@pytest.mark.parametrize(
    ("encoding", "dtype", "scale"), [("s16", "<i2", 32768), ("f32", "<f4", 1)]
)
def test_raw_samples_come_as_they_are(rng, encoding, dtype, scale):
    stereo = (0.1 * scale * rng.standard_normal((999, 2))).astype(dtype)

    class Pipe(io.RawIOBase):
        """Gives few bytes at a time, that end within samples."""

        content = stereo.tobytes()

        def read1(self, n):
            taken, self.content = self.content[: min(n, 7)], self.content[min(n, 7) :]
            return taken

    for channel, expected in ((None, stereo.mean(axis=1)), (1, stereo[:, 1])):
        form = RawForm(16000, 2, encoding)
        found = joined(sources.read_raw(Pipe(), form, 0.1, channel))
        np.testing.assert_allclose(found, expected / scale, atol=1e-6)


def test_raw_samples_that_end_within_one(rng):
    source = sources.read_raw(io.BytesIO(b"123"), RawForm(), 0.1)
    with pytest.raises(UserError, match="ends within a sample"):
        list(source.chunks)
    with pytest.raises(UserError, match="no channel 1"):
        sources.read_raw(io.BytesIO(), RawForm(), 0.1, channel=1)


def test_a_file_is_played_at_its_own_speed(monkeypatch):
    now_s = [5.0]
    monkeypatch.setattr(sources.time, "monotonic", lambda: now_s[0])
    monkeypatch.setattr(
        sources.time, "sleep", lambda s: now_s.__setitem__(0, now_s[0] + s)
    )
    times_s = []
    for _ in sources.at_real_speed(Source(100, iter(4 * [np.zeros(50)]))).chunks:
        times_s.append(now_s[0])
        now_s[0] += 0.2  # of work
    assert times_s == pytest.approx([5.5, 6.0, 6.5, 7.0])


def test_a_microphone(monkeypatch):
    class Stream:
        def __init__(self, callback, blocksize, device, **_):
            if device == 9:
                raise fake.PortAudioError("Invalid device")
            self.callback, self.size = callback, blocksize

        def __enter__(self):
            self.callback(np.full((self.size, 1), 0.5, "f4"), self.size, None, None)

        def __exit__(self, *_):
            pass

    fake = types.SimpleNamespace(
        InputStream=Stream, PortAudioError=type("PortAudioError", (Exception,), {})
    )
    monkeypatch.setitem(sys.modules, "sounddevice", fake)
    with sources.open_microphone("", 16000, 0.1) as source:
        np.testing.assert_array_equal(next(source.chunks), np.full(1600, 0.5))
    with pytest.raises(UserError, match="Invalid device"):
        with sources.open_microphone("9", 16000, 0.1):
            pass
    monkeypatch.setitem(sys.modules, "sounddevice", None)
    with pytest.raises(UserError, match="microphone"):
        with sources.open_microphone("", 16000, 0.1):
            pass
