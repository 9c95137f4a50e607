"""Two speakers on the two channels of a call: each is heard alone, or it is refused."""

import json

import numpy as np
import pandas as pd
import pytest
import soundfile

from local.setup.hyperparameters import load_hyperparameters
from tests.trees import lines, write_tree
from utils.audio.decoding import decode_audio, read_audio
from utils.data.channels import channel_number, channel_of
from utils.data.corpus import CorpusContents, CorpusDesign
from utils.data.corpus_folder import write_corpus
from utils.data.durations import measure
from utils.data.kaldi import find_kaldi
from utils.data.lhotse import find_lhotse
from utils.data.manifest import read_manifest
from utils.data.tables import find_tables
from utils.features.extraction import FeatureExtractor
from utils.runtime.errors import UserError

RATE_HZ, N = 16000, 8000


@pytest.fixture
def call(tmp_path):
    """Noise on both channels of call.wav, and each alone in left.wav and right.wav."""
    rng = np.random.default_rng(5)
    both = np.round(3000 * rng.standard_normal((N, 2))).astype(np.int16)
    soundfile.write(tmp_path / "call.wav", both, RATE_HZ)
    soundfile.write(tmp_path / "left.wav", both[:, 0], RATE_HZ)
    soundfile.write(tmp_path / "right.wav", both[:, 1], RATE_HZ)
    return both.astype(np.float32) / 2**15


def heard(found):
    """Read utterances as every program does, from measured rows; by speaker."""
    rows = measure(found.utterances, 1).astype({"start": int, "stop": int})
    return {
        row["spk_id"]: read_audio(
            row["wav"], RATE_HZ, row["start"], row["stop"], channel_of(row)
        )
        for row in rows.to_dict("records")
    }


def assert_apart(found, call):
    samples = heard(found)
    assert np.array_equal(samples["a"], call[:, 0])
    assert np.array_equal(samples["b"], call[:, 1])


@pytest.mark.parametrize(
    "words", [("0", "1"), ("A", "B"), ("left", "right"), (" a", "b "), ("L", "R")]
)
def test_csv(words, call, tmp_path):
    rows = [f"call.wav,{s},{w}" for s, w in zip("ab", words, strict=True)]
    write_tree(tmp_path, {"list.csv": lines("wav,speaker,Channel", *rows)})
    assert_apart(find_tables(tmp_path / "list.csv"), call)


def test_csv_without_a_name_for_each(call, tmp_path):
    rows = ["call.wav,a,0,0,0.25", "call.wav,a,0,0.25,0.5", "call.wav,a,1,0,0.25"]
    header = "wav,speaker,channel,start_s,stop_s"
    write_tree(tmp_path, {"list.csv": lines(header, *rows)})
    assert find_tables(tmp_path / "list.csv").utterances["ID"].is_unique


def test_json(call, tmp_path):
    entries = {
        f"u{n}": {"wav": "call.wav", "spk_id": s, "channel": n}
        for n, s in enumerate("ab")
    }
    (tmp_path / "list.json").write_text(json.dumps(entries))
    assert_apart(find_tables(tmp_path / "list.json"), call)


@pytest.mark.parametrize("words", [("0", "1"), ("A", "B")])
def test_the_fifth_column_of_segments(words, call, tmp_path):
    text = lines(*(f"u{s} call 0 0.5 {w}" for s, w in zip("ab", words, strict=True)))
    write_tree(
        tmp_path,
        {"wav.scp": "call call.wav\n", "utt2spk": "ua a\nub b\n", "segments": text},
    )
    assert_apart(find_kaldi(tmp_path), call)


def test_recordings_of_one_file(call, tmp_path):
    write_tree(
        tmp_path,
        {"wav.scp": lines("call-A call.wav", "call-B call.wav"),
         "utt2spk": lines("call-A a", "call-B b"),
         "reco2file_and_channel": lines("call-A call A", "call-B call B")},
    )  # fmt: skip
    assert_apart(find_kaldi(tmp_path), call)
    (tmp_path / "wav.scp").write_text(lines("call-A left.wav", "call-B right.wav"))
    assert_apart(find_kaldi(tmp_path), call)  # each recording has a file of its own


def write_lhotse(folder, sources, channels, kind="recording", **more):
    """Write a cut with a supervision on a channel for each of two speakers."""
    recording = {"id": "r", "sources": sources} | more
    supervisions = [
        {"id": f"u{s}", "speaker": s, "start": 0, "duration": 0.5, "channel": c}
        for s, c in zip("ab", channels, strict=True)
    ]
    cut = {"id": "c", "start": 0, kind: recording, "supervisions": supervisions}
    (folder / "cuts.jsonl").write_text(json.dumps(cut))
    return folder


def source(path, *channels):
    return {"type": "file", "channels": list(channels), "source": path}


