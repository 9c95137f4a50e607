"""Where sound comes from, in chunks: a file, raw samples from a pipe, a microphone."""

import itertools
import queue
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, NamedTuple

import numpy as np

from utils.audio.containers import open_audio
from utils.audio.decoding import check_channel, one_channel
from utils.runtime.errors import UserError

ENCODINGS = {"s16": ("<i2", 32768.0), "f32": ("<f4", 1.0)}  # and what full scale is


class Source(NamedTuple):
    """Sound that comes.

    Attributes
    ----------
    rate_hz : int
    chunks : iterator of ndarray of float32, shape (n,)
        In [-1, 1]; of one channel.
    """

    rate_hz: int
    chunks: Iterator[np.ndarray]


class RawForm(NamedTuple):
    """What raw samples are: rate, channels side by side, a key of `ENCODINGS`."""

    rate_hz: int = 16000
    n_channels: int = 1
    encoding: str = "s16"


@contextmanager
def play_file(
    path: Path | str, chunk_s: float, channel: int | None = None
) -> Iterator[Source]:
    """Read a file piece by piece.

    Raises
    ------
    UserError
        See `utils.audio.decoding.decode_audio`.
    """
    with open_audio(path) as file:
        size, rate_hz = max(1, round(chunk_s * file.samplerate)), file.samplerate
        if channel is not None:
            check_channel(path, channel, file.channels)
        blocks = file.blocks(size, dtype="float32", always_2d=True)
        yield Source(rate_hz, (one_channel(own, channel, path) for own in blocks))


def read_raw(
    stream: BinaryIO, form: RawForm, chunk_s: float, channel: int | None = None
) -> Source:
    """Read raw samples as they come, ``chunk_s`` at most at a time.

    Raises
    ------
    UserError
        There is no such channel; or, while it is read, the stream ends within a sample.

    Example
    -------
    >>> import io
    >>> source = read_raw(io.BytesIO(bytes(64000)), RawForm(), 0.5)
    >>> [len(chunk) for chunk in source.chunks]
    [8000, 8000, 8000, 8000]
    """
    if channel is not None:
        check_channel("standard input", channel, form.n_channels)
    return Source(form.rate_hz, _raw_chunks(stream, form, chunk_s, channel))


def _raw_chunks(
    stream: BinaryIO, form: RawForm, chunk_s: float, channel: int | None
) -> Iterator[np.ndarray]:
    dtype, scale = ENCODINGS[form.encoding]
    n_bytes = np.dtype(dtype).itemsize * form.n_channels  # of a sample
    size = max(1, round(chunk_s * form.rate_hz)) * n_bytes
    read = getattr(stream, "read1", stream.read)  # what is there, without waiting
    rest = b""
    while content := read(size - len(rest)):
        content = rest + content
        n_whole = len(content) // n_bytes * n_bytes
        rest = content[n_whole:]
        samples = np.frombuffer(content[:n_whole], dtype).astype(np.float32) / scale
        samples = samples.reshape(-1, form.n_channels)
        yield one_channel(samples, channel, "standard input")
    if rest:
        raise UserError(
            "standard input: ends within a sample; give its --encoding and --channels"
        )


@contextmanager
def open_microphone(device: str, rate_hz: int, chunk_s: float) -> Iterator[Source]:
    """Record from a microphone until the caller stops.

    Parameters
    ----------
    device : str
        Name or number; empty for the default.
    rate_hz : int
    chunk_s : float

    Raises
    ------
    UserError
        sounddevice is not installed, or there is no such microphone.
    """
    try:
        import sounddevice
    except (ImportError, OSError) as error:  # OSError: PortAudio is missing
        raise UserError(
            f"--microphone: {error}; pip install '.[microphone]', and PortAudio"
        ) from None
    recorded: queue.Queue[np.ndarray] = queue.Queue()
    try:
        stream = sounddevice.InputStream(
            samplerate=rate_hz, channels=1, dtype="float32",
            blocksize=round(chunk_s * rate_hz),
            device=int(device) if device.isdigit() else device or None,
            callback=lambda block, *_: recorded.put(block[:, 0].copy()),
        )  # fmt: skip
    except (sounddevice.PortAudioError, ValueError) as error:
        raise UserError(f"--microphone {device}: {error}; name another") from None
    with stream:
        yield Source(rate_hz, (recorded.get() for _ in itertools.count()))


def at_real_speed(source: Source) -> Source:
    """Hand each chunk on when a microphone would have recorded it."""

    def paced() -> Iterator[np.ndarray]:
        start_s, n_samples = time.monotonic(), 0
        for chunk in source.chunks:
            n_samples += len(chunk)
            wait_s = start_s + n_samples / source.rate_hz - time.monotonic()
            time.sleep(max(0.0, wait_s))
            yield chunk

    return Source(source.rate_hz, paced())
