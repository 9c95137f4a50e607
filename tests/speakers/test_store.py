import multiprocessing
import os
import sqlite3
import stat
from pathlib import Path

import numpy as np
import pytest

from utils.runtime.errors import UserError
from utils.speakers import schema
from utils.speakers.exchange import read_people, write_people
from utils.speakers.people import UPDATED, Exemplar
from utils.speakers.store import SpeakerStore

HASH = "a1b2"


def exemplars(rng, n=2, size=8, **fields):
    vectors = rng.standard_normal((n, size)).astype(np.float32)
    return [Exemplar(vector, speech_s=3.0, **fields) for vector in vectors]


@pytest.fixture
def path(tmp_path):
    schema.create(tmp_path / "people.db", {"model_sha256": HASH})
    return tmp_path / "people.db"


@pytest.fixture
def store(path):
    return SpeakerStore(path, HASH)


def state(path):
    """Return all that a store holds, as SQL."""
    with sqlite3.connect(path) as database:
        return list(database.iterdump())


def test_what_is_stored_is_found(store, rng):
    first, second = exemplars(rng), exemplars(rng, 3, label="phone", source="x.wav")
    store.enrol("Bo", second, consent="signed in May")
    store.enrol("Anna", first)
    anna, bo = store.people()
    assert (anna.name, bo.name, bo.consent) == ("Anna", "Bo", "signed in May")
    for kept, given in zip(bo.exemplars, second, strict=True):
        np.testing.assert_array_equal(kept.embedding, given.embedding)
        assert (kept.label, kept.source, kept.kind) == ("phone", "x.wav", "enrolled")
        assert kept.time.endswith("+00:00")


@pytest.mark.parametrize(
    "name", ["O'Brien", '"; drop table people; --', "🎤 Zoë", "李雷", "a b", "%s"]
)
def test_names_of_every_kind(store, rng, name):
    store.enrol(name, exemplars(rng))
    store.rename(name, f"{name} II")
    assert store.person(f" {name} II ").name == f"{name} II"


def test_one_name_in_two_forms_is_one(store, rng):
    store.enrol("Zoe\u0308", exemplars(rng))
    with pytest.raises(UserError, match="enrolled already; add recordings"):
        store.enrol("Zo\u00eb ", exemplars(rng))


@pytest.mark.parametrize("name", ["", "  ", "a\nb", "\x00"])
def test_no_names(store, rng, name):
    with pytest.raises(UserError, match="a name needs letters"):
        store.enrol(name, exemplars(rng))


CHANGES = {
    "enrol": lambda store, rng: store.enrol("Cy", exemplars(rng)),
    "add": lambda store, rng: store.add("Anna", exemplars(rng)),
    "update": lambda store, rng: store.add(
        "Anna", exemplars(rng, 1, kind=UPDATED), "why", store.people()[0].exemplars[:1]
    ),
    "rename": lambda store, rng: store.rename("Anna", "Ann"),
    "remove": lambda store, rng: store.remove("Anna"),
}


@pytest.mark.parametrize("action", CHANGES)
def test_undo_restores_everything(store, path, rng, action):
    store.enrol("Anna", exemplars(rng))
    store.enrol("Bo", exemplars(rng))
    before = state(path)
    CHANGES[action](store, rng)
    assert state(path) != before
    assert store.history()[-1].action == action
    assert store.undo().action == action
    assert state(path) == before


def test_many_changes_are_undone_one_by_one(store, path, rng):
    store.enrol("Anna", exemplars(rng))
    states = [state(path)]
    for action in ("add", "rename"):
        CHANGES[action](store, rng)
        states.append(state(path))
    store.remove("Ann")
    while len(states) > 1:
        store.undo()
        assert state(path) == states.pop()
    store.undo()
    store.undo()
    with pytest.raises(UserError, match="no change to undo"):
        store.undo()


