"""The state of audio files when they were measured, to notice that they change."""

from collections.abc import Iterable
from pathlib import Path

from utils.runtime.atomic import replacing_file


def write_audio_state(path: Path, files: Iterable[str]) -> None:
    r"""Write a line ``size<tab>time<tab>file`` for each file that is there.

    ``utils/stages.sh`` compares it with what ``stat`` says later.

    Example
    -------
    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> _ = (folder / "a.wav").write_bytes(b"RIFF")
    >>> write_audio_state(folder / "audio.tsv", [str(folder / "a.wav"), "absent"])
    >>> (folder / "audio.tsv").read_text().split("\t")[0]
    '4'
    """
    lines = []
    for file in sorted(set(files)):
        if Path(file).is_file():
            found = Path(file).stat()
            seconds, nanoseconds = divmod(found.st_mtime_ns, 10**9)
            lines.append(f"{found.st_size}\t{seconds}.{nanoseconds:09d}\t{file}\n")
    with replacing_file(path) as temporary:
        temporary.write_text("".join(lines), encoding="utf-8")
