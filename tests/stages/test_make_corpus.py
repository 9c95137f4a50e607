"""local.make_corpus, run for real, and what recipes/kaldi makes of it."""

import pandas as pd
import pytest

from utils.data.kaldi import read_map
from utils.diarization.turns import Turn, write_rttm


@pytest.fixture
def meeting(tmp_path, write_wav, rng):
    """A recording of one channel, a call of two, and their turns."""
    write_wav("audio/meeting.flac", 0.1 * rng.standard_normal(16000 * 12))
    write_wav("audio/call.wav", 0.1 * rng.standard_normal((8000 * 6, 2)), 8000)
    turns = [
        Turn("meeting", "1", 5.0, 9.0, "zoë"),  # beyond the end
        Turn("meeting", "1", 0.0, 4.0, "max"),
        Turn("meeting", "1", 3.0, 1.5, "zoë"),
        Turn("meeting", "1", 11.5, 0.3, "max"),
        Turn("call", "2", 1.0, 3.0, "zoë"),
    ]
    write_rttm(tmp_path / "all.rttm", turns)
    return tmp_path


def make(run, folder, *options):
    words = folder / "all.rttm", "--audio", folder / "audio", "--out", folder / "kaldi"
    return run("local.make_corpus", *words, *options)


def test_lone_speech_becomes_utterances_that_the_recipe_reads(run, meeting):
    result = make(run, meeting)
    assert result.returncode == 0, result.stderr
    segments = sorted(read_map(meeting / "kaldi/segments").values())
    assert segments == [
        "call-2 1.000 4.000",
        "meeting 0.000 3.000",
        "meeting 5.000 11.500",
    ]
    assert len(set(read_map(meeting / "kaldi/utt2spk").values())) == 3
    channels = read_map(meeting / "kaldi/reco2file_and_channel")
    assert channels == {"call-1": "call A", "call-2": "call B", "meeting": "meeting A"}


def test_recipes_kaldi_makes_a_corpus_of_turns(run, tmp_path, write_wav, rng):
    turns = []
    for n in range(8):  # calls of two channels, on each a speaker with four turns
        sound = 0.1 * rng.standard_normal((8000 * 16, 2))
        write_wav(f"audio/call{n}.wav", sound, 8000)
        turns += [Turn(f"call{n}", str(1 + t % 2), 2.0 * t, 1.5, "x") for t in range(8)]
    write_rttm(tmp_path / "all.rttm", turns)
    assert "64 utterances of 8 recordings" in make(run, tmp_path).stdout
    result = run(
        "recipes.kaldi.prepare", "--source", tmp_path / "kaldi", "--valid-speakers", 2,
        "--out", tmp_path / "data",
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    parts = [pd.read_csv(path) for path in sorted((tmp_path / "data").glob("*.csv"))]
    rows = pd.concat(parts).sort_values(["wav", "start"])
    assert (rows["duration"] == 1.5).all()
    assert rows["start"].tolist() == 8 * [16000 * t for t in range(8)]
    assert rows["channel"].tolist() == 8 * [0, 1, 0, 1, 0, 1, 0, 1]
    assert rows["spk_id"].nunique() == 16


def test_overlap_short_turns_and_names_of_people(run, meeting):
    options = "--with-overlap", "--min-s", 0, "--are-names"
    result = make(run, meeting, *options)
    assert "5 utterances of 2 recordings" in result.stdout
    speaker_of = read_map(meeting / "kaldi/utt2spk")
    assert len(set(speaker_of.values())) == 2
    assert all(name.startswith(who) for name, who in speaker_of.items())
    assert list(speaker_of) == sorted(speaker_of)
    of_speakers = read_map(meeting / "kaldi/spk2utt")
    assert sorted(" ".join(of_speakers.values()).split()) == sorted(speaker_of)


def test_mistakes_are_told_in_one_line(run, meeting):
    result = make(run, meeting, "--min-s", 30)
    assert (result.returncode, result.stderr.count("\n")) == (1, 1)
    assert "no speech of 30 s or more is left" in result.stderr
    assert not (meeting / "kaldi").exists()
    write_rttm(meeting / "all.rttm", [Turn("meeting", "2", 0.0, 2.0, "x")])
    result = make(run, meeting)
    assert "meeting.flac: 1 channels, but a turn of 'meeting' is on channel 2" in (
        result.stderr
    )
    write_rttm(meeting / "all.rttm", [Turn("other", "1", 0.0, 2.0, "x")])
    assert "no audio of 'other' in" in make(run, meeting).stderr
    (meeting / "audio/other.wav").write_bytes(b"RIFF and no more")
    assert "other.wav: cannot be read" in make(run, meeting).stderr