def test_refusals_stand_in_the_journal_and_are_no_change(store, path, rng):
    """Undo takes the last change back, bit for bit, with what was refused since."""
    store.enrol("Anna", exemplars(rng))
    store.refuse("Anna", "LLR 1.00, 2.00 is needed: a.wav")
    before = state(path)
    CHANGES["add"](store, rng)
    store.refuse(" Anna ", "0.3 s of speech: b.wav")
    assert [line.action for line in store.history("Anna")] == [
        "enrol", "refuse", "add", "refuse",
    ]  # fmt: skip
    assert len(store.person("Anna").exemplars) == 4
    assert store.undo().action == "add"
    assert state(path) == before
    assert store.undo().action == "enrol" and store.history() == []
    with pytest.raises(UserError, match="nobody is called 'Cy'"):
        store.refuse("Cy", "LLR 1.00")


def test_removed_people_can_come_back_and_forgotten_ones_cannot(store, path, rng):
    secret = exemplars(rng, 1)
    store.enrol("Anna", secret, consent="Anna's own words")
    store.enrol("Bo", exemplars(rng))
    store.remove("Anna")
    assert [person.name for person in store.people()] == ["Bo"]
    assert store.forget("Anna") == 1
    content = b"".join(
        file.read_bytes() for file in path.parent.iterdir() if file.is_file()
    )
    assert secret[0].embedding.tobytes() not in content
    assert b"Anna" not in content and b"Bo" in content
    with pytest.raises(UserError, match="nobody is or was called"):
        store.forget("Anna")


def test_a_renamed_person_is_forgotten_under_both_names(store, path, rng):
    store.enrol("Anna", exemplars(rng))
    store.rename("Anna", "Berta")
    assert store.forget("Berta") == 2
    assert b"Anna" not in path.read_bytes()
    assert store.history() == []


def test_only_the_owner_may_read(store, path, rng):
    store.enrol("Anna", exemplars(rng))
    for file in path.parent.glob("people.db*"):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600


def enrol_many(path, first):
    own = SpeakerStore(path, HASH)
    rng = np.random.default_rng(first)
    for number in range(first, first + 20):
        own.enrol(f"p{number}", exemplars(rng))


