"""Every kind of bad utterance is left out by --skip-bad, counted and recorded."""

import pandas as pd
import pytest
import soundfile

from tests.trees import lines, write_noise, write_tree
from utils.data.corpus import CorpusContents, CorpusDesign
from utils.data.corpus_folder import write_corpus
from utils.data.kaldi import find_kaldi
from utils.data.left_out import read_skipped, settle_faults
from utils.data.manifest import read_manifest
from utils.runtime.errors import UserError
from utils.trials.lists import read_trials

PLAN = CorpusDesign(name="x", extract_only=True)


@pytest.fixture
def directory(tmp_path):
    """Five bad utterances beside four good ones, with their trials."""
    for name in ("a1", "a2", "b1", "b2"):
        write_noise(tmp_path / f"{name}.wav", 16000, 16000)
    soundfile.write(tmp_path / "empty.wav", [], 16000)
    names = ["a1", "a2", "b1", "b2", "empty", "absent", "text"]
    utterances = [*names, "command", "over"]
    segments = [f"{name} {name} 0 -1" for name in [*names, "command"]]
    return write_tree(
        tmp_path,
        {"wav.scp": lines(*(f"{n} {n}.wav" for n in names), "command false |"),
         "text.wav": "no audio", "segments": lines(*segments, "over a1 0.5 1.2"),
         "utt2spk": lines(*(f"{n} {'b' if n[0] == 'b' else 'a'}" for n in utterances)),
         "trials": lines("a1 a2 target", "a1 b1 nontarget", "a1 over target",
                         "b1 absent nontarget", "b1 b2 target")},
    )  # fmt: skip


BAD = {"empty": "no samples", "absent": "no file absent.wav", "command": "exit code 1",
       "text": "cannot be read as audio", "over": "is no part of the file"}  # fmt: skip


def test_every_kind(directory, tmp_path, caplog):
    found = find_kaldi(directory, allow_commands=True)
    write_corpus(found, PLAN, tmp_path / "out", 0, skip_bad=True)
    rows = read_manifest(tmp_path / "out/test.csv")
    assert rows["ID"].tolist() == ["a1", "a2", "b1", "b2"]
    record = (tmp_path / "out/skipped.txt").read_text()
    told = dict(line.split("\t") for line in record.splitlines())
    assert set(told) == set(BAD) == read_skipped(tmp_path / "out")
    for name, reason in BAD.items():
        assert reason in told[name], name
    assert "left out: 5 bad utterances in all; see " in caplog.text
    assert "left out: 2 trials of trials, of bad utterances" in caplog.text
    assert len(read_trials(tmp_path / "out/trials/trials.txt")) == 3


@pytest.mark.parametrize("name", BAD)
def test_each_kind_stops_without_it(name, directory, tmp_path):
    kept = ("a1", "a2", "b1", "b2", name)
    for file in ("utt2spk", "segments"):
        rows = (directory / file).read_text().splitlines()
        own = [row for row in rows if row.split()[0] in kept]
        (directory / file).write_text(lines(*own))
    (directory / "trials").unlink()
    found = find_kaldi(directory, allow_commands=True)
    with pytest.raises(UserError, match=BAD[name]):
        write_corpus(found, PLAN, tmp_path / "out", 0)
    assert not (tmp_path / "out/test.csv").exists()


def test_nothing_bad_leaves_no_record(directory, tmp_path):
    out = tmp_path / "out"
    write_corpus(
        find_kaldi(directory, allow_commands=True), PLAN, out, 0, skip_bad=True
    )
    rows = pd.DataFrame(
        {"ID": ["a", "b"], "spk_id": "s", "wav": str(directory / "a1.wav")}
    )
    write_corpus(CorpusContents(rows), PLAN, out, 0, skip_bad=True)
    assert not (out / "skipped.txt").exists() and read_skipped(out) == set()


def test_many_faults_are_counted(tmp_path, caplog):
    faults = {f"u{n}": f"u{n}.wav: bad" for n in range(30)}
    settle_faults(faults, skip_bad=True, record=tmp_path / "emb.skipped.txt")
    assert caplog.text.count("left out: ") == 11
    assert len((tmp_path / "emb.skipped.txt").read_text().splitlines()) == 30
    with pytest.raises(UserError, match=r"u0.wav: bad \(30 bad utter.*; --skip"):
        settle_faults(faults, skip_bad=False, record=tmp_path)
