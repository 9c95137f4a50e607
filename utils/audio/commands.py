"""Audio that a command makes: show the commands, run each once, keep FLAC files.

A command is never part of a table: it stands in a mapping that only a reader of
commands makes (a Kaldi ``wav.scp``, with the user's permission) or a recipe itself.
"""

import hashlib
import io
import logging
import re
import shlex
import shutil
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pandas as pd
import soundfile

from utils.audio.bounded import Bounds, run_bounded
from utils.audio.containers import mended
from utils.audio.stored import Fault
from utils.runtime.atomic import replacing_file
from utils.runtime.errors import UserError
from utils.runtime.processes import map_in_processes

logger = logging.getLogger(__name__)

MOST_SHOWN = 3  # kinds of commands
_PLAIN = re.compile(r"[\w./+=:,@-]+")  # a word that means nothing to the shell
_BLOCK = 1 << 16  # samples


def made_by(command: str, name: str) -> str:
    """Name the audio that a command makes: another command, another file.

    Example
    -------
    >>> made_by("sph2pipe -f wav a.sph", "talk")
    'talk-686e27d8'
    """
    digest = hashlib.sha256(command.encode()).hexdigest()[:8]
    return f"{name.lstrip('/')}-{digest}"


def run_commands(
    rows: pd.DataFrame,
    commands: dict[str, str],
    folder: Path,
    nj: int,
    faults: dict[str, str] | None = None,
) -> pd.DataFrame:
    """Make the audio of rows that have a command; files that are there are kept.

    They are made again where a file that their command names is newer. What is run is
    printed first. A command may print and take as much as `Bounds`
    says.

    Parameters
    ----------
    rows : DataFrame
        With ``wav``.
    commands : dict of str
        The command that makes each ``wav`` that is no file; see `made_by`. Its audio
        is written to ``folder`` under that name.
    folder : Path
    nj : int
        Parallel processes.
    faults : dict of str, optional
        Collects what went wrong, by path, instead of raising it.

    Returns
    -------
    DataFrame
        With the paths of all files.

    Raises
    ------
    UserError
        A command fails, passes a bound, or does not print audio.
    """
    place = {
        name: (folder / f"{name}.flac").resolve()
        for name in rows["wav"].unique()
        if name in commands
    }
    missing = [
        name for name, path in place.items() if not _is_current(path, commands[name])
    ]
    for line in shown(commands[name] for name in missing):
        logger.warning(line)  # seen whatever the caller does with logs
    jobs = [(name, commands[name], place[name]) for name in missing]
    done = map_in_processes(_make, jobs, nj, "running commands", batch_size=1)
    for name, fault in zip(missing, done, strict=True):
        if fault and faults is None:
            raise UserError(fault)
        if fault and faults is not None:
            faults[str(place[name])] = fault
    paths = [str(place.get(name, name)) for name in rows["wav"]]
    return rows.assign(wav=paths)


def files_in(commands: Mapping[str, str]) -> list[str]:
    """Return the files that commands name, as far as they are there."""
    words = {word for command in commands.values() for word in command.split()}
    return sorted(word for word in words if "/" in word and Path(word).is_file())


def _is_current(path: Path, command: str) -> bool:
    """Whether a command's audio is there, and later than the files it is made of."""
    if not path.is_file():
        return False
    sources = files_in({"": command})
    made_ns = path.stat().st_mtime_ns
    return all(Path(source).stat().st_mtime_ns <= made_ns for source in sources)


def shown(commands: Iterable[str]) -> list[str]:
    """Describe commands: an example of each kind, the most frequent kinds first.

    Commands are of one kind if they differ in arguments that hold a digit, dot or
    slash, such as a path. What a program is called, and what means something to the
    shell, is part of the kind.

    Example
    -------
    >>> for line in shown(["sox a.wav -", "sox b.wav -", "sox a.wav -; rm b.wav"]):
    ...     print(line)
    running 3 commands:
      2 such as 'sox a.wav -'
      1 such as 'sox a.wav -; rm b.wav'
    """
    commands = list(commands)
    if not commands:
        return []
    kinds = Counter(map(_kind, commands))
    example = {_kind(command): command for command in reversed(commands)}
    lines = [f"running {len(commands)} commands:"]
    for kind, count in kinds.most_common(MOST_SHOWN):
        lines.append(f"  {count} such as {example[kind]!r}")
    if len(kinds) > MOST_SHOWN:
        lines.append(f"  and {len(kinds) - MOST_SHOWN} more kinds")
    return lines


def _kind(command: str) -> tuple[str, ...]:
    words = command.split()
    is_plain = [_PLAIN.fullmatch(word) is not None for word in words]
    follows_plain = [False, *is_plain[:-1]]
    return tuple(
        "*" if plain and after and re.search(r"[\d./]", word) else word
        for word, plain, after in zip(words, is_plain, follows_plain, strict=True)
    )


def _make(job: tuple[str, str, Path]) -> str | None:
    """Run a named command and store its audio at a path; return what went wrong."""
    name, command, path = job
    with run_bounded(command, Bounds()) as result:
        fault = result.fault or _store(result.output, path)
    return f"{name}: {command!r} {fault}" if fault else None


def _store(output: BinaryIO, path: Path) -> str | None:
    """Copy audio to a FLAC file, block by block; return what went wrong."""
    try:
        content = mended(output)
        source_file = output if content is None else io.BytesIO(content)
        with (
            soundfile.SoundFile(source_file) as source,
            replacing_file(path) as temporary,
        ):
            is_float = source.subtype in ("FLOAT", "DOUBLE")
            kind = "float32" if is_float else "int16"
            with soundfile.SoundFile(
                temporary, "w", source.samplerate, source.channels, format="FLAC"
            ) as copy:
                for block in source.blocks(_BLOCK, dtype=kind):
                    copy.write(_as_int16(block) if is_float else block)
    except Fault as fault:
        return f"printed no whole audio: it {fault}"
    except soundfile.LibsndfileError:
        return "printed no audio; let it write WAV to standard output"
    except OverflowError:
        return "printed samples beyond full scale; let it write 16-bit WAV"
    return None


def _as_int16(samples: np.ndarray) -> np.ndarray:
    if not np.abs(samples).max(initial=0) <= 1:
        raise OverflowError
    return np.clip(np.rint(samples * 2**15), -(2**15), 2**15 - 1).astype(np.int16)


def decoder_command(path: Path) -> str:
    """Return the command that decodes a file that libsndfile cannot, such as M4A.

    Raises
    ------
    UserError
        ffmpeg is not installed.
    """
    if shutil.which("ffmpeg") is None:
        raise UserError(
            f"{path}: M4A needs ffmpeg, which is not on PATH; install it, or convert "
            "the files to WAV or FLAC under the same names"
        )
    return f"ffmpeg -nostdin -v error -i {shlex.quote(str(path))} -ac 1 -f wav -"
