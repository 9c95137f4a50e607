"""How far a work is: a bar on a terminal, now and then a line in a log."""

import math
import sys
import time
from collections.abc import Iterable, Iterator
from typing import TypeVar

from tqdm import tqdm

Item = TypeVar("Item")

_BETWEEN_LINES_S = 60.0  # so that brief work leaves none in a log


def progress(items: Iterable[Item], total: int, label: str) -> Iterator[Item]:
    """Pass items on, with a progress bar when standard error is a terminal.

    Elsewhere a line tells every minute how far it is, and how long it may take.

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
    if sys.stderr.isatty():
        return iter(
            tqdm(items, total=total, desc=label, dynamic_ncols=True, leave=False)
        )
    return _logged(items, total, label)


def _logged(items: Iterable[Item], total: int, label: str) -> Iterator[Item]:
    started_s = told_s = time.monotonic()
    for n_done, item in enumerate(items):
        now_s = time.monotonic()
        if now_s - told_s >= _BETWEEN_LINES_S and n_done:
            told_s = now_s
            rest_min = math.ceil((now_s - started_s) / n_done * (total - n_done) / 60)
            line = f"{label}: {n_done} of {total}, about {rest_min} min to go"
            sys.stderr.write(f"{line}\n")  # whose stdout may be read by a program
        yield item


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
