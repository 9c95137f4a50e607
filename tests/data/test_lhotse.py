import gzip
import json

import pytest

from tests.trees import write_noise
from utils.data.durations import measure
from utils.data.lhotse import find_lhotse
from utils.runtime.errors import UserError


def recording(name, path):
    source = {"type": "file", "channels": [0], "source": str(path)}
    return {"id": name, "sources": [source], "sampling_rate": 16000,
            "num_samples": 16000, "duration": 1.0}  # fmt: skip


def segment(name, speaker, start, duration, **labels):
    return {"id": name, "recording_id": "r", "start": start, "duration": duration,
            "channel": 0, "speaker": speaker} | labels  # fmt: skip


def write_jsonl(path, *entries):
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "wt") as file:
        file.writelines(json.dumps(entry) + "\n" for entry in entries)


def test_lhotse_recordings_and_supervisions(tmp_path):
    write_noise(tmp_path / "r.wav", 16000, 16000)
    write_jsonl(
        tmp_path / "x_recordings_train.jsonl.gz", recording("r", tmp_path / "r.wav")
    )
    write_jsonl(
        tmp_path / "x_supervisions_train.jsonl.gz",
        segment("u1", "s1", 0.0, 0.5, gender="f"), segment("u2", "s2", 0.5, 0.5),
    )  # fmt: skip
    found = find_lhotse(tmp_path).utterances
    assert found["part"].tolist() == ["train", "train"]
    assert found["gender"].tolist() == ["f", ""]
    rows = measure(found, 1)
    assert rows["start"].tolist() == [0, 8000] and rows["stop"].tolist() == [
        8000,
        16000,
    ]


def test_lhotse_cuts(tmp_path):
    write_noise(tmp_path / "r.wav", 16000, 16000)
    cut = {"id": "c", "type": "MonoCut", "start": 0.25, "duration": 0.5, "channel": 0,
           "supervisions": [segment("u", "s", 0.1, 0.2)],
           "recording": recording("r", "r.wav")}  # fmt: skip
    write_jsonl(tmp_path / "cuts.jsonl", cut)
    rows = measure(find_lhotse(tmp_path / "cuts.jsonl").utterances, 1)
    assert rows["start"].item() == 5600 and rows["stop"].item() == 8800


def test_lhotse_faults(tmp_path):
    with pytest.raises(UserError, match="no recordings with supervisions"):
        find_lhotse(tmp_path)
    cut = {"id": "c", "start": 0, "supervisions": [segment("u", None, 0, 1)]}
    write_jsonl(tmp_path / "cuts.jsonl", cut | {"recording": recording("r", "r.wav")})
    with pytest.raises(UserError, match="cuts.jsonl:1: 'u' has no speaker"):
        find_lhotse(tmp_path)
    cut["supervisions"][0]["speaker"] = "s"
    write_jsonl(tmp_path / "cuts.jsonl", cut)
    with pytest.raises(UserError, match="'u' has no recording"):
        find_lhotse(tmp_path)
    remote = recording("r", "r.wav")
    remote["sources"][0]["type"] = "url"
    write_jsonl(tmp_path / "cuts.jsonl", cut | {"recording": remote})
    with pytest.raises(UserError, match="audio of 'u' is a url, not a file"):
        find_lhotse(tmp_path)
    (tmp_path / "cuts.jsonl").write_text("{")
    with pytest.raises(UserError, match="cuts.jsonl:1: not JSON"):
        find_lhotse(tmp_path)
