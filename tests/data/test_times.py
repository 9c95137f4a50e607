import math
from pathlib import Path

import pandas as pd
import pytest

from tests.trees import lines, write_noise, write_tree
from utils.data.durations import measure
from utils.data.kaldi import find_kaldi
from utils.data.lhotse import find_lhotse
from utils.data.segments import Segment, read_segments
from utils.data.tables import find_tables
from utils.data.times import read_times
from utils.runtime.errors import UserError

END = 32000  # samples of the file that is cut, at 8 kHz: 4 s


def stretch_of(tmp_path, header, *rows):
    """Return the stretches in samples that rows of times stand for."""
    write_noise(tmp_path / "a.wav", 8000, END)
    text = [f"u{n},a.wav,s,{row}" for n, row in enumerate(rows)]
    write_tree(tmp_path, {"list.csv": lines(f"ID,wav,speaker,{header}", *text)})
    rows = measure(find_tables(tmp_path / "list.csv").utterances, 1)
    return list(zip(rows["start"], rows["stop"], strict=True))


@pytest.mark.parametrize(
    ("header", "row", "expected"),
    [
        ("start,stop", "1.3,3.8", (10400, 30400)),
        ("start,end", "1.5,2", (12000, 16000)),
        ("start_s,stop_s", "1,2", (8000, 16000)),
        ("start,end_s", "1,2", (8000, 16000)),
        ("start_ms,end_ms", "500,1500", (4000, 12000)),
        ("Start (s),Stop (s)", "1,2", (8000, 16000)),
        ("start_time,end_time", "0.5,1.0", (4000, 8000)),
        ("start,stop", "8000,16000", (8000, 16000)),
        ("start,stop", "8000.0,16000.0", (8000, 16000)),
        ("start_samples,stop_samples", "10,14", (10, 14)),
        ("start,stop,duration", "1,3,2.0", (8000, 24000)),
        ("start,stop,duration", "80,160,0.01", (80, 160)),
        ("stop", "2.5", (0, 20000)),
        ("stop", "16000", (0, 16000)),
        ("end_s", "2", (0, 16000)),
        ("start_s", "1", (8000, END)),
        ("start_s,stop_s", "1,", (8000, END)),
        ("start_s,stop_s", ",2", (0, 16000)),
        ("start,end", "1.5,-1", (12000, END)),
        ("start_s,end_s", "1,nan", (8000, END)),
        ("offset,duration", "1,2", (8000, 24000)),
        ("offset,duration", "0.5,1.25", (4000, 14000)),
        ("onset,length_ms", "0.5,250", (4000, 6000)),
        ("begin,finish", "0.5,1.0", (4000, 8000)),
        ("offset", "0.5", (4000, END)),
        ("duration", "99", (0, END)),  # measured
        ("start,stop", "0.0,4.05", (0, END)),  # rounded
        ("endings,restart", "1,2", (0, END)),  # labels
    ],
)
def test_forms(header, row, expected, tmp_path):
    assert stretch_of(tmp_path, header, row) == [expected]


def test_one_fraction_decides_for_the_table(tmp_path):
    found = stretch_of(tmp_path, "start,stop", "1,2", "2,3.5", ",")
    assert found == [(8000, 16000), (16000, 28000), (0, END)]


@pytest.mark.parametrize(
    ("header", "row", "message"),
    [
        ("start,stop", "1,3", "list.csv:1: start and stop may be seconds or samples; "
         "call them start_s and stop_s if"),
        ("start", "1", "start may be seconds or samples"),
        ("end", "3", "end may be seconds or samples"),
        ("start,start_s", "1,1", "'start' and 'start_s' both tell the start"),
        ("start,stop", "1:02,2", "list.csv:2: start is no number .*'1:02'"),
        ("start_s,stop_s", "-2,2", "list.csv:2: start_s is no number .*'-2'"),
        ("start_s,stop_s", "0,inf", "list.csv:2: stop_s is no number .*'inf'"),
        ("start_s,stop_s", "3,2", "'?u0'? from sample 24000 to 16000 is no part"),
        ("start_s,stop_s", "3,5", "from sample 24000 to 40000 is no part"),
    ],
)  # fmt: skip
def test_times_that_are_not_understood(header, row, message, tmp_path):
    with pytest.raises(UserError, match=message):
        stretch_of(tmp_path, header, row)


