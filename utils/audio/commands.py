"""Audio that a command makes: run it once and keep the result as FLAC."""

import io
import shutil
import subprocess
from pathlib import Path

import pandas as pd
import soundfile
from joblib import Parallel, delayed

from utils.runtime.atomic import replacing_file
from utils.runtime.errors import UserError
from utils.runtime.progress import progress

# the column of what makes a file; no table of a user's may have it
COMMAND = "|command"


def run_commands(rows: pd.DataFrame, folder: Path, nj: int) -> pd.DataFrame:
    """Make the audio of rows that have a command; files that are there are kept.

    Parameters
    ----------
    rows : DataFrame
        ``wav`` and `COMMAND`, empty where the file is there. A command's audio is
        written to ``folder`` under the name in ``wav``.
    folder : Path
    nj : int
        Parallel processes.

    Returns
    -------
    DataFrame
        Without `COMMAND`, with the paths of all files.

    Raises
    ------
    UserError
        A command fails, or does not print audio.
    """
    is_made = rows[COMMAND] != ""
    paths = rows["wav"].where(
        ~is_made, [str((folder / f"{name}.flac").resolve()) for name in rows["wav"]]
    )
    tasks = dict(zip(paths[is_made], rows.loc[is_made, COMMAND], strict=True))
    missing = {path: text for path, text in tasks.items() if not Path(path).is_file()}
    workers = Parallel(n_jobs=nj, return_as="generator")
    jobs = (delayed(_make)(Path(path), text) for path, text in missing.items())
    for fault in progress(workers(jobs), len(missing), "running commands"):
        if fault:
            raise UserError(fault)
    return rows.assign(wav=paths).drop(columns=COMMAND)


def _make(path: Path, command: str) -> str | None:
    """Run one command and store its audio; return what went wrong."""
    result = subprocess.run(["bash", "-c", command], capture_output=True)
    reason = result.stderr.decode(errors="replace").strip().splitlines()[-1:]
    if result.returncode:
        return (
            f"{command!r} ended with exit code {result.returncode} "
            f"({''.join(reason)}); mend the command"
        )
    try:
        samples, rate_hz = soundfile.read(io.BytesIO(result.stdout), dtype="int16")
    except soundfile.LibsndfileError:
        return f"{command!r} printed no audio; let it write WAV to standard output"
    with replacing_file(path) as temporary:
        soundfile.write(temporary, samples, rate_hz, format="FLAC")
    return None


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
    quoted = "'" + str(path).replace("'", "'\\''") + "'"
    return f"ffmpeg -nostdin -v error -i {quoted} -ac 1 -f wav -"
