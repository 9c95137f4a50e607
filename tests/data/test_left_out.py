"""Nothing is left out without a word."""

import json

import pytest

from tests.trees import lines, write_tree
from utils.data.kaldi import find_kaldi
from utils.data.left_out import tell_left_out
from utils.data.lhotse import find_lhotse
from utils.data.patterns import find_utterances
from utils.runtime.errors import UserError


def test_nothing_to_tell(caplog):
    tell_left_out("things", [])
    assert not caplog.text


def test_formats_that_are_not_read(tmp_path, caplog):
    names = ("1.m4a", "2.AMR", "3.wma", "4.aac")
    write_tree(tmp_path, {f"x/{name}": "x" for name in names})
    with pytest.raises(UserError, match=r"can be read, but 4 such as x/1.m4a; convert"):
        find_utterances(tmp_path, "{speaker}/*")
    write_tree(tmp_path, {"x/5.wav": None})
    assert len(find_utterances(tmp_path, "{speaker}/*")) == 1
    assert "left out: 4 files of formats that are not read; convert" in caplog.text
    assert "such as x/1.m4a, x/2.AMR, x/3.wma" in caplog.text


def test_entries_of_nobody(tmp_path, caplog):
    write_tree(
        tmp_path,
        {"wav.scp": lines("u a.wav", "v a.wav", "w a.wav"), "a.wav": None,
         "segments": lines("u1 u 0 -1", "u2 u 0 -1"),
         "utt2spk": lines("u1 nicolas"),
         "spk2gender": lines("nikolas m", "zoe f"), "utt2lang": lines("u1 fr")},
    )  # fmt: skip
    rows = find_kaldi(tmp_path).utterances
    assert len(rows) == 1 and "gender" not in rows
    told = caplog.text
    assert f"left out: 2 entries of {tmp_path}/spk2gender of nobody in utt2spk" in told
    assert "such as nikolas (is it nicolas?), zoe" in told
    assert f"2 recordings of {tmp_path}/wav.scp of which no utterance is in" in told
    assert f"1 entries of {tmp_path}/segments that are not in utt2spk" in told
    assert "utt2lang" not in told


def test_lhotse_without_supervision(tmp_path, caplog):
    source = {"type": "file", "channels": [0], "source": "a.wav"}
    recordings = [{"id": name, "sources": [source]} for name in ("r", "s")]
    segment = {
        "id": "u",
        "recording_id": "r",
        "start": 0,
        "duration": 1,
        "speaker": "0",
    }
    write_tree(
        tmp_path,
        {"recordings.jsonl": lines(*map(json.dumps, recordings)),
         "supervisions.jsonl": lines(json.dumps(segment)), "a.wav": None},
    )  # fmt: skip
    assert find_lhotse(tmp_path).utterances["spk_id"].tolist() == ["0"]
    assert "left out: 1 recordings without supervision, such as s" in caplog.text
    (tmp_path / "recordings.jsonl").unlink()
    cut = {"id": "c", "start": 0, "recording": recordings[0], "supervisions": []}
    full = cut | {"id": "d", "supervisions": [segment | {"speaker": 0}]}
    write_tree(tmp_path, {"cuts.jsonl": lines(json.dumps(cut), json.dumps(full))})
    assert find_lhotse(tmp_path).utterances["spk_id"].tolist() == ["0"]
    assert "left out: 1 cuts without supervision, such as c" in caplog.text