def test_tables_of_seconds_and_of_samples_together(tmp_path):
    write_noise(tmp_path / "a.wav", 8000, END)
    for part, name, row in (("train", "start_s", "1"), ("test", "start_samples", "9")):
        text = lines(f"ID,wav,speaker,{name}", f"{part},a.wav,{part},{row}")
        write_tree(tmp_path, {f"{part}.csv": text})
    rows = measure(find_tables(tmp_path).utterances, 1).set_index("ID")
    assert rows["start"].to_dict() == {"train": 8000, "test": 9}


def test_labels_are_left_alone():
    table = pd.DataFrame({"age": ["30"], "start of day": ["x"], "stopped": ["y"]})
    assert read_times(Path("list.csv"), table).equals(table)


@pytest.mark.parametrize("end", ["-1", "-1.00", "-1 0"])
def test_segments_to_the_end(end, tmp_path):
    write_noise(tmp_path / "a.wav", 8000, END)
    write_tree(
        tmp_path,
        {
            "segments": f"u call 0.5 {end}\n",
            "wav.scp": "call a.wav\n",
            "utt2spk": "u s\n",
        },
    )
    rows = measure(find_kaldi(tmp_path).utterances, 1)
    assert rows[["start", "stop"]].to_numpy().tolist() == [[4000, END]]


@pytest.mark.parametrize(
    "text",
    ["u call 0", "u call 0 1 2 3", "u call", "u", "u call x 1", "u call 2 1",
     "u call 1 1", "u call -1 2", "u call nan 2", "u call 0 nan", "u call 0 inf",
     "u call 0 1 C", "u call 0 1 0.5", "u call 0:01 0:02"],
)  # fmt: skip
def test_malformed_segments(text, tmp_path):
    (tmp_path / "segments").write_text(f"v call 0 1\n{text}\n")
    with pytest.raises(UserError, match=r"segments:2: .* is not 'utterance recording"):
        read_segments(tmp_path / "segments")


def test_segments_twice_and_blank_lines(tmp_path):
    path = tmp_path / "segments"
    path.write_text("\ufeffu call 0 1\n\nv call 1 -1\n", encoding="utf-8")
    found = read_segments(path)
    assert found["u"] == Segment("call", 0.0, 1.0) and math.isnan(found["v"].stop_s)
    path.write_text("u call 0 1\nu call 1 2\n")
    with pytest.raises(UserError, match="segments:2: a second entry of 'u'"):
        read_segments(path)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"start": 0.5, ', "", ":1: 'u' has no start; add it"),
        (', "duration": 1', "", ":1: 'u' has no duration; add it"),
        ('"start": 0, ', "", ":1: 'c' has no start; add it"),
        ('"start": 0.5', '"start": "soon"', ":1: 'u': start is no number"),
        ('"speaker": "s", ', "", ":1: 'u' has no speaker; add it"),
    ],
)
def test_lhotse_without(old, new, message, tmp_path):
    write_noise(tmp_path / "a.wav", 8000, END)
    text = (
        '{"id": "c", "start": 0, "recording": {"sources": [{"type": "file", "source": '
        '"a.wav"}]}, "supervisions": [{"id": "u", "speaker": "s", "start": 0.5, '
        '"duration": 1}]}'
    )
    assert old in text
    write_tree(tmp_path, {"cuts.jsonl": text})
    assert measure(find_lhotse(tmp_path).utterances, 1)["start"].tolist() == [4000]
    (tmp_path / "cuts.jsonl").write_text(text.replace(old, new))
    with pytest.raises(UserError, match=f"cuts.jsonl{message}"):
        find_lhotse(tmp_path)
