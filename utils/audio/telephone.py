"""Make speech sound as over a telephone: its band, and its codec."""

import numpy as np

from utils.audio.acoustics import limit_band
from utils.audio.codecs import CODECS, encode_and_decode


class Telephone:
    """Limit the band of speech and pass it through a codec.

    Parameters
    ----------
    band_hz : (float, float), optional
        Pass band, see `limit_band`; None leaves it.
    codec : str, optional
        A key of `utils.audio.codecs.CODECS`; None codes nothing.

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
            samples = limit_band(samples, rate_hz, self.band_hz)
        if self.codec is not None:
            samples = encode_and_decode(samples, rate_hz, self.codec)
        return samples
