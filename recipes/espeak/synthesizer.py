"""espeak-ng through ctypes: text to samples, with voices of our own.

The library and its data come in the package `espeakng-loader`. Voice definitions
are written into a copy of the data folder, never into the installed package.
"""

import ctypes
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import espeakng_loader
import numpy as np

from utils.runtime.errors import UserError

_RETRIEVAL = 1  # AUDIO_OUTPUT_RETRIEVAL: samples come through the callback
_UTF8 = 1  # espeakCHARS_UTF8
_RATE = 1  # espeakRATE
_CALLBACK = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p
)


def copy_data(folder: Path) -> Path:
    """Copy espeak-ng's data below a folder; returns the copy's parent."""
    shutil.copytree(espeakng_loader.get_data_path(), folder / "espeak-ng-data")
    return folder


def write_voice(data: Path, name: str, definition: str) -> None:
    """Add a voice variant to a copy of the data.

    Parameters
    ----------
    data : Path
        What `copy_data` returned.
    name : str
        The voice is then ``<language>+<name>``.
    definition : str
        Lines of an espeak-ng voice file.
    """
    path = data / "espeak-ng-data" / "voices" / "!v" / name
    path.write_text(f"language variant\nname {name}\n{definition}", encoding="utf-8")


class Synthesizer:
    """espeak-ng with one voice; use `open_synthesizer` to get one."""

    def __init__(self, library: ctypes.CDLL, rate_hz: int) -> None:
        self.library, self.rate_hz = library, rate_hz
        self._chunks: list[np.ndarray] = []
        self._callback = _CALLBACK(self._collect)  # kept: the library calls it
        library.espeak_SetSynthCallback(self._callback)

    def _collect(self, samples: object, n_samples: int, _events: object) -> int:
        if samples and n_samples > 0:
            chunk = np.ctypeslib.as_array(samples, shape=(n_samples,))
            self._chunks.append(chunk.copy())
        return 0

    def use_voice(self, voice: str, words_per_minute: int) -> None:
        """Choose the voice, such as ``en-gb+f2``, and its speed.

        Raises
        ------
        UserError
            espeak-ng has no such voice.
        """
        if self.library.espeak_SetVoiceByName(voice.encode()) != 0:
            raise UserError(f"espeak-ng has no voice {voice!r}; install it again")
        self.library.espeak_SetParameter(_RATE, words_per_minute, 0)

    def speak(self, text: str) -> np.ndarray:
        """Return the samples of a text: float32 in [-1, 1] at ``rate_hz``."""
        self._chunks = []
        data = text.encode()
        self.library.espeak_Synth(data, len(data) + 1, 0, 1, 0, _UTF8, None, None)
        self.library.espeak_Synchronize()
        return np.concatenate(self._chunks).astype(np.float32) / 32768


def load_own_library(folder: Path) -> ctypes.CDLL:
    """Load the library as if for the first time in this process.

    Oscillator phases and flutter are static variables that outlive
    ``espeak_Terminate``; they start anew only in a file not loaded before.

    Parameters
    ----------
    folder : Path
        Holds the copied file while it is loaded.

    Raises
    ------
    UserError
        The library is missing, or may not be run from that folder.
    """
    with tempfile.TemporaryDirectory(dir=folder) as own:
        try:
            return ctypes.CDLL(shutil.copy(espeakng_loader.get_library_path(), own))
        except OSError as error:
            raise UserError(
                f"espeak-ng cannot be loaded ({error}); install espeakng-loader "
                "again, or set TMPDIR to a folder that programs may be run from"
            ) from None


@contextmanager
def open_synthesizer(data: Path, seed: int) -> Iterator[Synthesizer]:
    """Start espeak-ng afresh, so that what it says depends on nothing before.

    Parameters
    ----------
    data : Path
        What `copy_data` returned.
    seed : int
        Seed of the library's own random numbers.

    Yields
    ------
    Synthesizer
    """
    library = load_own_library(data)
    rate_hz = library.espeak_Initialize(_RETRIEVAL, 0, str(data).encode(), 0)
    if rate_hz <= 0:
        raise UserError(f"{data}: espeak-ng does not start with this data folder")
    library.espeak_ng_SetRandSeed(ctypes.c_long(seed))
    try:
        yield Synthesizer(library, rate_hz)
    finally:
        library.espeak_Terminate()
