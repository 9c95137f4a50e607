import pytest

from tests.trees import lines, write_noise, write_tree
from utils.data.durations import measure
from utils.data.kaldi import find_kaldi
from utils.runtime.errors import UserError


@pytest.fixture
def directory(tmp_path):
    """Two speakers in one conversation, and one alone."""
    write_noise(tmp_path / "talk.wav", 16000, 16000)
    return write_tree(
        tmp_path / "data",
        {
            "wav.scp": lines(f"talk {tmp_path}/talk.wav", "solo audio/solo.WAV"),
            "audio/solo.flac": None,
            "segments": lines("a-1 talk 0 0.5", "b-1 talk 0.5 1.0", "c.1 solo 0 0.05"),
            "utt2spk": lines("a-1 a", "b-1 b", "c.1 c"),
            "spk2gender": lines("a f", "b m"),
            "utt2lang": lines("a-1 vi"),
        },
    )


def test_segments_and_labels(directory, tmp_path):
    rows = find_kaldi(directory).utterances
    assert rows["ID"].tolist()[:2] == ["a-1", "b-1"]
    assert rows["ID"][2].startswith("c_1-")  # no dots in names
    assert rows["spk_id"].tolist() == ["a", "b", "c"]
    assert rows["gender"].tolist() == ["f", "m", ""]
    assert rows["language"].tolist() == ["vi", "", ""]
    assert rows["wav"].tolist()[2] == str(directory / "audio/solo.flac")
    found = measure(rows, 1)
    assert found["start"].tolist() == [0, 8000, 0]
    assert found["stop"].tolist() == [8000, 16000, 800]


def test_without_segments_recordings_are_utterances(directory):
    (directory / "segments").unlink()
    (directory / "utt2spk").write_text(lines("talk a", "solo c"))
    rows = find_kaldi(directory).utterances
    assert rows["ID"].tolist() == ["talk", "solo"]
    assert measure(rows, 1)["stop"].tolist() == [16000, 1600]


def test_parts(directory):
    directory.rename(directory.parent / "train")
    write_tree(
        directory.parent / "test",
        {"wav.scp": "d audio/d.wav\n", "audio/d.wav": None, "utt2spk": "d d\n"},
    )
    rows = find_kaldi(directory.parent).utterances
    assert rows["part"].tolist() == ["test", "train", "train", "train"]


def test_trials_and_models(directory):
    write_tree(
        directory,
        {"trials_all.txt": lines("ann b-1 nontarget", "ann c.1 target"),
         "enrol": lines("ann a-1", "other b-1")},
    )  # fmt: skip
    found = find_kaldi(directory)
    made = found.lists["trials_all"]
    assert made.models == {"ann": ["a-1"]}
    assert made.trials["test"].tolist() == found.utterances["ID"].tolist()[1:]
    assert made.trials["target"].tolist() == [False, True]


def test_commands_need_permission(directory, tmp_path):
    talk = tmp_path / "talk.wav"
    (directory / "wav.scp").write_text(lines(f"talk cat {talk} |", f"solo {talk}"))
    with pytest.raises(UserError, match=r"'talk' is a command .* --allow-commands"):
        find_kaldi(directory)
    found = find_kaldi(directory, allow_commands=True)
    first, second, solo = found.utterances["wav"]
    assert found.commands == {first: f"cat {talk}"}
    assert first == second and first.startswith("talk-") and solo == str(talk)


def test_recordings_of_one_name_in_two_directories(directory):
    for part in ("train", "test"):
        write_tree(
            directory / part, {"wav.scp": f"d cat {part}.wav |\n", "utt2spk": "d d\n"}
        )
    (directory / "wav.scp").unlink()
    found = find_kaldi(directory, allow_commands=True)
    made = [found.commands[wav] for wav in found.utterances["wav"]]
    assert made == ["cat test.wav", "cat train.wav"]


@pytest.mark.parametrize(
    ("file", "text", "message"),
    [
        ("utt2spk", "a-1 a\nx x\n", "utt2spk:2: 'x' has no entry in wav.scp or seg"),
        ("utt2spk", "a-1 a\na-1 b\n", "utt2spk:2: a second entry of 'a-1'"),
        ("wav.scp", "talk\n", "wav.scp:1: no value of 'talk'"),
        ("wav.scp", "talk absent.wav\nsolo x\n", "no file absent.wav, from here"),
    ],
)
def test_faults_are_told_with_their_line(directory, file, text, message):
    (directory / file).write_text(text)
    with pytest.raises(UserError, match=message):
        find_kaldi(directory)


def test_no_data_directory(tmp_path):
    with pytest.raises(UserError, match="no wav.scp here nor in the folders below"):
        find_kaldi(tmp_path)
