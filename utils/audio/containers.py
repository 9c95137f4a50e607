"""Open audio files by their true lengths, whatever their headers claim.

libsndfile believes a header: it passes over the end of a file that claims too little,
and over the loss where it claims too much. Here the claim is compared with what the
file holds, by a few reads and without decoding. Files that are cut or joined are
refused; one of unknown or too low length is decoded from memory, its header mended.
"""

import io
import mmap
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import soundfile

from utils.audio.flac import mend_flac
from utils.audio.foreign import name_foreign
from utils.audio.mpeg import mend_mpeg, skip_id3
from utils.audio.ogg import check_ogg
from utils.audio.sample_blocks import mend_sample_block
from utils.audio.stored import CUT, Fault, Stored
from utils.runtime.errors import UserError

_MENDERS: dict[bytes, Callable[[Stored], bytes | None]] = {  # by first bytes
    b"fLaC": mend_flac,
    b"OggS": check_ogg,
    b"RIFF": mend_sample_block,
    b"RF64": mend_sample_block,
    b"riff": mend_sample_block,
    b"FORM": mend_sample_block,
    b".snd": mend_sample_block,
    b"caff": mend_sample_block,
    b"NIST": mend_sample_block,
}


@contextmanager
def open_audio(path: Path | str) -> Iterator[soundfile.SoundFile]:
    """Open a file so that ``frames`` is the number of samples that it holds.

    Parameters
    ----------
    path : Path or str

    Yields
    ------
    SoundFile

    Raises
    ------
    UserError
        The file is missing, no audio, cut, or several files in one; here or while it
        is read.
    """
    if not Path(path).is_file():
        what = "a folder, not a file" if Path(path).is_dir() else "no such file"
        raise UserError(f"{path}: {what}; correct the path, or that in the manifest")
    try:
        with Path(path).open("rb") as stored:
            content = mended(stored)
        source = str(path) if content is None else io.BytesIO(content)
        with soundfile.SoundFile(source) as file:
            yield file
    except Fault as fault:
        raise UserError(f"{path}: {fault}") from None
    except (soundfile.LibsndfileError, RuntimeError, OSError) as error:
        reason = str(error).split(": ")[-1].rstrip(".")
        known = name_foreign(Path(path)) or f"{reason}; replace or remove the file"
        raise UserError(f"{path}: cannot be read as audio: {known}") from None


def mended(file: BinaryIO) -> bytes | None:
    """Return a file's content with a true header, or None if it has one.

    Parameters
    ----------
    file : binary file
        On a disk.

    Raises
    ------
    Fault
        The file is empty, cut, or several files in one.
    """
    if not file.seek(0, io.SEEK_END):
        raise Fault(f"is empty; {CUT}")
    file.seek(0)
    with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as stored:
        start = skip_id3(stored)
        return _MENDERS.get(stored[start : start + 4], mend_mpeg)(stored)
