"""local.speakers from the first enrolment to undo, with a tiny calibrated system."""

import re
import shutil
from functools import partial

import numpy as np
import pytest
import soundfile

from local import speakers
from tests.systems.folders import write_system
from utils.speakers.store import SpeakerStore
from utils.speakers.updates import UpdatePolicy


@pytest.fixture
def run(ask):
    """Ask local.speakers; see `ask`."""
    return partial(ask, speakers)


def fault(run, *words):
    code, error = run(*words)
    assert code == 1 and error.count("\n") == 1
    return error


def test_people_are_ranked(run, store, voices):
    """The tiny encoder is not trained: who comes first is tested with the gallery."""
    first, *others = run(
        "identify", store, voices / "s0/0.wav", "--closed-set"
    ).splitlines()
    named = {line.split(":")[0].strip(): float(line.split()[-1]) for line in others}
    assert set(named) == {"p0", "p1", "p2"}
    assert list(named.values()) == sorted(named.values(), reverse=True)
    assert first.startswith(f"{next(iter(named))} {max(named.values()):.2f}, ")
    assert "needs" in run("identify", store, voices / "s5/0.wav", "--fpir", 0.1)


def test_the_only_person_has_nobody_behind(run, voices, tmp_path):
    run("enrol", tmp_path / "new.db", "Cy", voices / "s0/0.wav")
    words = "identify", tmp_path / "new.db", voices / "s0/1.wav", "--closed-set"
    assert re.fullmatch(r"Cy (\S+)\n  Cy: \1\n", run(*words))


def test_a_channel_of_a_call(run, store, voices, tmp_path):
    files = [voices / "s0/0.wav", voices / "s5/0.wav"]
    call = tmp_path / "call.wav"
    both = np.stack([soundfile.read(own)[0] for own in files], axis=1)
    soundfile.write(call, both, 16000)
    for channel, own in enumerate(files):
        heard = run("--channel", channel, "identify", store, call, "--closed-set")
        assert heard == run("identify", store, own, "--closed-set")
    for channel in (-1, 2):
        said = fault(run, "--channel", channel, "identify", store, call)
        assert f"no channel {channel}: it has 2" in said


def test_what_is_wrong_with_a_recording_is_told(run, store, system, voices, caplog):
    run("verify", store, "p0", voices / "s0/2.wav", "--far", 0.1)
    assert "the same recording" not in caplog.text
    run("verify", store, "p0", voices / "s0/0.wav", "--far", 0.1)
    assert "0.wav: the same recording as one of p0's" in caplog.text


def test_what_is_wrong_with_many_recordings_is_told_once(run, voices, tmp_path, caplog):
    samples, rate_hz = soundfile.read(voices / "s0/0.wav")
    files = [tmp_path / f"{number}.wav" for number in range(5)]
    for number, path in enumerate(files):
        soundfile.write(path, 0.9**number * samples, rate_hz)
    caplog.clear()
    run("enrol", tmp_path / "new.db", "Cy", *files)
    (told,) = [own for own in caplog.messages if "Hz bandwidth; expect" in own]
    assert told.startswith(f"{files[0]}, {files[1]}, {files[2]} and 2 more: ")


def test_the_same_recording_again_is_told(run, store, voices, caplog):
    own = voices / "s0/0.wav"
    run("identify", store, own, "--closed-set")
    assert "0.wav: the same recording as one of p" in caplog.text
    said = run("update", store, "p0", own, "--far", 0.1)
    assert said == "not taken in: the same recording as one of p0's\n"
    caplog.clear()
    run("enrol", store, "Di", own, voices / "s0/2.wav", own)
    assert caplog.text.count("0.wav: the same recording as one of Di's, counts") == 1
    caplog.clear()
    run("add", store, "p0", own)
    assert "0.wav: the same recording as one of p0's, counts twice" in caplog.text


def test_a_taken_name_is_refused_before_anything_is_heard(run, store, tmp_path):
    said = fault(run, "enrol", store, "p0", tmp_path / "there is no such file.wav")
    assert "'p0' is enrolled already" in said


