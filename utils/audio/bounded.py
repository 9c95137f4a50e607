"""Run a shell command whose output and time are bounded."""

import os
import selectors
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, BinaryIO, NamedTuple

_CHUNK = 1 << 16
_KEPT_OF_STDERR = 4096
_POLL_S = 0.2


class Bounds(NamedTuple):
    """How much a command may print, and how long it may run.

    Attributes
    ----------
    n_bytes : int
        Most bytes of standard output, and of standard error.
    time_s : float
        Most seconds.
    """

    n_bytes: int = 1 << 30
    time_s: float = 600.0


class Exceeded(Exception):
    """A command passed a bound."""


class Result(NamedTuple):
    """What a command did.

    Attributes
    ----------
    output : binary file
        What it printed, from the start.
    fault : str
        What went wrong and its remedy; empty where nothing did.
    """

    output: BinaryIO
    fault: str


@contextmanager
def run_bounded(command: str, bounds: Bounds) -> Iterator[Result]:
    r"""Run a command by bash; it and its children are killed at a bound.

    Parameters
    ----------
    command : str
    bounds : Bounds

    Yields
    ------
    Result

    Example
    -------
    >>> with run_bounded("echo hello", Bounds()) as result:
    ...     result.output.read()
    b'hello\n'
    >>> with run_bounded("yes", Bounds(n_bytes=1000)) as result:
    ...     result.fault
    'printed more than 1000 bytes and was stopped; let it print the audio of one file'
    """
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(
            ["bash", "-c", command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, start_new_session=True,
        )  # fmt: skip
        try:
            last_words = _copy(process, output, bounds)
            fault = _fault(process.returncode, last_words)
        except Exceeded as exceeded:
            fault = str(exceeded)
        finally:
            _kill_group(process)
        output.seek(0)
        yield Result(output, fault)


def _copy(process: subprocess.Popen, output: BinaryIO, bounds: Bounds) -> str:
    """Copy standard output until the command ends; return its last words."""
    end_s, errors = time.monotonic() + bounds.time_s, b""
    left = {pipe: bounds.n_bytes for pipe in _pipes(process)}
    for pipe, chunk in _chunks(process, end_s):
        left[pipe] -= len(chunk)
        if left[pipe] < 0:
            raise Exceeded(
                f"printed more than {bounds.n_bytes} bytes and was stopped; let it "
                "print the audio of one file"
            )
        if pipe is process.stdout:
            output.write(chunk)
        else:
            errors = (errors + chunk)[-_KEPT_OF_STDERR:]
    try:
        process.wait(max(end_s - time.monotonic(), 0))
    except subprocess.TimeoutExpired:
        raise Exceeded(
            f"ran longer than {bounds.time_s:g} s and was stopped; make the file by "
            "hand"
        ) from None
    return "".join(errors.decode(errors="replace").strip().splitlines()[-1:])


def _pipes(process: subprocess.Popen) -> list[IO[bytes]]:
    return [pipe for pipe in (process.stdout, process.stderr) if pipe is not None]


def _chunks(
    process: subprocess.Popen, end_s: float
) -> Iterator[tuple[IO[bytes], bytes]]:
    """Yield what a command prints, with the pipe, until it ends or it is ``end_s``."""
    with selectors.DefaultSelector() as selector:
        for pipe in _pipes(process):
            selector.register(pipe, selectors.EVENT_READ, pipe)
        while selector.get_map() and time.monotonic() < end_s:
            ready = selector.select(_POLL_S)
            if not ready and process.poll() is not None:
                return  # something that it started holds a pipe
            for key, _ in ready:
                chunk = os.read(key.fd, _CHUNK)
                if chunk:
                    yield key.data, chunk
                else:
                    selector.unregister(key.fileobj)


def _fault(code: int, last_words: str) -> str:
    if not code:
        return ""
    return f"ended with exit code {code} ({last_words}); mend the command"


def _kill_group(process: subprocess.Popen) -> None:
    """End the command with all that it started."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    process.wait()
    for pipe in _pipes(process):
        pipe.close()
