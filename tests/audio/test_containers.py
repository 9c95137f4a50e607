import struct

import numpy as np
import pytest
import soundfile

from tests.trees import write_noise
from utils.audio.decoding import audio_length, decode_audio
from utils.audio.mpeg import mend_mpeg, skip_id3
from utils.runtime.errors import UserError

N_SAMPLES = 40001
DATA_OF_W64 = bytes.fromhex("64617461f3acd3118cd100c04f8edb8a")
PLACES = {  # of the size: after which bytes, how far, how written, with how many more
    "wav": (b"data", 4, "<I", 0),
    "aiff": (b"SSND", 4, ">I", 8),
    "au": (b".snd", 8, ">I", 0),
    "w64": (DATA_OF_W64, 16, "<Q", 24),
    "rf64": (b"ds64", 16, "<Q", 0),
    "caf": (b"data", 4, ">Q", 4),
}
ENDINGS = [*PLACES, "sph", "flac", "ogg", "opus", "mp3"]
KINDS = {
    "rf64": {"format": "RF64"}, "au": {"format": "AU"}, "sph": {"format": "NIST"},
    "opus": {"format": "OGG", "subtype": "OPUS"},
}  # fmt: skip
UNKNOWN = (0, 0x7FFFF000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)


@pytest.fixture
def samples(rng):
    """Noise that rises: a coder of variable bit rate begins with little."""
    return np.linspace(0, 0.2, N_SAMPLES) ** 2 * rng.standard_normal(N_SAMPLES)


@pytest.fixture
def write(write_wav, samples):
    """Write the noise; return the path and the file's content."""

    def write_as(ending, **options):
        path = write_wav(f"a.{ending}", samples, **KINDS.get(ending, {}), **options)
        return path, bytearray(path.read_bytes())

    return write_as


def tell_size(content, ending, size, is_written=False):
    marker, offset, form, extra = PLACES[ending]
    place = content.index(marker) + offset
    struct.pack_into(form, content, place, size if is_written else size + extra)


def tell_total(content, total):
    """Write the 36 bits of the number of samples in a FLAC header."""
    field = int.from_bytes(content[18:26], "big") >> 36 << 36 | total
    content[18:26] = field.to_bytes(8, "big")


def assert_whole(path, n_samples=N_SAMPLES):
    assert audio_length(path)[0] == n_samples
    assert len(decode_audio(path)[0]) == n_samples
    start = n_samples - 1000
    assert len(decode_audio(path, start)[0]) == 1000


@pytest.mark.parametrize("ending", ENDINGS)
def test_sound_files(write, ending):
    path, content = write(ending)
    assert_whole(path)
    path.write_bytes(content + b"TAG" + bytes(125))  # of ID3, at the end
    assert_whole(path)


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("share", [0.5, 0.9, 0.999])
def test_cut_files(write, ending, share):
    path, content = write(ending)
    path.write_bytes(content[: int(share * len(content))])
    with pytest.raises(UserError, match=rf"a\.{ending}: .*(copy it again|replace or)"):
        decode_audio(path)
    if share == 0.5 or ending != "flac":  # within the last frame its decoder tells
        with pytest.raises(UserError, match="the file is truncated, copy it again"):
            audio_length(path)


@pytest.mark.parametrize("ending", ENDINGS)
def test_files_joined_byte_by_byte(write, write_wav, samples, ending):
    path, content = write(ending)
    other = write_wav(f"b.{ending}", samples[:30000], **KINDS.get(ending, {}))
    for second in [other.read_bytes()] + [content] * (ending != "flac"):
        path.write_bytes(content + second)
        with pytest.raises(UserError, match="files were joined byte by byte"):
            audio_length(path)


@pytest.mark.parametrize("size", UNKNOWN)
@pytest.mark.parametrize("ending", ["wav", "aiff", "au"])
def test_a_size_that_is_not_known(write, samples, ending, size):
    path, content = write(ending)
    tell_size(content, ending, size, is_written=True)
    path.write_bytes(content)
    assert_whole(path)
    np.testing.assert_allclose(decode_audio(path)[0], samples, atol=2**-14)


@pytest.mark.parametrize("ending", ["w64", "rf64", "caf"])
@pytest.mark.parametrize("size", [0, 2**63 - 1, 2**64 - 1])
def test_a_long_size_that_is_not_known(write, ending, size):
    path, content = write(ending)
    tell_size(content, ending, size, is_written=True)
    path.write_bytes(content)
    assert_whole(path)


@pytest.mark.parametrize("ending", PLACES)
def test_a_size_beyond_the_file(write, ending):
    path, content = write(ending)
    tell_size(content, ending, 2 * N_SAMPLES + 1)  # an odd one, by a byte
    path.write_bytes(content)
    assert_whole(path)
    tell_size(content, ending, 4 * N_SAMPLES)
    path.write_bytes(content)
    with pytest.raises(UserError, match=f"holds {2 * N_SAMPLES} of {4 * N_SAMPLES} "):
        audio_length(path)


@pytest.mark.parametrize("ending", PLACES)
def test_a_size_that_is_too_low(write, ending):
    path, content = write(ending)
    tell_size(content, ending, 1000)
    path.write_bytes(content)
    with pytest.raises(UserError, match="tells 1000 bytes of audio, and 7.* more foll"):
        audio_length(path)


def test_an_empty_wav_and_chunks_after_the_samples(write, write_wav):
    path, content = write("wav")
    text = b"LIST" + struct.pack("<I", 6001) + bytes(6002)
    path.write_bytes(content + text)
    assert_whole(path)
    path = write_wav("odd.wav", np.full(5001, 0.1), subtype="PCM_U8")
    path.write_bytes(path.read_bytes() + text)
    assert_whole(path, 5001)
    path = write_wav("empty.wav", np.zeros(0))
    path.write_bytes(path.read_bytes() + text)
    assert audio_length(path)[0] == 0


