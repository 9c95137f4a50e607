import os

import pytest

from tests.trees import write_tree
from utils.data.files import find_audio
from utils.data.patterns import compile_pattern, find_utterances
from utils.runtime.errors import UserError


@pytest.mark.parametrize(
    ("pattern", "place", "fields"),
    [
        ("{speaker}/**", "anna/x", {"speaker": "anna"}),
        ("{speaker}/**", "anna/2/3/x", {"speaker": "anna"}),
        ("{speaker}/{session}/*", "anna/s1/x", {"speaker": "anna", "session": "s1"}),
        ("{speaker}/{session}/*", "anna/x", None),
        ("**/{speaker}_*", "a/b/p225_001_mic1", {"speaker": "p225"}),
        ("**/{speaker}_*", "p225_001", {"speaker": "p225"}),
        ("{gender}/{speaker}-*", "f/b-1-2", {"gender": "f", "speaker": "b"}),
        ("wav.48/{speaker}/*", "wav.48/a/x", {"speaker": "a"}),
        ("wav.48/{speaker}/*", "wavX48/a/x", None),
    ],
)
def test_patterns(pattern, place, fields):
    match = compile_pattern(pattern).fullmatch(place)
    assert (match and match.groupdict()) == fields


@pytest.mark.parametrize("pattern", ["*/*", "{session}/*", "{speaker}/{speaker}/*"])
def test_patterns_that_say_nothing(pattern):
    with pytest.raises(UserError, match="--pattern"):
        compile_pattern(pattern)


@pytest.mark.parametrize("name", [b"ren\xe9/1.wav", b"anna/\xe9.wav"])
def test_names_that_are_no_utf8(tmp_path, name):
    path = os.fsencode(tmp_path) + b"/" + name
    os.makedirs(os.path.dirname(path))
    with open(path, "wb"):
        pass
    with pytest.raises(
        UserError, match=r"xe9.*the name is no UTF-8; rename it, by con"
    ):
        find_utterances(tmp_path, "{speaker}/**")


def test_labels_come_from_paths(tmp_path, caplog):
    caplog.set_level("INFO")
    write_tree(
        tmp_path,
        {"anna/s1/1.wav": None, "anna/s2/1.FLAC": "x", "bo/s1/1.wav": None,
         "stray.wav": None, "anna/s1/.1.wav": "x", "anna/notes.txt": "x"},
    )  # fmt: skip
    rows = find_utterances(tmp_path, "{speaker}/{session}/*")
    assert rows["ID"].tolist() == ["anna-s1-1", "anna-s2-1", "bo-s1-1"]
    assert rows["session"].tolist() == ["s1", "s2", "s1"]
    assert "1 files that do not fit" in caplog.text


def test_names_are_no_longer_than_needed(tmp_path):
    write_tree(tmp_path, {"a/x/1.wav": None, "a/x/2.wav": None, "Đỗ/x/3.wav": None})
    rows = find_utterances(tmp_path, "{speaker}/**")
    assert rows["ID"].tolist() == ["1", "2", "3"]
    write_tree(tmp_path, {"b/x/1.wav": None})
    rows = find_utterances(tmp_path, "{speaker}/**")
    assert {"a-1", "a-2", "b-1"} < set(rows["ID"])


def test_links_are_followed(tmp_path):
    write_tree(tmp_path / "real", {"1.wav": None})
    (tmp_path / "source").mkdir()
    (tmp_path / "source/anna").symlink_to(tmp_path / "real")
    rows = find_utterances(tmp_path / "source", "{speaker}/*")
    assert rows["spk_id"].tolist() == ["anna"]
    assert rows["wav"].tolist() == [str(tmp_path / "real/1.wav")]


def test_faults(tmp_path):
    with pytest.raises(UserError, match="no such folder; check its path"):
        find_utterances(tmp_path / "absent", "{speaker}/*")
    with pytest.raises(UserError, match="no audio files there"):
        find_utterances(tmp_path, "{speaker}/*")
    write_tree(tmp_path, {"1.wav": None})
    with pytest.raises(UserError, match="the first file is '1'"):
        find_utterances(tmp_path, "{speaker}/*")
    assert find_audio(tmp_path / "1.WAV") == tmp_path / "1.wav"
    assert find_audio(tmp_path / "2.WAV") is None
