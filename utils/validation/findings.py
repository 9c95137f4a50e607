"""What a check of data finds: a place, what is wrong there and how to mend it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from utils.runtime.atomic import replacing_file

if TYPE_CHECKING:
    import pandas as pd

ERROR, WARNING = "error", "warning"
MOST_SHOWN = 10  # findings of one check in one file


class Finding(NamedTuple):
    """One thing that is wrong.

    Attributes
    ----------
    level : str
        `ERROR`: results would be wrong or a later stage would fail. `WARNING`: worth
        a look.
    check : str
        Short name of the check, for programs.
    place : str
        ``file`` or ``file:line``.
    message : str
        What is wrong; how to mend it.
    """

    level: str
    check: str
    place: str
    message: str

    def __str__(self) -> str:
        """Return a line for the terminal.

        Example
        -------
        >>> print(Finding(WARNING, "short", "test.csv:3", "0.1 s; remove it"))
        test.csv:3: warning: 0.1 s; remove it
        """
        mark = "warning: " if self.level == WARNING else ""
        return f"{self.place}: {mark}{self.message}"


def findings_where(
    is_bad: pd.Series, kind: tuple[str, str], path: Path, messages: pd.Series | str
) -> Iterator[Finding]:
    """Yield a finding for each bad row, the first few of them, and how many more.

    Parameters
    ----------
    is_bad : Series of bool
        By row; row n is line n + the file's first line in ``messages.index``.
    kind : (str, str)
        Level and check.
    path : Path
    messages : Series of str
        By line of the file, for the bad rows; or one text for all of them.
    """
    lines = is_bad.index[is_bad.to_numpy()]
    for line in lines[:MOST_SHOWN]:
        text = messages if isinstance(messages, str) else messages[line]
        yield Finding(*kind, f"{path}:{line}", text)
    if len(lines) > MOST_SHOWN:
        more = len(lines) - MOST_SHOWN
        yield Finding(*kind, str(path), f"{more} more like this ({kind[1]})")


def shown(findings: Iterable[Finding]) -> Iterator[str]:
    """Yield lines for the terminal: all errors, and the first warnings of each check.

    Example
    -------
    >>> many = [Finding(WARNING, "short", f"a.csv:{n}", "0.1 s") for n in range(12)]
    >>> print(list(shown(many))[-1])
    warning: 2 more like this (short); --json lists all
    """
    counts: Counter[str] = Counter()
    for finding in findings:
        counts[finding.check] += finding.level == WARNING
        if finding.level == ERROR or counts[finding.check] <= MOST_SHOWN:
            yield str(finding)
    for check, count in counts.items():
        if count > MOST_SHOWN:
            more = count - MOST_SHOWN
            yield f"warning: {more} more like this ({check}); --json lists all"


def write_findings(path: Path, findings: Iterable[Finding]) -> None:
    """Write findings as JSON: how many of each level, and each with its parts."""
    listed = [finding._asdict() for finding in findings]
    counts = {
        level: sum(item["level"] == level for item in listed)
        for level in (ERROR, WARNING)
    }
    with replacing_file(path) as temporary:
        temporary.write_text(
            json.dumps({"counts": counts, "findings": listed}, indent=1) + "\n"
        )