@pytest.mark.parametrize("total", [0, 1000, N_SAMPLES - 1])
def test_a_flac_total_that_is_too_low(write, samples, total):
    path, content = write("flac")
    tell_total(content, total)
    path.write_bytes(content)
    assert_whole(path)
    np.testing.assert_allclose(decode_audio(path)[0], samples, atol=2**-14)


def test_a_flac_total_that_is_too_high(write):
    path, content = write("flac")
    for total in (N_SAMPLES + 1, 2**36 - 1):
        tell_total(content, total)
        path.write_bytes(content)
        with pytest.raises(UserError, match=f"holds {N_SAMPLES} of {total} samples"):
            audio_length(path)


@pytest.mark.parametrize("n_samples", [1, 100, 4095, 4096, 4097, 8192, 300000])
@pytest.mark.parametrize("level", [0.0, 0.1])
def test_last_frames_of_any_size(write_wav, rng, n_samples, level):
    noise = level * rng.standard_normal((n_samples, 2))
    path = write_wav("a.flac", noise, 44100)
    assert audio_length(path)[0] == n_samples
    content = bytearray(path.read_bytes())
    tell_total(content, 0)
    path.write_bytes(content)
    assert audio_length(path)[0] == n_samples


def without_xing(content):
    """Leave out the first frame, which tells the number of the others."""
    place = content.index(b"Xing") if b"Xing" in content else content.index(b"Info")
    start = content.rindex(b"\xff", 0, place)
    return content[content.index(content[start : start + 2], start + 4) :]


@pytest.mark.parametrize("rate_hz", [8000, 16000, 22050, 44100, 48000])
@pytest.mark.parametrize("mode", ["CONSTANT", "VARIABLE"])
@pytest.mark.parametrize("n_channels", [1, 2])
def test_mp3_without_its_xing_header(write_wav, samples, rate_hz, mode, n_channels):
    noise = np.stack([samples, samples[::-1]], axis=1)[:, :n_channels]
    path = write_wav("a.mp3", noise, rate_hz, bitrate_mode=mode, compression_level=0.5)
    whole = decode_audio(path)[0]
    path.write_bytes(without_xing(path.read_bytes()))
    frame = 1152 if rate_hz > 24000 else 576
    n_samples = audio_length(path)[0]
    n_decoded = n_samples + 529  # the decoder's delay, which it takes off
    assert n_decoded % frame == 0 and N_SAMPLES < n_decoded < N_SAMPLES + 4 * frame
    found = decode_audio(path)[0]
    delay = np.correlate(found, whole[:20000], "valid").argmax()
    assert np.corrcoef(found[delay:][:N_SAMPLES], whole)[0, 1] > 0.99
    path.write_bytes(b"ID3\4\0\0\0\0\2\0" + bytes(256) + path.read_bytes())
    assert audio_length(path)[0] == n_samples


def test_mp3_frames_that_others_follow(write):
    path, content = write("mp3")
    path.write_bytes(content + b"ID3\4\0\0\0\0\0\5hello")
    assert_whole(path)
    place = content.index(b"Xing") if b"Xing" in content else content.index(b"Info")
    n_frames = int.from_bytes(content[place + 8 : place + 12], "big")
    content[place + 8 : place + 12] = (n_frames + 5).to_bytes(4, "big")
    content[place + 12 : place + 16] = (len(content) + 999).to_bytes(4, "big")
    path.write_bytes(content)
    with pytest.raises(UserError, match=f"holds {n_frames} of {n_frames + 5} frames"):
        audio_length(path)


def test_ogg_with_a_page_missing(write):
    path, content = write("ogg")
    pages = content.split(b"OggS")
    path.write_bytes(b"OggS".join(pages[:4] + pages[5:]))
    with pytest.raises(UserError, match="no page 3 of its stream; copy it again"):
        audio_length(path)
    path.write_bytes(b"OggS".join(pages[:-1]))
    with pytest.raises(UserError, match="ends before the last page of its stream"):
        audio_length(path)


def test_other_files_are_left_to_the_decoder():
    assert mend_mpeg(b"plain text") is None and mend_mpeg(b"\xff") is None
    assert skip_id3(b"ID3") == 0


def test_an_empty_file(tmp_path):
    (tmp_path / "a.wav").touch()
    with pytest.raises(UserError, match="a.wav: is empty; the file is truncated"):
        audio_length(tmp_path / "a.wav")
    with pytest.raises(UserError, match="b.wav: no such file; correct the path"):
        audio_length(tmp_path / "b.wav")
    with pytest.raises(UserError, match="a folder, not a file; correct the path"):
        audio_length(tmp_path)


@pytest.mark.parametrize("ending", ENDINGS)
def test_no_byte_makes_it_fail(tmp_path, rng, ending):
    name = f"a.{ending}"
    write_noise(tmp_path / "a.wav", 16000)
    soundfile.write(
        tmp_path / name, 0.1 * rng.standard_normal(3000), 16000, **KINDS.get(ending, {})
    )
    content = (tmp_path / name).read_bytes()
    for _ in range(60):
        damaged = bytearray(content)
        for place in rng.integers(min(len(content), 200), size=3):
            damaged[place] = rng.integers(256)
        (tmp_path / name).write_bytes(damaged)
        try:
            audio_length(tmp_path / name)
        except UserError:
            pass  # one line
