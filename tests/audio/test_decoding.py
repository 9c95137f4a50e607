import numpy as np
import pytest
import soundfile

from utils.audio.decoding import decode_audio, read_audio
from utils.audio.resampling import resample
from utils.runtime.errors import UserError


def tone(rate_hz, seconds=1.0, hz=440.0):
    return 0.5 * np.sin(2 * np.pi * hz * np.arange(int(rate_hz * seconds)) / rate_hz)


@pytest.mark.parametrize(
    ("ending", "options"),
    [
        ("wav", {}),
        ("flac", {}),
        ("ogg", {"format": "OGG", "subtype": "VORBIS"}),
        ("opus", {"format": "OGG", "subtype": "OPUS"}),
        ("mp3", {"format": "MP3"}),
        ("sph", {"format": "NIST"}),
    ],
)
def test_every_format_gives_the_tone(write_wav, ending, options):
    samples = read_audio(write_wav(f"a.{ending}", tone(16000), **options), 16000)
    assert abs(len(samples) - 16000) < 2000  # lossy coders pad
    spectrum = np.abs(np.fft.rfft(samples))
    assert abs(spectrum.argmax() * 16000 / len(samples) - 440) < 2


@pytest.mark.parametrize("rate_hz", [8000, 22050, 44100, 48000])
def test_any_rate_is_resampled(write_wav, rate_hz):
    samples = read_audio(write_wav("a.wav", tone(rate_hz), rate_hz), 16000)
    assert len(samples) == 16000
    middle = slice(500, -500)
    np.testing.assert_allclose(samples[middle], tone(16000)[middle], atol=5e-3)


def test_resampling_agrees_with_scipy(rng):
    from scipy.signal import resample_poly

    smooth = np.convolve(rng.standard_normal(44100), np.hanning(40) / 20, "same")
    ours = resample(smooth.astype("f4"), 44100, 16000)
    oracle = resample_poly(smooth, 160, 441)
    assert np.corrcoef(ours, oracle)[0, 1] > 0.9999


def test_channels_are_averaged(write_wav):
    stereo = np.stack([tone(16000), -0.5 * tone(16000)], axis=1)
    mono = read_audio(write_wav("a.wav", stereo), 16000)
    np.testing.assert_allclose(mono, 0.25 * tone(16000), atol=1e-4)


def test_a_part_of_a_file(write_wav):
    path = write_wav("a.wav", tone(16000))
    whole, part = read_audio(path, 16000), read_audio(path, 16000, 100, 300)
    np.testing.assert_array_equal(part, whole[100:300])


@pytest.mark.parametrize(
    ("samples", "message"),
    [
        (np.zeros(0), "no samples"),
        (np.zeros(1000), "only zeros"),
        (np.array([0.1, np.nan, 0.2] * 100), "NaN or infinite"),
        (np.array([0.1, np.inf, 0.2] * 100), "NaN or infinite"),
    ],
)
def test_useless_samples_are_refused(write_wav, samples, message):
    path = write_wav("a.wav", samples, subtype="FLOAT")
    with pytest.raises(UserError, match=message):
        read_audio(path, 16000)


@pytest.mark.parametrize("ending", ["wav", "flac", "mp3"])
def test_channels_that_cancel_each_other(write_wav, ending):
    path = write_wav(f"a.{ending}", np.stack([tone(16000), -tone(16000)], axis=1))
    with pytest.raises(UserError, match="its channels cancel each other .* keep one"):
        read_audio(path, 16000)


def test_missing_and_unreadable_files(tmp_path):
    with pytest.raises(UserError, match="no such file"):
        read_audio(tmp_path / "absent.wav", 16000)
    (tmp_path / "text.wav").write_text("not audio")
    with pytest.raises(UserError, match=r"text\.wav: cannot be read as audio"):
        read_audio(tmp_path / "text.wav", 16000)


@pytest.mark.parametrize("ending", ["flac", "wav"])
def test_a_truncated_file_is_refused(write_wav, rng, ending):
    path = write_wav(f"a.{ending}", 0.1 * rng.standard_normal(16000))
    n_samples = soundfile.info(path).frames
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(UserError, match=f"{path}: "):
        read_audio(path, 16000, 0, n_samples)
    with pytest.raises(UserError, match=f"{path}: "):
        read_audio(path, 16000)


def test_a_streamed_wav_is_read(write_wav, rng):
    path = write_wav("a.wav", 0.1 * rng.standard_normal(1600))
    content = path.read_bytes()
    place = content.index(b"data") + 4
    path.write_bytes(content[:place] + b"\xff" * 4 + content[place + 4 :])
    assert len(read_audio(path, 16000)) == 1600


def test_channels_that_are_mixed_are_counted_where_they_differ(tmp_path, rng):
    sound = 0.1 * rng.standard_normal((800, 3))
    for n, (samples, expected) in enumerate(
        [(sound[:, 0], 1), (sound[:, [0, 0]], 1), (sound[:, :2], 2), (sound, 3)]
    ):
        path = tmp_path / f"{n}.wav"
        soundfile.write(path, samples, 16000)
        assert decode_audio(path).n_mixed == expected
        assert decode_audio(path, channel=0).n_mixed == 1
