"""How every program of the repository ends and reports: exit codes and logs."""

import logging
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from utils.runtime.cluster import VARIABLE, parallel_on
from utils.runtime.disk import REMEDY, is_disk_full
from utils.runtime.errors import UserError

WRONG_PLACES = PermissionError, NotADirectoryError, IsADirectoryError, FileExistsError
OWN = ("utils.", "local.", "recipes.")  # modules of the repository


def run_program(main: Callable[[], None]) -> None:
    """Run ``main`` and leave with the repository's exit codes.

    0: done. 1: the data or the run failed; a `UserError` is printed as one line.
    2: wrong usage (argparse does this itself). Meanwhile what the repository's own
    modules log goes to the terminal, and so do the warnings of all modules.

    Parameters
    ----------
    main : callable
        Parses its own command line and does the work; its parallel work is sent to
        the cluster that the variable SPEAKER_CLUSTER names (`utils.runtime.cluster`).
    """
    try:
        with parallel_on(os.environ.get(VARIABLE, "")), log_on_terminal():
            main()
        sys.stdout.flush()
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(1)
    except ModuleNotFoundError as error:
        if error.name is None or f"{error.name}.".startswith(OWN):
            raise
        remedy = "run ./run.sh --stop-stage 0 once, then . .venv/bin/activate"
        print(f"error: {error.name} is not installed: {remedy}", file=sys.stderr)
        sys.exit(1)
    except BrokenPipeError:  # whoever reads has enough, such as head
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except OSError as error:
        if not (is_disk_full(error) or isinstance(error, WRONG_PLACES)):
            raise
        remedy = REMEDY if is_disk_full(error) else f"{error.strerror}; name another"
        print(f"error: {error.filename or 'writing'}: {remedy}", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        print("interrupted; run the same command again to go on", file=sys.stderr)
        sys.exit(1)


@contextmanager
def log_on_terminal() -> Iterator[None]:
    """Print what the repository's own modules report, and everybody's warnings.

    Reports go to standard output, warnings to standard error.

    Example
    -------
    >>> with log_on_terminal():
    ...     logging.getLogger("utils.data.corpus").info("3 speakers")
    3 speakers
    """
    news, trouble = logging.StreamHandler(sys.stdout), logging.StreamHandler(sys.stderr)
    news.addFilter(_is_news)
    trouble.setLevel(logging.WARNING)
    root = logging.getLogger()
    level = root.level
    root.setLevel(logging.INFO)
    for handler in (news, trouble):
        root.addHandler(handler)
    try:
        yield
    finally:
        root.setLevel(level)
        for handler in (news, trouble):
            root.removeHandler(handler)


def _is_news(record: logging.LogRecord) -> bool:
    return record.name.startswith(OWN) and record.levelno < logging.WARNING


def log_to(path: Path) -> None:
    """Send all log records to a file as well.

    Parameters
    ----------
    path : Path
        Log file; appended to. Its folder is created.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    to_file = logging.FileHandler(path, encoding="utf-8")
    to_file.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    logging.getLogger().addHandler(to_file)
