import numpy as np
import pandas as pd
import pytest
import soundfile

from tests.trees import write_noise
from utils.audio.commands import decoder_command, made_by, run_commands, shown
from utils.runtime.errors import UserError


def make(tmp_path, command, name="talk"):
    """Run one command; return the path of what it made."""
    wav = made_by(command, name)
    rows = pd.DataFrame({"wav": [wav, wav, "/other.wav"]})
    made = run_commands(rows, {wav: command}, tmp_path / "made", nj=1)
    assert made["wav"][0] == made["wav"][1] and made["wav"][2] == "/other.wav"
    return made["wav"][0]


def test_what_a_command_prints_is_kept(tmp_path, caplog):
    talk = tmp_path / "talk.wav"
    write_noise(talk, 16000, 16000)
    expected, rate_hz = soundfile.read(talk, dtype="int16")
    path = make(tmp_path, f"cat {talk}")
    samples, made_rate_hz = soundfile.read(path, dtype="int16")
    assert (samples == expected).all() and rate_hz == made_rate_hz
    assert caplog.messages == ["running 1 commands:", f"  1 such as 'cat {talk}'"]
    talk.unlink()  # what was made is kept
    assert make(tmp_path, f"cat {talk}") == path
    assert len(caplog.messages) == 2


def test_a_corrected_command_is_run(tmp_path):
    for name in ("a", "b"):
        write_noise(tmp_path / f"{name}.wav", 16000, 100)
    first, second = (make(tmp_path, f"cat {tmp_path}/{name}.wav") for name in "ab")
    assert (soundfile.read(first)[0] != soundfile.read(second)[0]).any()


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("false", "exit code 1"),
        ("echo hello", "printed no audio"),
        ("true", "printed no whole audio: it is empty"),
        ("nonsense", "exit code 127"),
        ("kill -9 $$", "exit code -9"),
    ],
)
def test_commands_that_fail(tmp_path, command, message):
    with pytest.raises(UserError, match=f"talk-.*{message}"):
        make(tmp_path, command)
    assert not list((tmp_path / "made").glob("*"))


def test_a_length_that_a_pipe_does_not_know(tmp_path):
    write_noise(tmp_path / "talk.wav", 16000, 16000)
    talk = bytearray((tmp_path / "talk.wav").read_bytes())
    talk[4:8] = talk[40:44] = b"\xff\xff\xff\xff"
    (tmp_path / "piped.wav").write_bytes(talk)
    assert soundfile.info(make(tmp_path, f"cat {tmp_path}/piped.wav")).frames == 16000


def test_a_pipe_that_broke(tmp_path):
    write_noise(tmp_path / "talk.wav", 16000, 16000)
    with pytest.raises(UserError, match="printed no whole audio: it holds 956 of 3200"):
        make(tmp_path, f"head -c 1000 {tmp_path}/talk.wav")


def test_float_samples_are_rounded_and_never_wrap(tmp_path, write_wav):
    samples = np.array([0.5, -1.0, 1.0, 0.25])
    path = write_wav("a.wav", samples, subtype="FLOAT")
    made = soundfile.read(make(tmp_path, f"cat {path}"))[0]
    np.testing.assert_allclose(made, samples, atol=2**-15)
    path = write_wav("b.wav", 2 * samples, subtype="FLOAT")
    with pytest.raises(UserError, match="samples beyond full scale; let it write 16"):
        make(tmp_path, f"cat {path}")


def test_names_stay_in_the_folder(tmp_path):
    write_noise(tmp_path / "talk.wav", 16000, 100)
    path = make(tmp_path, f"cat {tmp_path}/talk.wav", name="/etc/talk")
    assert path.startswith(f"{tmp_path}/made/etc/talk-")


def test_kinds_of_commands_are_shown():
    usual = [f"sph2pipe -f wav /data/{n}.sph" for n in range(50)]
    odd = ["sph2pipe -f wav /data/1.sph; rm -r /data", "/bin/rm /data/1.sph"]
    text = "\n".join(shown([*usual, *odd]))
    assert "running 52 commands" in text and "50 such as 'sph2pipe -f wav" in text
    assert "; rm -r /data'" in text and "/bin/rm" in text
    text = "\n".join(shown([*usual, *(f"program{letter} x" for letter in "abcde")]))
    assert text.endswith("and 3 more kinds")
    assert "\x1b" not in shown(["echo \x1b[2J"])[1]  # a terminal obeys these


def test_m4a_needs_ffmpeg(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UserError, match="M4A needs ffmpeg"):
        decoder_command(tmp_path / "a.m4a")
    (tmp_path / "ffmpeg").touch(0o755)
    assert "'it'\"'\"'s $(touch X).m4a'" in decoder_command("it's $(touch X).m4a")
