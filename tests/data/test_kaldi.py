import pytest
import soundfile

from tests.trees import lines, write_noise, write_tree
from utils.audio.commands import COMMAND, decoder_command, run_commands
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
    assert "start_s" not in rows and rows["ID"].tolist() == ["talk", "solo"]


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
    rows = find_kaldi(directory, allow_commands=True).utterances
    made = run_commands(rows, tmp_path / "made", nj=1)
    paths = made["wav"].tolist()
    assert paths[0] == paths[1] == str(tmp_path / "made/talk.flac")
    assert paths[2] == str(talk) and COMMAND not in made
    expected, rate_hz = soundfile.read(talk, dtype="int16")
    samples, made_rate_hz = soundfile.read(paths[0], dtype="int16")
    assert (samples == expected).all() and rate_hz == made_rate_hz
    talk.unlink()  # what was made is kept
    assert run_commands(rows, tmp_path / "made", nj=1)["wav"].tolist() == paths


@pytest.mark.parametrize(
    ("command", "message"),
    [("false", "exit code 1"), ("echo hello", "printed no audio"), ("nonsense", "127")],
)
def test_commands_that_fail(directory, tmp_path, command, message):
    (directory / "wav.scp").write_text(lines(f"talk {command} |", f"solo {command} |"))
    rows = find_kaldi(directory, allow_commands=True).utterances
    with pytest.raises(UserError, match=message):
        run_commands(rows, tmp_path / "made", nj=1)
    assert not list((tmp_path / "made").glob("*"))


def test_a_length_that_a_pipe_does_not_know(directory, tmp_path):
    talk = bytearray((tmp_path / "talk.wav").read_bytes())
    talk[4:8] = talk[40:44] = b"\xff\xff\xff\xff"
    (tmp_path / "piped.wav").write_bytes(talk)
    (directory / "wav.scp").write_text(
        lines(f"talk cat {tmp_path}/piped.wav |", f"solo {tmp_path}/talk.wav")
    )
    rows = find_kaldi(directory, allow_commands=True).utterances
    path = run_commands(rows, tmp_path / "made", nj=1)["wav"][0]
    assert soundfile.info(path).frames == 16000


def test_m4a_needs_ffmpeg(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UserError, match="M4A needs ffmpeg"):
        decoder_command(tmp_path / "a.m4a")
    (tmp_path / "ffmpeg").touch(0o755)
    assert "'it'\\''s.m4a'" in decoder_command("it's.m4a")


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
