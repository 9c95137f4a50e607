"""Nothing that stands in data is ever run, whatever it looks like."""

import json

import pandas as pd
import pytest

from tests.trees import lines, write_noise, write_tree
from utils.audio.commands import run_commands
from utils.audio.decoding import read_audio
from utils.data.corpus import CorpusContents, CorpusDesign
from utils.data.corpus_folder import write_corpus
from utils.data.durations import measure
from utils.data.kaldi import find_kaldi
from utils.data.lhotse import find_lhotse
from utils.data.roots import Roots
from utils.data.tables import find_tables
from utils.runtime.errors import UserError


@pytest.fixture
def canary(tmp_path, monkeypatch):
    """Name of a file that nothing may make; commands can reach it from here."""
    monkeypatch.chdir(tmp_path)
    write_noise(tmp_path / "a.wav", 16000, 3200)
    return "canary"


def prepare(found, tmp_path):
    plan = CorpusDesign(name="x", extract_only=True, is_partial=True)
    write_corpus(found, plan, tmp_path / "out", 0, skip_bad=True)


@pytest.mark.parametrize("column", ["command", "|command", "commands", "exec"])
def test_a_column_is_a_label(tmp_path, canary, column):
    text = lines(f"ID,wav,speaker,{column}", f"u1,a.wav,s1,touch {canary}")
    (tmp_path / "test.csv").write_text(text)
    found = find_tables(tmp_path / "test.csv", Roots(tmp_path))
    assert found.commands == {}
    assert found.utterances[column].tolist() == [f"touch {canary}"]
    prepare(found, tmp_path)
    assert not (tmp_path / canary).exists()


@pytest.mark.parametrize(
    "wav", ["touch canary |", "|touch canary", "$(touch canary)", "`touch canary`.wav"]
)
@pytest.mark.parametrize("ending", ["csv", "json"])
def test_a_path_is_a_path(tmp_path, canary, wav, ending):
    text = lines("ID,wav,speaker", f"u1,{wav},s1")
    if ending == "json":
        text = json.dumps({"u1": {"wav": wav, "spk_id": "s1", "command": wav}})
    (tmp_path / f"test.{ending}").write_text(text)
    with pytest.raises(UserError, match="none of its 1 audio files is there"):
        find_tables(tmp_path / f"test.{ending}", Roots(tmp_path))
    with pytest.raises(UserError, match="no such file"):
        read_audio(wav, 16000)
    assert not (tmp_path / canary).exists()


def test_lhotse_commands_are_refused(tmp_path, canary):
    segment = {"id": "u", "recording_id": "r", "start": 0, "duration": 1}
    source = {"type": "command", "channels": [0], "source": f"touch {canary}"}
    cut = {"start": 0, "recording": {"id": "r", "sources": [source]}}
    cut["supervisions"] = [segment | {"speaker": "s"}]
    (tmp_path / "cuts.jsonl").write_text(json.dumps(cut))
    with pytest.raises(UserError, match="is a command, not a file"):
        find_lhotse(tmp_path)
    assert not (tmp_path / canary).exists()


@pytest.mark.parametrize(
    "files",
    [
        {"wav.scp": "u1 touch canary |\n"},
        {"wav.scp": "u1 |touch canary\n"},
        {"utt2spk": "u1 touch canary |\n"},
        {"spk2gender": "s1 touch canary |\n"},
        {"segments": "u1 u1 $(touch${IFS}canary) 1\n"},
        {"enrol": "m $(touch${IFS}canary)\n", "trials": "m u1 target\n"},
    ],
)
def test_files_of_kaldi_are_text(tmp_path, canary, files):
    usual = {"wav.scp": "u1 a.wav\n", "utt2spk": "u1 s1\n"}
    write_tree(tmp_path, usual | files)
    try:
        prepare(find_kaldi(tmp_path), tmp_path)
    except (UserError, ValueError):
        pass  # refused, as most of them are
    assert not (tmp_path / canary).exists()


def test_only_the_mapping_is_run(tmp_path, canary):
    rows = pd.DataFrame({"wav": [f"touch {canary} |"], "command": [f"touch {canary}"]})
    assert run_commands(rows, {}, tmp_path, nj=1).equals(rows)
    rows = rows.assign(ID="u1", spk_id="s1")
    with pytest.raises(UserError, match="no readable audio"):
        measure(rows, 1, skip_bad=True)
    with pytest.raises(UserError, match="no readable audio"):
        prepare(CorpusContents(rows), tmp_path)
    assert not (tmp_path / canary).exists()
