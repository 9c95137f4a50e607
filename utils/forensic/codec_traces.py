"""Traces of codecs in a recording: of its file, its samples and its spectrum."""

from functools import cache
from typing import NamedTuple

import numpy as np

from utils.audio.codecs import LINE_RATE_HZ, encode_and_decode

_OF_FILES = {  # libsndfile's names
    "ULAW": "mulaw", "ALAW": "alaw", "GSM610": "gsm", "G721_32": "g721",
    "IMA_ADPCM": "adpcm", "MS_ADPCM": "adpcm", "OPUS": "opus", "VORBIS": "vorbis",
}  # fmt: skip
_LEVELS_OF = ("mulaw", "alaw")
_FEWEST_LEVELS = 32  # fewer different samples are no trace
_MARGIN_HZ = 500.0  # of an anti-alias filter below half of the rate


class Traces(NamedTuple):
    """What tells of a codec.

    Attributes
    ----------
    codec : str
        A key of `utils.audio.codecs.CODECS`; empty where none is known.
    signs : tuple of str
        Each in words.
    """

    codec: str
    signs: tuple[str, ...]


def find_traces(
    samples: np.ndarray, rate_hz: int, subtype: str, bandwidth_hz: float
) -> Traces:
    """Look for traces of a codec.

    Parameters
    ----------
    samples : ndarray of shape (n_samples,), in [-1, 1]
        One channel, at the file's own rate.
    rate_hz : int
    subtype : str
        How the file is coded, by libsndfile's name.
    bandwidth_hz : float
        See `utils.audio.quality.measure_bandwidth_hz`.

    Example
    -------
    >>> rng = np.random.default_rng(0)
    >>> sent = encode_and_decode(0.1 * rng.standard_normal(8000), 8000, "alaw")
    >>> find_traces(sent, 8000, "PCM_16", 4000.0)
    Traces(codec='alaw', signs=('all samples are levels of G.711 alaw',))
    >>> find_traces(sent + 0.00001, 16000, "PCM_16", 7000.0).signs
    ('no sound above 7000 Hz in a file of 16000 Hz: another rate before',)
    """
    codec, signs = _OF_FILES.get(subtype, ""), []
    if codec or subtype.startswith("MPEG"):
        signs.append(f"the file is coded with loss ({subtype})")
    if not codec and (codec := _line_codec(samples)):
        signs.append(f"all samples are levels of G.711 {codec}")
    if bandwidth_hz < rate_hz / 2 - _MARGIN_HZ:
        telephone = "a telephone, or " if bandwidth_hz <= LINE_RATE_HZ / 2 else ""
        signs.append(
            f"no sound above {bandwidth_hz:.0f} Hz in a file of {rate_hz} Hz: "
            f"{telephone}another rate before"
        )
    return Traces(codec, tuple(signs))


def _line_codec(samples: np.ndarray) -> str:
    """Name the codec of telephone lines whose levels all samples are."""
    values = np.unique(np.rint(samples * 32768).astype(int))
    is_exact = np.allclose(samples * 32768, np.rint(samples * 32768), atol=1e-3)
    if not is_exact or len(values) < _FEWEST_LEVELS:
        return ""
    return next(
        (name for name in _LEVELS_OF if np.isin(values, _levels(name)).all()), ""
    )


@cache
def _levels(codec: str) -> np.ndarray:
    """Return the levels of a codec, as 16-bit integers."""
    every = (np.arange(-32768, 32768) / 32768).astype(np.float32)
    return np.unique(np.rint(encode_and_decode(every, LINE_RATE_HZ, codec) * 32768))
