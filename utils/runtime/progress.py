"""Progress bars that appear on a terminal and nowhere else."""

import sys
from collections.abc import Iterable, Iterator
from typing import TypeVar

from tqdm import tqdm

Item = TypeVar("Item")


def progress(items: Iterable[Item], total: int, label: str) -> Iterator[Item]:
    """Pass items on, with a progress bar when standard error is a terminal.

    Parameters
    ----------
    items : iterable
    total : int
        How many items will come.
    label : str
        What is being done.

    Example
    -------
    >>> list(progress("ab", 2, "letters"))
    ['a', 'b']
    """
    return tqdm(
        items, total=total, desc=label, dynamic_ncols=True, leave=False,
        disable=not sys.stderr.isatty(),
    )  # fmt: skip


def progress_bar(total: int, label: str, done: int = 0) -> tqdm:
    """Make a bar in bytes, to be updated by hand; it too needs a terminal.

    Parameters
    ----------
    total : int
        Bytes in all.
    label : str
        What is being done.
    done : int
        Bytes that were there before.
    """
    return tqdm(
        total=total, desc=label, initial=done, unit="B", unit_scale=True,
        dynamic_ncols=True, leave=False, disable=not sys.stderr.isatty(),
    )  # fmt: skip
