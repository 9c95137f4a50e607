"""How every program of the repository ends: exit codes and log files."""

import logging
import os
import sys
from collections.abc import Callable
from pathlib import Path

from utils.runtime.cluster import VARIABLE, parallel_on
from utils.runtime.errors import UserError


def run_program(main: Callable[[], None]) -> None:
    """Run ``main`` and leave with the repository's exit codes.

    0: done. 1: the data or the run failed; a `UserError` is printed as one line.
    2: wrong usage (argparse does this itself).

    Parameters
    ----------
    main : callable
        Parses its own command line and does the work; its parallel work is sent to
        the cluster that the variable SPEAKER_CLUSTER names (`utils.runtime.cluster`).
    """
    try:
        with parallel_on(os.environ.get(VARIABLE, "")):
            main()
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        print("interrupted; run the same command again to go on", file=sys.stderr)
        sys.exit(1)


def log_to(path: Path) -> None:
    """Send all log records to a file, and the important ones to the terminal.

    Important are warnings, and all that the repository's own modules report.

    Parameters
    ----------
    path : Path
        Log file; appended to. Its folder is created.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    to_file = logging.FileHandler(path, encoding="utf-8")
    to_file.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    to_terminal = logging.StreamHandler(sys.stdout)
    to_terminal.setFormatter(logging.Formatter("%(message)s"))
    to_terminal.addFilter(_is_for_terminal)
    logging.basicConfig(level=logging.INFO, handlers=[to_file, to_terminal], force=True)


def _is_for_terminal(record: logging.LogRecord) -> bool:
    is_own = record.name.startswith(("utils.", "local."))
    return is_own or record.levelno >= logging.WARNING