@pytest.mark.parametrize(
    ("sources", "channels"),
    [
        ([source("call.wav", 0, 1)], (0, 1)),
        ([source("call.wav", 1, 2)], (1, 2)),
        ([source("call.wav", 0, 1)], ([0], [1])),
        ([source("left.wav", 0), source("right.wav", 1)], (0, 1)),
        ([source("right.wav", 4), source("left.wav", 3)], (3, 4)),
    ],
)
def test_lhotse(sources, channels, call, tmp_path):
    assert_apart(find_lhotse(write_lhotse(tmp_path, sources, channels)), call)


def test_lhotse_on_all_channels_of_a_file(call, tmp_path):
    folder = write_lhotse(tmp_path, [source("call.wav", 0, 1)], ([0, 1], 1))
    assert np.allclose(heard(find_lhotse(folder))["a"], call.mean(axis=1))


@pytest.mark.parametrize(
    ("sources", "channels", "message"),
    [
        ([source("call.wav", 0, 1)], (0, 2), r"'ub' is on channels \[2\] of a rec"),
        (
            [source("left.wav", 0), source("right.wav", 1)],
            (0, [0, 1]),
            "'ub' is on ",
        ),
        (
            [source("left.wav", 0), source("right.wav", 1)],
            (0, None),
            "name one ch",
        ),
        ([], (0, 1), r"'ua' is on channels \[0\] of a recording"),
    ],
)
def test_lhotse_channels_that_are_not_there(sources, channels, message, tmp_path):
    with pytest.raises(UserError, match=message):
        find_lhotse(write_lhotse(tmp_path, sources, channels))


def test_lhotse_transforms_are_refused(call, tmp_path):
    changes = [{"name": "Speed", "kwargs": {"factor": 1.1}}]
    folder = write_lhotse(
        tmp_path, [source("call.wav", 0, 1)], (0, 1), transforms=changes
    )
    with pytest.raises(UserError, match="cuts.jsonl:1: .*'ua' has transforms"):
        find_lhotse(folder)


def test_lhotse_mixed_cuts_are_refused(tmp_path):
    cut = {"id": "c", "type": "MixedCut", "tracks": [{"cut": {}, "offset": 0}]}
    (tmp_path / "cuts.jsonl").write_text(json.dumps(cut))
    with pytest.raises(UserError, match="cuts.jsonl:1: 'c' is a mix of 1 tracks"):
        find_lhotse(tmp_path)


@pytest.mark.parametrize("word", ["2", "1000"])
def test_a_channel_beyond_the_file(word, call, tmp_path):
    rows = lines("wav,speaker,channel", "call.wav,a,0", f"call.wav,b,{word}")
    write_tree(tmp_path, {"list.csv": rows})
    found = find_tables(tmp_path / "list.csv").utterances
    with pytest.raises(UserError, match=f"no channel {word}: it has 2, which count"):
        measure(found, 1)
    assert measure(found, 1, skip_bad=True)["spk_id"].tolist() == ["a"]
    with pytest.raises(UserError, match=f"no channel {word}"):
        decode_audio(tmp_path / "call.wav", channel=int(word))


def test_channels_that_are_labels(call, tmp_path):
    rows = lines("wav,speaker,channel", "call.wav,a,landline", "call.wav,b,1")
    write_tree(tmp_path, {"list.csv": rows})
    found = find_tables(tmp_path / "list.csv").utterances
    assert found["channel"].tolist() == ["landline", "1"]
    assert channel_of({"channel": "landline"}) is None
    with pytest.raises(ValueError, match="landline"):
        channel_number("landline")


def test_one_channel_and_none(call, tmp_path):
    write_tree(tmp_path, {"list.csv": lines("wav,speaker,channel", "left.wav,a,0")})
    assert np.array_equal(heard(find_tables(tmp_path / "list.csv"))["a"], call[:, 0])
    write_tree(tmp_path, {"list.csv": lines("wav,speaker,channel", "call.wav,a,")})
    samples = heard(find_tables(tmp_path / "list.csv"))["a"]
    assert np.allclose(samples, call.mean(axis=1))


def test_features_are_those_of_the_channel(call, tmp_path, root):
    rows = pd.DataFrame(
        {"ID": list("ab"), "wav": str(tmp_path / "call.wav"), "spk_id": list("ab"),
         "channel": ["0", "1"]}
    )  # fmt: skip
    plan = CorpusDesign(name="x", extract_only=True)
    write_corpus(CorpusContents(rows), plan, tmp_path / "out", 0)
    settings = load_hyperparameters(root / "hparams/features.yaml")
    extract = FeatureExtractor(settings["front_end"])
    kept = read_manifest(tmp_path / "out/test.csv").to_dict("records")
    whole = {"ID": "x", "spk_id": "x", "start": 0, "stop": N}
    for row, name in zip(kept, ("left", "right"), strict=True):
        alone = whole | {"wav": str(tmp_path / f"{name}.wav")}
        assert np.array_equal(extract(row)[0][1], extract(alone)[0][1])
