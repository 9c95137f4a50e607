"""A store of people's voices in one SQLite file.

Every embedding is kept by itself, with the label of its channel or device. All changes
stand in a journal, and the last can be undone.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from utils.runtime.errors import UserError
from utils.speakers import schema
from utils.speakers.journal import Journal, now
from utils.speakers.people import (
    REFUSE,
    UPDATED,
    Change,
    Exemplar,
    Person,
    tidy_name,
)


class SpeakerStore:
    """People and their exemplars.

    Parameters
    ----------
    path : Path
    model_sha256 : str
        Hash of the encoder that made the embeddings; empty takes any.

    Raises
    ------
    UserError
        No store, one of a newer version, or one of another encoder.

    Example
    -------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "people.db"
    >>> schema.create(path, {"model_sha256": "a1"})
    >>> store = SpeakerStore(path, "a1")
    >>> store.enrol("Anna", [Exemplar(np.ones(2, np.float32))])
    >>> [person.name for person in store.people()]
    ['Anna']
    >>> store.undo().action, store.people()
    ('enrol', [])
    """

    def __init__(self, path: Path, model_sha256: str = "") -> None:
        self.path = path
        self._database = schema.connect(path)
        self._journal = Journal(path, self._database)
        facts = schema.read_facts(self._database)
        self.model_sha256 = facts["model_sha256"]
        if model_sha256 not in ("", self.model_sha256):
            self._database.close()
            raise UserError(
                f"{path}: its embeddings are another system's "
                f"({facts.get('system', '')} {self.model_sha256[:8]}, not "
                f"{model_sha256[:8]}); use that one, or enrol the recordings that "
                "`local.speakers show` lists in a new store"
            )

    def people(self) -> list[Person]:
        """Return everybody, by name."""
        return self._read("", ())

    def person(self, name: str) -> Person:
        """Return somebody.

        Raises
        ------
        UserError
            Nobody has that name.
        """
        (found,) = self._read("and person = ?", (self._number(name),))
        return found

    def _read(self, which: str, values: tuple[int, ...]) -> list[Person]:
        """Read people and their exemplars, of all or of one person."""
        exemplars: dict[int, list[Exemplar]] = {}
        rows = self._database.execute(
            "select person, embedding, label, source, speech_s, kind, time "
            f"from exemplars where until is null {which} order by id",
            values,
        )
        for person, embedding, *others in rows:
            vector = np.frombuffer(embedding, dtype="<f4")
            exemplars.setdefault(person, []).append(Exemplar(vector, *others))
        found = self._database.execute(
            "select name, consent, person from people where until is null "
            f"{which} order by name",
            values,
        )
        return [
            Person(name, consent, tuple(exemplars.get(person, ())))
            for name, consent, person in found
        ]

    def check_new(self, name: str) -> str:
        """Return a name as it is stored, of nobody yet.

        Raises
        ------
        UserError
            The name is taken, or no name.
        """
        name = tidy_name(name)
        if self._find(name) is not None:
            raise UserError(
                f"{self.path}: {name!r} is enrolled already; add recordings to them, "
                "or use another name"
            )
        return name

    def enrol(
        self, name: str, exemplars: Sequence[Exemplar], consent: str = ""
    ) -> None:
        """Take somebody new in.

        Raises
        ------
        UserError
            See `check_new` and `add`.
        """
        name = self.check_new(name)
        with self._journal.change(
            "enrol", name, f"{len(exemplars)} recordings"
        ) as change:
            newest = self._database.execute("select max(person) from people").fetchone()
            person = (newest[0] or 0) + 1
            self._database.execute(
                "insert into people (person, name, consent, since) values (?, ?, ?, ?)",
                (person, name, consent, change),
            )
            self._insert(person, exemplars, change)

    def add(
        self, name: str, exemplars: Sequence[Exemplar], reason: str = "",
        dropped: Sequence[Exemplar] = (),
    ) -> None:  # fmt: skip
        """Give somebody more exemplars, in place of some.

        Raises
        ------
        UserError
            Nobody has that name, or an embedding is of another size than the others.
        """
        person = self._number(name)
        action = "update" if exemplars and exemplars[0].kind == UPDATED else "add"
        with self._journal.change(action, tidy_name(name), reason) as change:
            for exemplar in dropped:
                self._database.execute(
                    "update exemplars set until = ? where person = ? and embedding = ? "
                    "and time = ? and until is null",
                    (change, person, _packed(exemplar), exemplar.time),
                )
            self._insert(person, exemplars, change)

    def rename(self, name: str, new_name: str) -> None:
        """Give somebody another name."""
        person, new_name = self._number(name), tidy_name(new_name)
        if self._find(new_name) is not None:
            raise UserError(f"{self.path}: there is a {new_name!r} already")
        old = self.person(name)
        with self._journal.change("rename", new_name, f"was {old.name}") as change:
            self._end("people", person, change)
            self._database.execute(
                "insert into people (person, name, consent, since) values (?, ?, ?, ?)",
                (person, new_name, old.consent, change),
            )

    def remove(self, name: str) -> None:
        """Take somebody out; `undo` brings them back, until `forget`."""
        person = self._number(name)
        with self._journal.change("remove", tidy_name(name), "") as change:
            for table in schema.VERSIONED:
                self._end(table, person, change)

    def forget(self, name: str) -> int:
        """Delete all that was ever stored of a name, for good; returns its exemplars.

        The space is overwritten, and the journal keeps no line of the name.
        """
        name = tidy_name(name)
        rows = self._database.execute(
            "select distinct person from people where name = ?", (name,)
        ).fetchall()
        if not rows:
            raise UserError(f"{self.path}: nobody is or was called {name!r}")
        n_deleted = 0
        with self._journal.transaction():
            for row in rows:
                names = self._database.execute(
                    "select distinct name from people where person = ?", row
                ).fetchall()
                deleted = self._database.execute(
                    "delete from exemplars where person = ?", row
                )
                n_deleted += deleted.rowcount
                self._database.execute("delete from people where person = ?", row)
                self._database.executemany("delete from changes where name = ?", names)
        with schema.reporting(self.path):
            self._database.execute("vacuum")
            self._database.execute("pragma wal_checkpoint(truncate)")
        return n_deleted

    def history(self, name: str = "") -> list[Change]:
        """Return the journal, of everybody or of one name, the oldest line first."""
        return self._journal.history(name)

    def undo(self) -> Change:
        """Take the last change back; see `Journal.undo`."""
        return self._journal.undo()

    def refuse(self, name: str, reason: str) -> None:
        """Write into the journal that a recording was not taken in."""
        self._number(name)
        with self._journal.change(REFUSE, tidy_name(name), reason):
            pass

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def _find(self, name: str) -> int | None:
        row = self._database.execute(
            "select person from people where name = ? and until is null", (name,)
        ).fetchone()
        return None if row is None else int(row[0])

    def _number(self, name: str) -> int:
        person = self._find(tidy_name(name))
        if person is None:
            rows = self._database.execute(
                "select name from people where until is null order by name limit 5"
            )
            known = ", ".join(row[0] for row in rows) or "nobody"
            raise UserError(
                f"{self.path}: nobody is called {name!r}; there are {known}"
            )
        return person

    def _end(self, table: str, person: int, change: int) -> None:
        self._database.execute(
            f"update {table} set until = ? where person = ? and until is null",
            (change, person),
        )

    def _insert(self, person: int, exemplars: Sequence[Exemplar], change: int) -> None:
        stored = self._database.execute("select embedding from exemplars").fetchone()
        size = len(stored[0]) if stored else len(_packed(exemplars[0]))
        for exemplar in exemplars:
            packed = _packed(exemplar)
            if len(packed) != size:
                raise UserError(
                    f"{self.path}: an embedding of {len(packed) // 4} dimensions among "
                    f"those of {size // 4}"
                )
            self._database.execute(
                "insert into exemplars (person, embedding, label, source, speech_s, "
                "kind, time, since) values (?, ?, ?, ?, ?, ?, ?, ?)",
                (person, packed, exemplar.label, exemplar.source, exemplar.speech_s,
                 exemplar.kind, exemplar.time or now(), change),
            )  # fmt: skip


def _packed(exemplar: Exemplar) -> bytes:
    return np.ascontiguousarray(exemplar.embedding, dtype="<f4").tobytes()
