import json

import pytest

from tests.trees import lines, write_noise, write_tree
from utils.data.durations import measure
from utils.data.kaldi import find_kaldi
from utils.data.roots import Roots
from utils.data.tables import find_tables
from utils.runtime.errors import UserError


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_csv_with_other_names_and_labels(tmp_path, separator):
    rows = ["Path,Speaker,sex,accent,subset", "wav/1.wav,anna,f,scots,test",
            "wav/2.wav,bo,m,,train"]  # fmt: skip
    text = lines(*(row.replace(",", separator) for row in rows))
    write_tree(tmp_path, {"list.csv": "\ufeff" + text, "wav/1.wav": None})
    table = find_tables(tmp_path / "list.csv").utterances
    assert table["ID"].tolist() == ["anna-1", "bo-2"]
    assert table["wav"].tolist() == [str(tmp_path / f"wav/{n}.wav") for n in (1, 2)]
    assert table["spk_id"].tolist() == ["anna", "bo"]
    assert table["part"].tolist() == ["test", "train"]
    assert table[["gender", "accent"]].to_numpy().tolist() == [
        ["f", "scots"],
        ["m", ""],
    ]


def test_speechbrain_csv(tmp_path):
    write_noise(tmp_path / "speech/a.wav", 16000, 3200)
    header = "ID,duration,wav,start,stop,spk_id"
    write_tree(
        tmp_path / "lists",
        {"train.csv": lines(header, "a1,0.1,$data_root/a.wav,0,1600,s1"),
         "test.csv": lines(header, "a2,0.1,{data_root}/a.wav,1600,3200,s2")},
    )  # fmt: skip
    found = find_tables(tmp_path / "lists", Roots(tmp_path / "speech")).utterances
    assert dict(zip(found["ID"], found["part"], strict=True)) == {
        "a1": "train",
        "a2": "test",
    }
    rows = measure(found, 1)
    assert sorted(rows["start"]) == [0, 1600] and sorted(rows["stop"]) == [1600, 3200]


def test_speechbrain_json(tmp_path):
    write_noise(tmp_path / "a.wav", 16000, 3200)
    entries = {
        "u1": {"wav": "{data_root}/a.wav", "spk_id": "s1", "length": 0.2},
        "u2": {"wav": {"file": "a.wav", "start": 1600, "stop": 3200}, "spk_id": "s2"},
    }
    (tmp_path / "test.json").write_text(json.dumps(entries))
    rows = measure(find_tables(tmp_path / "test.json", Roots(tmp_path)).utterances, 1)
    assert rows["ID"].tolist() == ["u1", "u2"]
    assert rows["start"].tolist() == [0, 1600] and rows["stop"].tolist() == [3200, 3200]


def test_trials_beside_the_table(tmp_path):
    write_tree(
        tmp_path,
        {"list.csv": lines("id,wav,spk_id", "a.1,a.wav,a", "b.1,b.wav,b"),
         "trials-own.txt": lines("0 a.1 b.1"), "a.wav": None},
    )  # fmt: skip
    found = find_tables(tmp_path / "list.csv")
    trials = found.lists["trials-own"].trials
    assert [trials["enrol"][0], trials["test"][0]] == found.utterances["ID"].tolist()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "empty; write a header"),
        ("wav,speaker\n", "no rows; write one for each utterance"),
        ("a,b\n1,2\n", ":1: no column for wav; name one of wav, path"),
        ("wav,b\n1,2\n", ":1: no column for spk_id"),
        ("wav,speaker\n1.wav,a\n2.wav, \n", ":3: spk_id is empty"),
        ("wav,speaker\n1.wav,a\nx/1.wav,a\n", ":3: a second row of 'a-1'"),
        ("wav,speaker,start_s\n1.wav,a,zero\n", ":2: start_s is no number"),
        ('wav,speaker\n"1.wav,a\n', "not a table .*; mend the quotes"),
        ("wav,speaker\n1.wav,a\n2.wav,a,b\n", ":3: 3 values for the 2 columns"),
        ("wav,speaker\n1.wav,a,b\n2.wav,a,b\n", ":2: 3 values for the 2 columns"),
        ("wav,speaker\n1.wav,a\n2.wav\n", ":3: 1 values for the 2 columns"),
        ("wav,speaker\n1.wav,a\n\n3.wav,b\n", ":3: wav is empty"),
    ],
)
def test_faults_are_told_with_their_line(tmp_path, text, message):
    (tmp_path / "list.csv").write_text(text)
    with pytest.raises(UserError, match=message):
        find_tables(tmp_path / "list.csv")


def test_what_is_no_table(tmp_path):
    (tmp_path / "a.json").write_text("[1, 2]")
    with pytest.raises(UserError, match="not SpeechBrain's JSON"):
        find_tables(tmp_path / "a.json")
    (tmp_path / "a.wav").touch()
    with pytest.raises(UserError, match="not a CSV, TSV or JSON file"):
        find_tables(tmp_path / "a.wav")
    with pytest.raises(UserError, match="no table"):
        find_tables(tmp_path / "absent.csv")


@pytest.mark.parametrize("name", ["list.csv", "list.json", "segments", "utt2spk"])
def test_files_in_another_encoding(name, tmp_path):
    write_tree(
        tmp_path,
        {"segments": "u u 0 1\n", "utt2spk": "u s\n", "wav.scp": "u a.wav\n"},
    )
    (tmp_path / name).write_bytes("a,b\nwav,H\u00e9l\u00e8ne\n".encode("latin-1"))
    with pytest.raises(UserError, match=f"{name}:2: not UTF-8; save the file as UTF-8"):
        if name.startswith("list"):
            find_tables(tmp_path / name)
        else:
            find_kaldi(tmp_path)


def test_speakers_that_are_numbers(tmp_path):
    entries = {"u1": {"wav": "a.wav", "spk_id": 0}, "u2": {"wav": "a.wav", "spk_id": 1}}
    write_tree(tmp_path, {"l.json": json.dumps(entries), "a.wav": None})
    assert find_tables(tmp_path / "l.json").utterances["spk_id"].tolist() == ["0", "1"]
    entries["u3"] = {"wav": "a.wav"}
    write_tree(tmp_path, {"l.json": json.dumps(entries)})
    with pytest.raises(UserError, match="l.json:4: spk_id is empty"):
        find_tables(tmp_path / "l.json")
    write_tree(tmp_path, {"list.csv": lines("wav,speaker", "a.wav,0")})
    assert find_tables(tmp_path / "list.csv").utterances["spk_id"].tolist() == ["0"]
