"""Speech through a codec and back: those that libsndfile has."""

import io
from typing import NamedTuple

import numpy as np
import soundfile

LINE_RATE_HZ = 8000  # of telephone lines


class Codec(NamedTuple):
    """A codec by libsndfile's names.

    Attributes
    ----------
    container, encoding : str
    rate_hz : int
        The rate that it is used at.
    """

    container: str
    encoding: str
    rate_hz: int


CODECS = {
    "mulaw": Codec("WAV", "ULAW", LINE_RATE_HZ),  # G.711, North America and Japan
    "alaw": Codec("WAV", "ALAW", LINE_RATE_HZ),  # G.711, elsewhere
    "g721": Codec("AU", "G721_32", LINE_RATE_HZ),  # ADPCM at 32 kbit/s
    "adpcm": Codec("WAV", "IMA_ADPCM", LINE_RATE_HZ),
    "gsm": Codec("WAV", "GSM610", LINE_RATE_HZ),  # full rate, 13 kbit/s, before AMR
    "opus": Codec("OGG", "OPUS", 16000),  # calls over the internet
    "vorbis": Codec("OGG", "VORBIS", 16000),
}


def encode_and_decode(samples: np.ndarray, rate_hz: int, codec: str) -> np.ndarray:
    """Return what a codec leaves of samples.

    Parameters
    ----------
    samples : ndarray of float32, shape (n_samples,)
        In [-1, 1]; louder ones are clipped.
    rate_hz : int
    codec : str
        A key of `CODECS`.

    Returns
    -------
    ndarray of float32, shape (n_samples,)
        Without the padding of codecs that work in blocks.

    Example
    -------
    >>> encode_and_decode(np.zeros(100, dtype=np.float32), 8000, "gsm").shape
    (100,)
    """
    container, encoding, _ = CODECS[codec]
    file = io.BytesIO()
    clipped = np.clip(samples, -1, 1)
    soundfile.write(file, clipped, rate_hz, format=container, subtype=encoding)
    file.seek(0)
    decoded = soundfile.read(file, dtype="float32")[0][: len(samples)]
    return np.pad(decoded, (0, len(samples) - len(decoded)))
