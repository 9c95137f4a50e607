import gzip

import numpy as np
import pytest

from utils.audio.decoding import audio_length, read_audio
from utils.runtime.errors import UserError

NIST = b"""NIST_1A
   1024
channel_count -i 1
sample_count -i 16000
sample_rate -i 16000
sample_n_bytes -i 2
sample_coding -s26 pcm,embedded-shorten-v2.00
end_head
""".ljust(1024)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (NIST + b"ajkg" + bytes(999), "is compressed by shorten; convert it, by sph2p"),
        (b"ajkg" + bytes(999), "it is compressed by shorten; decode it, by shorten -x"),
        (
            gzip.compress(b"RIFF" + bytes(99), mtime=0),
            "compressed by gzip; unpack it by gunzip",
        ),
        (gzip.compress(bytes(9999), mtime=0)[:20], "it is compressed by gzip"),
        (
            b"\0\0\0\x20ftypM4A " + bytes(99),
            "it is MP4 or M4A; convert it .* by ffmpeg",
        ),
        (b"#!AMR\n" + bytes(99), "it is AMR; convert it"),
        (b"<!DOCTYPE html><html>", "it is HTML or XML; copy or download the audio"),
        (b"version https://git-lfs.github.com/spec/v1\noid", "run git lfs pull"),
        (b"a.wav b.wav", "it is text; copy or download the audio itself"),
        (bytes(range(128, 228)), "Format not recognised; replace or remove the file"),
    ],
)
def test_what_is_no_audio_is_named(tmp_path, content, message):
    path = tmp_path / "a.wav"
    path.write_bytes(content)
    for read in (audio_length, lambda name: read_audio(name, 16000)):
        with pytest.raises(UserError, match=rf"a\.wav: (cannot be .*: )?.*{message}"):
            read(path)


def test_arrays_are_no_audio(tmp_path):
    np.save(tmp_path / "a.npy", np.zeros(9))
    with pytest.raises(
        UserError, match="it is a NumPy array; write its samples as WAV"
    ):
        read_audio(tmp_path / "a.npy", 16000)
