"""Where a result comes from: versions, commit, command, trial list, leakage."""

import hashlib
import platform
import shlex
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from utils.data.manifest import read_manifest

PACKAGES = ("speechbrain", "torch", "torchaudio", "numpy", "pandas")


def trial_list_facts(path: Path | str) -> dict[str, str]:
    """Return the name and the SHA-256 of a trial list."""
    content = Path(path).read_bytes()
    return {
        "trials": Path(path).stem,
        "trials_sha256": hashlib.sha256(content).hexdigest(),
    }


def program_facts() -> dict[str, object]:
    """Return the versions, the commit and the command line of this program.

    Example
    -------
    >>> sorted(program_facts())
    ['command', 'commit', 'versions']
    """
    return {
        "versions": {"python": platform.python_version()}
        | {name: _version(name) for name in PACKAGES},
        "commit": _commit(),
        "command": shlex.join(["python", "-m", _program(), *sys.argv[1:]]),
    }


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _commit() -> str | None:
    """Return the commit of the repository; a trailing + marks changes since."""
    run = ["git", "-C", str(Path(__file__).parent)]
    try:
        head = subprocess.run(
            [*run, "rev-parse", "--short", "HEAD"],
            capture_output=True, text=True, check=True,
        ).stdout.strip()  # fmt: skip
        changed = subprocess.run(
            [*run, "status", "--porcelain", "--untracked-files=no"],
            capture_output=True, text=True, check=True,
        ).stdout.strip()  # fmt: skip
    except (OSError, subprocess.CalledProcessError):
        return None
    return head + ("+" if changed else "")


def _program() -> str:
    """Return the name of the running module, such as local.report."""
    path = Path(sys.argv[0])
    return f"{path.parent.name}.{path.stem}"


def shared_speakers(data: Path) -> list[str]:
    """Return the speakers that a corpus folder has both in train and in test.

    Parameters
    ----------
    data : Path
        Holds ``test.csv``; without ``train.csv`` none is shared.
    """
    if not (data / "train.csv").is_file():
        return []
    train, test = (
        set(read_manifest(data / f"{s}.csv")["spk_id"]) for s in ("train", "test")
    )
    return sorted(train & test)
