"""A full disk, told in one line by whatever writes to it."""

import errno
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from utils.runtime.errors import UserError

# NumPy and torch do not pass on the system's number
_SIGNS = re.compile(
    r"requested and \d+ written|Not enough free space|unexpected pos|file write failed"
)


def is_disk_full(error: BaseException) -> bool:
    """Tell whether writing failed for want of space, in whatever words.

    Example
    -------
    >>> is_disk_full(OSError("96000 requested and 14304 written"))
    True
    >>> is_disk_full(FileNotFoundError(2, "No such file or directory"))
    False
    """
    number = getattr(error, "errno", None)
    is_known = number in (errno.ENOSPC, errno.EDQUOT)
    return is_known or bool(_SIGNS.search(str(error)))


@contextmanager
def telling_of_full_disk(path: Path | str) -> Iterator[None]:
    """Turn a failure to write for want of space into a `UserError`.

    Parameters
    ----------
    path : Path or str
        File or folder that is being written.
    """
    try:
        yield
    except (OSError, RuntimeError) as error:
        if is_disk_full(error):
            raise UserError(f"{path}: {REMEDY}") from None
        raise


REMEDY = "no space is left on the disk; free some, and run the same command again"
