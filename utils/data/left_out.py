"""Say what of the data is not used: how much, and its names."""

import difflib
import logging
from collections.abc import Iterable, Sequence

logger = logging.getLogger(__name__)

_SHOWN = 3


def tell_left_out(what: str, names: Iterable[str], known: Sequence[str] = ()) -> None:
    """Warn of things that are not used, if there are any.

    Parameters
    ----------
    what : str
        What they are, and why they are not used.
    names : iterable of str
    known : sequence of str
        Names of which one may have been meant.
    """
    listed = sorted(set(names))
    if not listed:
        return
    shown = ", ".join(_with_meant(name, known) for name in listed[:_SHOWN])
    logger.warning(f"left out: {len(listed)} {what}, such as {shown}")


def _with_meant(name: str, known: Sequence[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.8)
    return f"{name} (is it {near[0]}?)" if near else name
