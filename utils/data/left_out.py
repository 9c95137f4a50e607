"""Say what of the data is not used: how much, and its names."""

import difflib
import logging
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from utils.runtime.atomic import replacing_file
from utils.runtime.errors import UserError

logger = logging.getLogger(__name__)

_SHOWN = 3
_MOST_FAULTS = 10
_RECORD = "skipped.txt"


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


def settle_faults(faults: Mapping[str, str], skip_bad: bool, record: Path) -> None:
    """Stop at bad utterances, or leave them out: tell them and record which.

    Parameters
    ----------
    faults : mapping of str
        What is wrong, by utterance.
    skip_bad : bool
    record : Path
        File to write, a line ``utterance<tab>fault`` each; or a folder, for its
        ``skipped.txt``. An earlier one goes where nothing is left out.

    Raises
    ------
    UserError
        There are some, and they are not to be left out.
    """
    if faults and not skip_bad:
        raise UserError(
            f"{next(iter(faults.values()))} ({len(faults)} bad utterances in all; "
            "--skip-bad leaves them out)"
        )
    path = record / _RECORD if record.is_dir() else record
    if not faults:
        path.unlink(missing_ok=True)
        return
    write_skipped(path, faults.items())
    for fault in list(faults.values())[:_MOST_FAULTS]:
        logger.warning(f"left out: {fault}")
    logger.warning(f"left out: {len(faults)} bad utterances in all; see {path}")


def write_skipped(record: Path, faults: Iterable[tuple[str, object]]) -> None:
    """Write which utterances are left out, and why; see `settle_faults`."""
    path = record / _RECORD if record.is_dir() else record
    with replacing_file(path) as temporary:
        lines = [f"{name}\t{fault}\n" for name, fault in faults]
        temporary.write_text("".join(lines), encoding="utf-8")


def read_skipped(folder: Path) -> set[str]:
    """Return the IDs of the utterances that were left out of a folder."""
    path = folder / _RECORD
    if not path.is_file():
        return set()
    lines = path.read_text(encoding="utf-8").splitlines()
    return {line.split("\t")[0] for line in lines}