def test_two_processes_at_once(path):
    context = multiprocessing.get_context("spawn")
    workers = [
        context.Process(target=enrol_many, args=(path, first)) for first in (0, 100)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
        assert worker.exitcode == 0
    store = SpeakerStore(path, HASH)
    assert len(store.people()) == 40 == len(store.history())
    assert all(len(person.exemplars) == 2 for person in store.people())


def test_a_failed_change_changes_nothing(store, path, rng):
    store.enrol("Anna", exemplars(rng))
    before = state(path)
    with pytest.raises(UserError, match="of 4 dimensions among those of 8"):
        store.add("Anna", [*exemplars(rng, 1), *exemplars(rng, 1, size=4)])
    with pytest.raises(UserError, match="nobody is called 'Cy'; there are Anna"):
        store.add("Cy", exemplars(rng))
    assert state(path) == before


def test_another_systems_store(path):
    with pytest.raises(UserError, match="another system's .*enrol the recordings"):
        SpeakerStore(path, "c3")


def test_a_store_of_a_newer_version(path):
    with sqlite3.connect(path) as database:
        database.execute("update facts set value = '99' where name = 'version'")
    with pytest.raises(UserError, match="version 99, this program knows 1"):
        SpeakerStore(path, HASH)


@pytest.mark.parametrize("content", [b"", b"text", b"SQLite format 3\0" + bytes(100)])
def test_what_is_no_store(tmp_path, content):
    (tmp_path / "x.db").write_bytes(content)
    with pytest.raises(UserError, match="not a store of speakers"):
        SpeakerStore(tmp_path / "x.db", HASH)
    with pytest.raises(UserError, match="no such store"):
        SpeakerStore(tmp_path / "y.db", HASH)


def test_a_store_that_cannot_be_opened_is_one_all_the_same(path):
    Path(f"{path}-wal").mkdir()
    with pytest.raises(UserError, match="unable to open.*; check the disk's space"):
        SpeakerStore(path, HASH)


def test_a_store_is_never_overwritten(path):
    with pytest.raises(UserError, match="there is a store already"):
        schema.create(path, {"model_sha256": HASH})


def test_a_store_on_a_read_only_medium_is_read(store, path, rng, monkeypatch):
    store.enrol("Anna", exemplars(rng))
    monkeypatch.setattr(os, "access", lambda path, mode: False)  # for root as well
    with pytest.raises(UserError, match="people.db-wal holds changes; copy both"):
        SpeakerStore(path, HASH)
    store.close()
    before = sorted(path.parent.iterdir())
    again = SpeakerStore(path, HASH)
    assert [person.name for person in again.people()] == ["Anna"]
    with pytest.raises(UserError, match="readonly database; nothing was changed"):
        again.enrol("Bo", exemplars(rng))
    assert sorted(path.parent.iterdir()) == before


def test_no_half_of_a_store_is_left(tmp_path, monkeypatch):
    monkeypatch.setattr(schema, "_TABLES", "create table facts (name); no such thing;")
    with pytest.raises(UserError, match="nothing was changed"):
        schema.create(tmp_path / "people.db", {"model_sha256": HASH})
    assert list(tmp_path.iterdir()) == []


def test_two_stores_in_one_folder(path, store, rng):
    other = path.with_name("others.db")
    schema.create(other, {"model_sha256": HASH})
    store.enrol("Anna", exemplars(rng))
    SpeakerStore(other, HASH).enrol("Bo", exemplars(rng))
    for own, name in ((path, "Anna"), (other, "Bo")):
        assert [person.name for person in SpeakerStore(own, HASH).people()] == [name]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everything")
def test_a_read_only_store(store, path, rng):
    path.chmod(0o400)
    with pytest.raises(UserError, match="nothing was changed"):
        SpeakerStore(path, HASH).enrol("Anna", exemplars(rng))


def test_a_full_disk(store, path, rng):
    store.enrol("Anna", exemplars(rng))
    before = state(path)
    store._database.execute("pragma max_page_count = 1")
    with pytest.raises(UserError, match="full; nothing was changed"):
        store.enrol("Bo", exemplars(rng, 5000))
    assert state(path) == before


def test_export_and_import(store, tmp_path, rng):
    store.enrol("Anna", exemplars(rng, label="phone"), consent="yes")
    out = tmp_path / "people.json"
    write_people(out, store.people(), HASH)
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    (again,), (anna,) = read_people(out, HASH), store.people()
    assert (again.name, again.consent) == (anna.name, anna.consent)
    for one, other in zip(again.exemplars, anna.exemplars, strict=True):
        np.testing.assert_array_equal(one.embedding, other.embedding)
        assert (one.label, one.time) == (other.label, other.time)
    with pytest.raises(UserError, match="another system's"):
        read_people(out, "c3")


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"form": "x"}'])
def test_what_is_no_export(tmp_path, text):
    (tmp_path / "x.json").write_text(text)
    with pytest.raises(UserError, match="no export of a store"):
        read_people(tmp_path / "x.json", HASH)


def test_one_person_is_read_alone(store, rng):
    """Nobody else's embeddings are touched: broken ones are not noticed."""
    for name in ("anna", "bo"):
        store.enrol(name, exemplars(rng, 3), consent=f"of {name}")
    expected = store.people()[0]
    store._database.execute(
        "update exemplars set embedding = x'00' where person = "
        "(select person from people where name = 'bo')"
    )
    found = store.person("anna")
    assert (found.name, found.consent) == ("anna", "of anna")
    for one, other in zip(found.exemplars, expected.exemplars, strict=True):
        np.testing.assert_array_equal(one.embedding, other.embedding)
    with pytest.raises(ValueError, match="buffer size"):
        store.people()
    with pytest.raises(UserError, match="nobody is called 'cid'; there are anna, bo"):
        store.person("cid")
