import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from utils.errors import UserError
from utils.manifest import read_manifest, write_manifest

HEADER = "ID,duration,wav,start,stop,spk_id\n"


@pytest.fixture
def data(tmp_path, write_wav, rng):
    """A sound data folder: 2 speakers x 2 utterances in every split."""
    for split in ("train", "valid", "test"):
        rows = []
        for speaker in "ab":
            for number in range(2):
                name = f"{split}{speaker}-{number}"
                path = write_wav(f"wav/{name}.wav", 0.1 * rng.standard_normal(4000))
                rows.append(
                    {"ID": name, "duration": 0.25, "wav": str(path), "start": 0,
                     "stop": 4000, "spk_id": split + speaker}
                )  # fmt: skip
        write_manifest(tmp_path / f"{split}.csv", pd.DataFrame(rows))
    trials = "testa-0 testa-1 target\ntesta-0 testb-1 nontarget\n"
    (tmp_path / "trials").mkdir()
    (tmp_path / "trials" / "all.txt").write_text(trials)
    return tmp_path


@pytest.fixture
def validate(data, root):
    def run(*options):
        return subprocess.run(
            [sys.executable, "-m", "local.validate_data", data, *options],
            cwd=root, capture_output=True, text=True,
        )  # fmt: skip

    return run


def edit(path, old, new):
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")


def assert_fault(result, message):
    assert result.returncode == 1
    assert message in result.stdout
    assert "Traceback" not in result.stderr


def test_sound_data(validate):
    result = validate()
    assert result.returncode == 0, result.stdout
    assert "is sound: 12 utterances" in result.stdout


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        ("train.csv", "traina-1", "traina-0", "train.csv:3: ID 'traina-0' is also at"),
        ("train.csv", "traina-0,", "train a,", "train.csv:2: ID 'train a' has char"),
        ("train.csv", "traina-0,", "train.a,", "train.csv:2: ID 'train.a' has char"),
        ("train.csv", "traina-0,", "träin,", "train.csv:2: ID 'träin' has char"),
        ("train.csv", "traina\n", "lone\n", "has one utterance"),
        ("train.csv", ",trainb", ",testa", "speaker 'testa' is also in"),
        ("train.csv", "spk_id", "speaker", "train.csv:1: no column spk_id"),
        ("test.csv", "0.25", "-1", "are no stretch of audio"),
        ("test.csv", "4000", "4x", "are no stretch of audio"),
        ("test.csv", "4000", "9000", "the file is truncated"),
        ("trials/all.txt", "testb-1", "nobody", "all.txt:2: unknown test id 'nobody'"),
        ("trials/all.txt", "nontarget", "impostor", "all.txt:2: label 'impostor'"),
        ("trials/all.txt", "nontarget", "target", "all trials are target"),
        ("trials/all.txt", "testb-1 non", "testa-0 non", "against itself: 'testa-0'"),
        ("trials/all.txt", " nontarget", " ", "label nan"),
    ],
)
def test_each_fault_is_told_with_its_line(data, validate, file, old, new, message):
    edit(data / file, old, new)
    assert_fault(validate(), message)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "no such file"),
        (b"", "cannot be read as audio"),
        (b"noise", "cannot be read as audio"),
        (np.zeros(4000), "only zeros"),
        (np.full(4000, np.nan), "NaN or infinite"),
    ],
)
def test_bad_audio(data, validate, write_wav, content, message):
    path = data / "wav" / "testa-0.wav"
    path.unlink()
    if isinstance(content, bytes):
        path.write_bytes(content)
    elif content is not None:
        write_wav("wav/testa-0.wav", content, subtype="FLOAT")
    assert_fault(validate(), f"test.csv:2: {path}: {message}")
    result = validate("--skip-bad")
    assert result.returncode == 0
    assert "1 of them bad and left out" in result.stdout


def test_all_faults_at_once(data, validate):
    edit(data / "train.csv", "traina-0,", "train a,")
    edit(data / "trials" / "all.txt", "testb-1", "nobody")
    (data / "wav" / "valida-0.wav").unlink()
    result = validate()
    assert len(result.stdout.splitlines()) == 3
    assert "3 faults" in result.stderr


def test_empty_folder(tmp_path, root):
    result = subprocess.run(
        [sys.executable, "-m", "local.validate_data", tmp_path / "absent"],
        cwd=root, capture_output=True, text=True,
    )  # fmt: skip
    assert_fault(result, "train.csv: no such manifest; run the recipe's prepare")


def test_manifests_are_sorted_and_read_back(tmp_path):
    rows = pd.DataFrame(
        {"ID": ["b", "a"], "duration": [1.5, 2.0], "wav": ["b.wav", "a b.wav"],
         "start": [0, 5], "stop": [100, 200], "spk_id": ["NA", "001"],
         "accent": ["", "scots"]}
    )  # fmt: skip
    write_manifest(tmp_path / "m.csv", rows)
    found = read_manifest(tmp_path / "m.csv")
    assert found["ID"].tolist() == ["a", "b"]
    assert found["spk_id"].tolist() == ["001", "NA"]  # text, as it was
    assert found["accent"].tolist() == ["scots", ""]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "not a CSV table"),
        ("ID,duration\n", "columns missing: wav"),
        ("ID,duration,wav,start,stop,spk_id\n", "no utterances"),
        ("ID,duration,wav,start,stop,spk_id\na,x,a.wav,0,1,s\n", ":2: duration is not"),
        (
            "ID,duration,wav,start,stop,spk_id\n" + 2 * "a,1,a.wav,0,1,s\n",
            ":3: a second",
        ),
    ],
)
def test_malformed_manifests(tmp_path, text, message):
    (tmp_path / "m.csv").write_text(text)
    with pytest.raises(UserError, match=message):
        read_manifest(tmp_path / "m.csv")
    with pytest.raises(UserError, match="no such manifest"):
        read_manifest(tmp_path / "absent.csv")
