import numpy as np
import pytest

from utils.audio.codecs import encode_and_decode
from utils.forensic.codec_traces import find_traces


@pytest.fixture
def speechlike(rng=None):
    return (0.2 * np.random.default_rng(0).standard_normal(8000)).astype(np.float32)


@pytest.mark.parametrize("codec", ["mulaw", "alaw"])
def test_a_line_is_known_by_its_levels(speechlike, codec):
    """After decoding to 16 bits, nothing but the levels tells of the codec."""
    sent = encode_and_decode(speechlike, 8000, codec)
    assert find_traces(sent, 8000, "PCM_16", 4000.0).codec == codec


def test_plain_samples_have_no_traces(speechlike):
    plain = np.rint(speechlike * 32768) / 32768
    assert find_traces(plain, 8000, "PCM_16", 4000.0) == ("", ())


def test_few_levels_are_no_trace():
    square = np.tile([0.0, 0.5], 4000)
    assert find_traces(square, 8000, "PCM_16", 4000.0).codec == ""


@pytest.mark.parametrize(
    ("subtype", "codec"),
    [("GSM610", "gsm"), ("OPUS", "opus"), ("ULAW", "mulaw"), ("MPEG_LAYER_III", "")],
)
def test_files_say_how_they_are_coded(speechlike, subtype, codec):
    found = find_traces(speechlike, 16000, subtype, 8000.0)
    assert found.codec == codec
    assert found.signs == (f"the file is coded with loss ({subtype})",)


@pytest.mark.parametrize(
    ("bandwidth_hz", "what"),
    [(4000.0, "a telephone, or"), (6000.0, "16000 Hz: another")],
)
def test_a_band_that_ends_early(speechlike, bandwidth_hz, what):
    (sign,) = find_traces(speechlike, 16000, "PCM_16", bandwidth_hz).signs
    assert what in sign
