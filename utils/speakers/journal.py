"""The journal of a store: every change has its line, and the last can be undone."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timezone
from pathlib import Path

from utils.runtime.errors import UserError
from utils.speakers import schema
from utils.speakers.people import REFUSE, Change, tidy_name


class Journal:
    """The lines of a store's changes.

    Parameters
    ----------
    path : Path
        The store, as errors name it.
    database : sqlite3.Connection
        The same, open; see `utils.speakers.schema`.

    Example
    -------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "people.db"
    >>> schema.create(path, {"model_sha256": "a1"})
    >>> journal = Journal(path, schema.connect(path))
    >>> with journal.change("enrol", "Anna", "2 recordings") as number:
    ...     number
    1
    >>> [(line.action, line.name, line.reason) for line in journal.history()]
    [('enrol', 'Anna', '2 recordings')]
    """

    def __init__(self, path: Path, database: sqlite3.Connection) -> None:
        self.path, self._database = path, database

    def history(self, name: str = "") -> list[Change]:
        """Return the lines, of everybody or of one name, the oldest first."""
        rows = self._database.execute(
            "select time, action, name, reason from changes order by id"
        )
        wanted = tidy_name(name) if name else ""
        return [Change(*row) for row in rows if not wanted or row[2] == wanted]

    @contextmanager
    def change(self, action: str, name: str, reason: str) -> Iterator[int]:
        """Write a line with all that is done within; yields its number."""
        with self.transaction():
            line = self._database.execute(
                "insert into changes (time, action, name, reason) values (?, ?, ?, ?)",
                (now(), action, name, reason),
            )
            yield int(line.lastrowid or 0)

    def undo(self) -> Change:
        """Take the last change back, with its line; the store is as it was before.

        Lines about what was refused since then go with it: they changed nothing.

        Raises
        ------
        UserError
            There is no change.
        """
        with self.transaction():
            last = self._database.execute(
                "select id, time, action, name, reason from changes "
                "where action != ? order by id desc limit 1",
                (REFUSE,),
            ).fetchone()
            if last is None:
                raise UserError(f"{self.path}: no change to undo")
            for table in schema.VERSIONED:
                self._database.execute(f"delete from {table} where since = ?", last[:1])
                self._database.execute(
                    f"update {table} set until = null where until = ?", last[:1]
                )
            self._database.execute("delete from changes where id >= ?", last[:1])
        return Change(*last[1:])

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Let all that is done within happen, or nothing; other processes wait."""
        with schema.reporting(self.path):
            self._database.execute("begin immediate")
            try:
                yield
            except BaseException:
                if self._database.in_transaction:  # a full disk ends it by itself
                    self._database.execute("rollback")
                raise
            self._database.execute("commit")


def now() -> str:
    """Return the time, in UTC, as the store keeps it."""
    return datetime.now(timezone.utc).isoformat(timespec="seconds")
