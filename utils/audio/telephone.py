"""Make speech sound as over a telephone: its band, and its codec."""

import io

import numpy as np
import soundfile
from scipy.signal import butter, sosfilt

CODECS = {  # container and encoding of libsndfile
    "mulaw": ("WAV", "ULAW"),  # G.711, North America and Japan
    "alaw": ("WAV", "ALAW"),  # G.711, elsewhere
    "g721": ("AU", "G721_32"),  # ADPCM at 32 kbit/s
    "gsm": ("WAV", "GSM610"),  # GSM full rate, 13 kbit/s: the one before AMR
    "opus": ("OGG", "OPUS"),  # calls over the internet
}
_ORDER = 4


class Telephone:
    """Limit the band of speech and pass it through a codec.

    Parameters
    ----------
    band_hz : (float, float), optional
        Pass band, by a Butterworth filter of the fourth order; None leaves it.
    codec : str, optional
        A key of `CODECS`; None codes nothing.

    Raises
    ------
    ValueError
        An unknown codec.

    Example
    -------
    >>> channel = Telephone((300, 3400), "mulaw")
    >>> channel(np.ones(800, dtype=np.float32), 8000).shape
    (800,)
    """

    def __init__(
        self, band_hz: tuple[float, float] | None = None, codec: str | None = None
    ) -> None:
        if codec is not None and codec not in CODECS:
            raise ValueError(f"codec {codec!r}: there are {', '.join(CODECS)}")
        self.band_hz, self.codec = band_hz, codec

    def __call__(self, samples: np.ndarray, rate_hz: int) -> np.ndarray:
        """Return speech as it comes out of the telephone.

        Parameters
        ----------
        samples : ndarray of float32, shape (n_samples,)
            In [-1, 1]; louder ones are clipped by the codec.
        rate_hz : int
            8000 for the telephone codecs.

        Returns
        -------
        ndarray of float32, shape (n_samples,)
        """
        if self.band_hz is not None:
            band = butter(_ORDER, self.band_hz, "bandpass", fs=rate_hz, output="sos")
            samples = sosfilt(band, samples).astype(np.float32)
        return samples if self.codec is None else code(samples, rate_hz, self.codec)


def code(samples: np.ndarray, rate_hz: int, codec: str) -> np.ndarray:
    """Encode samples and decode them again.

    Parameters
    ----------
    samples : ndarray of float32, shape (n_samples,)
    rate_hz : int
    codec : str
        A key of `CODECS`.

    Returns
    -------
    ndarray of float32, shape (n_samples,)
        Without the padding of codecs that work in blocks.
    """
    container, encoding = CODECS[codec]
    file = io.BytesIO()
    clipped = np.clip(samples, -1, 1)
    soundfile.write(file, clipped, rate_hz, format=container, subtype=encoding)
    file.seek(0)
    decoded = soundfile.read(file, dtype="float32")[0][: len(samples)]
    return np.pad(decoded, (0, len(samples) - len(decoded)))
