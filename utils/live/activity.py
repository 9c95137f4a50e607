"""Speech or not, block by block, by the energy of the last ten seconds."""

from collections import deque

import numpy as np

from utils.audio.quality import SILENCE_DB
from utils.audio.speech_level import speech_threshold_db

BLOCK_S = 0.1
_FRAMES_PER_BLOCK = 5  # of 20 ms each
_REMEMBERED = 500  # frames, 10 s: quiet and loud levels follow the room
_RANGE_DB, _MARGIN_DB = 30.0, 6.0
_SHARES = np.array([0.1, 0.95])  # of the frames that are below quiet and loud
_FEWEST = 2  # frames that make a block of speech
_HANGOVER = 3  # blocks after speech that belong to it: the ends of words, short pauses
_FLOOR_DB = -120.0


class SpeechActivity:
    """Tell blocks of speech from pauses.

    Frames count as speech from a level on that follows the quietest tenth and the
    loudest twentieth of the frames of the last ten seconds
    (`utils.audio.speech_level.speech_threshold_db`), and never below -60 dB of full
    scale. Noise alone counts as speech: whether it is any is asked of a whole window.

    Example
    -------
    >>> activity = SpeechActivity()
    >>> noise = np.random.default_rng(0).standard_normal((8, 1600))
    >>> gains = [0, 0, 0.1, 0.1, 0, 0, 0, 0]
    >>> [activity(gain * block) for gain, block in zip(gains, noise, strict=True)]
    [False, False, True, True, True, True, True, False]
    """

    def __init__(self) -> None:
        self._levels_db: deque[float] = deque(maxlen=_REMEMBERED)
        self._since_speech = _HANGOVER

    def __call__(self, block: np.ndarray) -> bool:
        """Take the next 0.1 s (n_samples,); returns whether it belongs to speech."""
        frames = block.astype(np.float64).reshape(_FRAMES_PER_BLOCK, -1)
        power = frames.var(axis=1)  # without an offset
        levels_db = 10 * np.log10(np.maximum(power, 10 ** (_FLOOR_DB / 10)))
        self._levels_db.extend(levels_db.tolist())
        quiet_db, loud_db = _quantiles(np.array(self._levels_db))
        threshold_db = speech_threshold_db(quiet_db, loud_db, _RANGE_DB, _MARGIN_DB)
        n_speech = int((levels_db >= max(threshold_db, SILENCE_DB)).sum())
        self._since_speech = 0 if n_speech >= _FEWEST else self._since_speech + 1
        return self._since_speech <= _HANGOVER


def _quantiles(levels: np.ndarray) -> np.ndarray:
    """Return what np.quantile does, in a fraction of its time."""
    places = _SHARES * (len(levels) - 1)
    return np.interp(places, np.arange(len(levels)), np.sort(levels))
