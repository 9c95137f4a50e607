"""The tables of a store: nothing is overwritten, so that a change can be undone.

A row lives from the change ``since`` that made it to the change ``until`` that ended
it; rows without ``until`` are the present state. Undoing the last change deletes what
it made and revives what it ended.
"""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from utils.runtime.errors import UserError

VERSION = 1
_WAIT_S = 30.0  # for another process's change
_CHECK = "check the disk's space, and that you may write there"
_UNREACHABLE = (  # what SQLite says of a store that cannot be opened now
    "database or disk is full", "disk I/O error", "unable to open database file",
)  # fmt: skip
_TABLES = """
create table facts (name text primary key, value text not null);
create table changes (
    id integer primary key, time text not null, action text not null,
    name text not null, reason text not null
);
create table people (
    id integer primary key, person integer not null, name text not null,
    consent text not null, since integer not null, until integer
);
create unique index present_names on people (name) where until is null;
create table exemplars (
    id integer primary key, person integer not null, embedding blob not null,
    label text not null, source text not null, speech_s real not null,
    kind text not null, time text not null, since integer not null, until integer
);
create index present_exemplars on exemplars (person) where until is null;
"""
VERSIONED = "people", "exemplars"


def create(path: Path, facts: dict[str, str]) -> None:
    """Make an empty store that its owner alone can read.

    Raises
    ------
    UserError
        There is such a file, or it cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except FileExistsError:
        raise UserError(f"{path}: there is a store already") from None
    except OSError as error:
        raise UserError(f"{path}: cannot be made ({error.strerror})") from None
    try:
        with reporting(path), closing(sqlite3.connect(path)) as connection:
            connection.execute("pragma journal_mode = wal")
            connection.executescript(_TABLES)
            known = facts | {"version": str(VERSION)}
            connection.executemany("insert into facts values (?, ?)", known.items())
            connection.commit()
    except UserError:
        discard(path)  # no half of a store is left
        raise


def discard(path: Path) -> None:
    """Delete a store that nothing came into."""
    for ending in ("", "-wal", "-shm"):
        Path(f"{path}{ending}").unlink(missing_ok=True)


def connect(path: Path) -> sqlite3.Connection:
    """Open a store.

    Raises
    ------
    UserError
        No such file, no store, or one of a newer version.
    """
    if not path.is_file():
        raise UserError(f"{path}: no such store; make one with local.speakers enrol")
    connection = _open(path)
    try:
        connection.execute("pragma secure_delete = on")
        facts = read_facts(connection)
        version, _ = int(facts["version"]), facts["model_sha256"]
    except (sqlite3.Error, KeyError, ValueError) as error:
        connection.close()
        if str(error) in _UNREACHABLE:
            raise UserError(f"{path}: {error}; {_CHECK}") from None
        raise UserError(f"{path}: not a store of speakers; name another file") from None
    if version > VERSION:
        connection.close()
        raise UserError(
            f"{path}: a store of version {version}, this program knows {VERSION}; use "
            "the newer program"
        )
    return connection


def _open(path: Path) -> sqlite3.Connection:
    """Open the file: to be read alone where its folder has no room for a journal.

    Raises
    ------
    UserError
        Nothing can be written beside it, and there are changes that have to be.
    """
    if os.access(path.parent, os.W_OK):
        return sqlite3.connect(path, timeout=_WAIT_S, isolation_level=None)
    journal = Path(f"{path}-wal")
    if journal.is_file() and journal.stat().st_size:
        raise UserError(
            f"{path}: its folder is read-only, and {journal.name} holds changes; copy "
            "both into one that you may write to"
        )
    address = f"{path.absolute().as_uri()}?immutable=1"
    return sqlite3.connect(address, uri=True, isolation_level=None)


def read_facts(connection: sqlite3.Connection) -> dict[str, str]:
    """Return what is known of a store: version, model."""
    return dict(connection.execute("select name, value from facts"))


@contextmanager
def reporting(path: Path) -> Iterator[None]:
    """Turn a failure of the database into one line.

    Raises
    ------
    UserError
        The disk is full, the store is read-only, or in use for too long.
    """
    try:
        yield
    except sqlite3.OperationalError as error:
        raise UserError(f"{path}: {error}; nothing was changed; {_CHECK}") from None
    except sqlite3.DatabaseError as error:
        raise UserError(f"{path}: {error}; use a copy of the store") from None