def test_a_person_is_verified(run, store, voices):
    said = run("verify", store, "p0", voices / "s0/0.wav", "--far", 0.1)
    pattern = r"(not )?p0: LLR (-?[\d.]+), needs (-?[\d.]+) for FAR 0.1\n"
    refused, llr, needed = re.fullmatch(pattern, said).groups()
    assert (float(llr) < float(needed)) == bool(refused)
    assert "--far 0.5: measured were 0.1" in fault(
        run, "verify", store, "p0", voices / "s0/0.wav", "--far", 0.5
    )  # fmt: skip


def test_updates_are_told_and_undone(run, store, voices, monkeypatch):
    monkeypatch.setattr(UpdatePolicy, "needed", lambda *_: -np.inf)
    before = run("show", store, "p0")
    taken = run("update", store, "p0", voices / "s0/2.wav", "--far", 0.1)
    assert taken.startswith("taken in: LLR ")
    assert "updated" in run("show", store, "p0")
    assert "LLR" in run("history", store, "p0").splitlines()[-1]
    assert "undone" in run("undo", store)
    assert run("show", store, "p0") == before


def test_strangers_do_not_update(run, store, system, voices):
    before = run("history", store)
    said = run("update", store, "p0", voices / "s6/0.wav", "--far", 0.1)
    assert said.startswith("not taken in: LLR")
    assert len(SpeakerStore(store).person("p0").exemplars) == 2
    last = run("history", store).removeprefix(before)
    assert "  refuse  p0  LLR" in last and last.endswith("s6/0.wav\n")


def test_bad_files_are_told_and_left_out_if_asked(run, store, voices, caplog):
    bad = [voices / "none.wav", voices / "s3/0.wav", voices / "s3"]
    words = "enrol", store, "Cy", *bad
    code, said = run(*words)
    assert code == 1 and said.count("\n") == 3  # a line each, and what to do
    assert "2 of 3 files cannot be used; --skip-bad goes on without them" in said
    for path in (bad[0], bad[2]):
        assert str(path) in caplog.text
    assert "nobody is called 'Cy'" in fault(run, "show", store, "Cy")
    assert run(*words, "--skip-bad") == "Cy: 1 recordings enrolled\n"
    assert "s3/0.wav" in run("show", store, "Cy")
    assert "added" in run("add", store, "Cy", *bad, "--skip-bad")
    _, nothing = run("add", store, "Cy", bad[0], bad[2], "--skip-bad")
    assert "2 of 2 files cannot be used\n" in nothing


def test_no_store_is_left_for_somebody_who_was_refused(run, voices, tmp_path):
    new = tmp_path / "new.db"
    fault(run, "enrol", new, "Cy", voices / "none.wav")
    assert list(tmp_path.iterdir()) == []
    run("enrol", new, "Cy", voices / "s3/0.wav")
    fault(run, "enrol", new, "Di", voices / "none.wav")
    assert "Cy" in run("list", new)


def test_names_change_and_go(run, store, tmp_path):
    assert "now Zoë 'Z'" in run("rename", store, "p0", "Zoë 'Z'")
    run("remove", store, "p1")
    assert run("list", store).splitlines() == [
        "Zoë 'Z': 2 recordings",
        "p2: 2 recordings",
    ]
    run("export", store, tmp_path / "people.json")
    assert "deleted for good" in run("forget", store, "p1")
    copy = tmp_path / "copy.db"
    shutil.copy(store, copy)
    run("remove", copy, "p2")
    assert "'Zoë 'Z'' is in the store" in fault(
        run, "import", copy, tmp_path / "people.json"
    ).replace('"', "'")
    run("remove", copy, "Zoë 'Z'")
    assert "2 people taken in" in run("import", copy, tmp_path / "people.json")
    assert run("list", copy) == run("list", store)


def test_mistakes(run, store, voices, tmp_path):
    again = fault(run, "enrol", store, "p0", voices / "s0/2.wav")
    assert "'p0' is enrolled already" in again
    nobody = fault(run, "add", store, "Cy", voices / "s0/2.wav")
    assert "nobody is called 'Cy'; there are p0, p1, p2" in nobody
    missing = fault(run, "list", tmp_path / "none.db")
    assert "no such store" in missing
    plain = write_system(tmp_path / "plain")
    said = run("--system", plain, "verify", store, "p0", voices / "s0/0.wav")
    assert "no threshold was measured" in said
    refused = fault(run, "--system", plain, "identify", store, voices / "s0/0.wav")
    assert "no threshold was measured; do it" in refused
